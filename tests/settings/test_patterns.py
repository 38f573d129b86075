"""Regular expressions of a configuration: they match as Python's do, and never hang."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.settings.paths import parse_path
from tap_oauth2_generic.settings.patterns import parse_pattern

ATOMS = [
    "a",
    "b",
    "A",
    "0",
    "_",
    "-",
    "=",
    "é",
    "٣",
    " ",
    "\n",
    ".",
    r"\d",
    r"\w",
    r"\s",
    r"\W",
]
ATOMS += ["[ab]", "[^a]", "[a-f0-9]", "[{]", r"\.", r"\n", "{", "}", "{e}", "{s<=1}", r"\{", "{}"]
MARKS = ["", "", "", "?", "*", "+", "{2}", "{1,}", "{,2}", "*?", "+?"]
ENDS = [("", ""), ("^", ""), ("", "$"), ("^", "$"), (r"\b", ""), ("(?i)", ""), ("(?m)^", "$")]
ENDS += [("(?s)", ""), ("(?=", ")"), ("(?<!a)", ""), (r"\A", r"\Z"), ("(?a)", "")]
part = st.tuples(st.sampled_from(ATOMS), st.sampled_from(MARKS)).map("".join)
inner = st.lists(part, min_size=1, max_size=4).map("".join)
group = st.tuples(st.sampled_from(["(", "(?:", "(?P<x>"]), inner, st.sampled_from([")", "|b)"]))
whole = st.tuples(inner, group.map("".join), inner).map("".join)
patterns = st.tuples(st.sampled_from(ENDS), whole).map(lambda p: p[0][0] + p[1] + p[0][1])
texts = st.text(st.sampled_from("abABxyz0159_-=é٣ \n.{}es<"), max_size=12)


@given(patterns, texts)
def test_pattern_matches_as_re_does(text, searched):
    """A pattern finds what ``re`` finds, group for group, a brace without a count included."""
    try:
        expected = re.compile(text).search(searched)
    except re.error:
        return
    found = parse_pattern(text).search(searched)
    assert (found is None) == (expected is None)
    if found and expected:
        assert found.regs == expected.regs


COSTLY = [(r"(?:.*a){12}$", "a" * 5000 + "!"), (r"(\w+\s?)+$", "a" * 5000 + "!")]


@pytest.mark.parametrize(("text", "searched"), COSTLY)
def test_slow_pattern_is_given_up(text, searched):
    """A pattern that would take forever ends after a second, in an error that names it."""
    with pytest.raises(SettingError, match="gave up on pattern") as caught:
        parse_pattern(text).search(searched)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["(", "a**", "[b-a]", r"\h", r"\p{L}", "(?R)", "x" * 9 + "(?<=a+)"]
)
def test_syntax_unknown_to_re_is_rejected(text):
    """Syntax that ``re`` does not have is no regular expression."""
    with pytest.raises(ValueError, match="is not a regular expression"):
        parse_pattern(text)


def test_pattern_causes_no_warning(capfd):
    """A warning about a later Python's syntax is not shown."""
    assert parse_pattern("[[a]").search("[").regs == ((0, 1),)
    assert capfd.readouterr() == ("", "")


def test_slow_pattern_in_a_path_is_given_up():
    """The regular expressions of a JSONPath are bounded, too."""
    text = "a" * 5000 + "!"
    with pytest.raises(SettingError, match="gave up on pattern"):
        parse_path(r"$.d[?(@.t =~ '(?:.*a){12}$')]").find_all({"d": [{"t": text}]})
    with pytest.raises(SettingError, match="gave up on pattern"):
        parse_path("$.t.`sub(/(?:.*a){12}$/, x)`").find_all({"t": text})


def test_pattern_in_a_path_filters_and_replaces():
    """A filter by a regular expression selects, and a substitution replaces."""
    rows = [{"t": "ab1"}, {"t": "ab"}, {"t": 5}]
    assert parse_path(r"$.d[?(@.t =~ 'b[0-9]')]").find_all({"d": rows}) == rows[:1]
    assert parse_path(r"$.t.`sub(/b(\\d+)/, \\1)`").find_all({"t": "ab12"}) == ["a12"]
    with pytest.raises(ValueError, match="is not a"):
        parse_path("$.d[?(@.t =~ '(')]")


CURSOR = {
    "style": "cursor",
    "cursor_path": "n",
    "cursor_param": "c",
    "cursor_pattern": "((?:.*a){12})$",
}


@pytest.mark.parametrize(
    "settings",
    [
        {"pagination": CURSOR},
        {"keep": [{"path": "t", "matches": "(?:.*a){12}$"}]},
        {"response_rules": [{"path": "n", "matches": "(?:.*a){12}$", "action": "fail"}]},
    ],
)
def test_slow_pattern_of_a_stream_ends_it_in_one_line(api, tap, settings):
    """Any setting with a slow pattern ends the run in one line."""
    text = "a" * 5000 + "!"
    api.serve("/items", {"d": [{"id": 1, "t": text}], "n": text})
    run = tap(api.config({"name": "items", "path": "items", "records_path": "d", **settings}))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items'")
    assert "gave up on pattern" in line


@pytest.mark.parametrize(
    "text", ["(a{999999999})", "((a{100}){100}){100}", "([ab{9]{10001,}x)", r"(\({10000}b\{2)"]
)  # fmt: skip
def test_huge_repeat_counts_are_rejected(text):
    """Counts that multiply to many thousands are rejected before compiling."""
    with pytest.raises(ValueError, match="repeats more than 10000"):
        parse_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "(a{9000})",
        "((a{90}){100})b",
        "(a{0,4000000000})",
        "(a{1,9999}){1,9999}",
        r"([{9999999}]|\{9999999}|\({2})",
    ],
)
def test_cheap_repeat_counts_are_accepted(text):
    """Maximum counts, and braces that are no counts, cost nothing."""
    assert parse_pattern(text).groups
