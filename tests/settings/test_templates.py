"""Templates: placeholders filled from plain values, and literal braces."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.settings.templates import as_text, parse_template

quick = settings(max_examples=60)
KNOWN = {"region": False, "token.": False, "start": True}


@dataclass
class Patterned:
    """A value that formats itself."""

    def render(self, pattern):
        return f"<{pattern}>"


@quick
@given(st.text())
def test_doubled_braces_are_literal(text):
    """A string with its braces doubled renders to itself and has no placeholder."""
    template = parse_template(text.replace("{", "{{").replace("}", "}}"))
    assert template.placeholders == ()
    assert template.render({}) == text


@quick
@given(st.text(), st.text(), st.text())
def test_placeholder_value_is_data(before, value, after):
    """A value is never parsed again, and the string around it stays."""
    around = [part.replace("{", "{{").replace("}", "}}") for part in (before, after)]
    template = parse_template(f"{around[0]}{{region}}{around[1]}")
    assert template.render({"region": value}) == before + value + after


@quick
@given(st.text(st.characters(codec="utf-8")))
def test_only_placeholder_values_are_encoded(value):
    """``encode`` applies to each value and never to the string around it."""
    template = parse_template("a/b?{region}/c d")
    encoded = template.render({"region": value}, encode=lambda text: quote(text, safe=""))
    assert encoded == f"a/b?{quote(value, safe='')}/c d"


@quick
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_numbers_keep_every_digit(number):
    """A number is written with every digit and without an exponent."""
    assert Decimal(as_text(number)) == number
    assert "e" not in as_text(number).lower()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (0, "0"), ("", ""), (Decimal("1E+3"), "1000"), (7, "7")],
)
def test_scalars_are_written_as_apis_expect(value, text):
    """Booleans are lower case; zero, false and the empty string are values."""
    assert parse_template("{region}").render({"region": value}) == text


def test_family_placeholder_finds_its_field():
    """``{family.field}`` finds a member of a mapping, or that exact name in the scope."""
    scope = {"token": {"api_domain": "https://x", "a.b": 1}, "parent.id": 5}
    text = "{token.api_domain}/{parent.id}/{token.a.b}"
    assert parse_template(text).render(scope) == "https://x/5/1"


def test_placeholder_format_goes_to_its_value():
    """``{start:%H:%M}`` passes its full pattern to the value; ``{start}`` an empty one."""
    template = parse_template("{start:%Y-%m-%d %H:%M}|{start}")
    assert template.render({"start": Patterned()}) == "<%Y-%m-%d %H:%M>|<>"


@pytest.mark.parametrize("scope", [{}, {"region": None}, {"token": {}}, {"token": {"x": None}}])
@pytest.mark.parametrize("name", ["region", "token.x"])
def test_placeholder_without_a_value_is_an_error(scope, name):
    """The error names the placeholder; it is never left empty."""
    with pytest.raises(SettingError, match=name):
        parse_template(f"{{{name}}}").render(scope)


@pytest.mark.parametrize("name", ["region.__class__", "token.__class__", "region.upper"])
def test_placeholder_never_reaches_an_attribute(name):
    """A dotted placeholder looks up a mapping's key, never an attribute of a value."""
    with pytest.raises(SettingError):
        parse_template(f"{{{name}}}").render({"region": "eu", "token": {"access": "t"}})


@pytest.mark.parametrize(
    "text", ["{", "}", "a{b", "a}b", "{}", "{:x}", "{region!r}", "{region[0]}", "{start:{region}}"]
)
def test_invalid_template_is_rejected(text):
    """A lone brace, no name, a conversion, an index and a nested placeholder are rejected."""
    with pytest.raises(ValueError, match="is not a template"):
        parse_template(text)


@pytest.mark.parametrize(
    "text", ["plain", "{region}", "{token.any.thing}", "{start}", "{start:%Y}"]
)
def test_known_placeholders_are_valid(text):
    """A known placeholder is valid, with a format if it takes one."""
    assert parse_template(text).errors(KNOWN) == []


@pytest.mark.parametrize(
    "text",
    [
        *("{nowhere}", "{token}", "{parent.id}", "{token.}"),
    ],
)
def test_unknown_placeholder_lists_the_known_ones(text):
    """The error names the unknown placeholder and lists the known ones."""
    (sentence,) = parse_template(text).errors(KNOWN)
    assert sentence == f"unknown placeholder {text}; known: {{region}}, {{token.NAME}}, {{start}}"


@pytest.mark.parametrize(("written", "near"), [("regoin", "region"), ("Start", "start")])
def test_misspelled_placeholder_has_the_nearest(written, near):
    """The error names the known placeholder that is near."""
    (sentence,) = parse_template(f"{{{written}}}").errors(KNOWN)
    assert sentence.startswith(
        f"unknown placeholder {{{written}}}; did you mean {near!r}?; known: "
    )


FREE_TEXTS = [
    *('{"a": {"b": [{}]}}', "query { viewer { id } }", "{a(b: {c: 1}) { d }}", "a{3}", "}", "{"),
    *("{ word }", "{}", "{{}", '{"q": "a } b"}', "x}{y", "{'a.b': 1}", "f{1,2}"),
]


@pytest.mark.parametrize("text", [text for text in FREE_TEXTS if "{{" not in text])
def test_brace_in_free_text_is_itself_unless_it_opens_a_word(text):
    """JSON, GraphQL and patterns need no doubling, also around placeholders."""
    assert parse_template(text, is_free=True).render({}) == text
    around = parse_template(f"{text} {{region}} {text}", is_free=True)
    assert around.render({"region": "eu"}) == f"{text} eu {text}"


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{region}}", "{region}"),
        ('{{"a": {{"b": "{region}"}}}}', '{"a": {"b": "eu"}}'),
        ("{viewer {repos {{id}}}}", "{viewer {repos {id}}}"),
        ('{"a": {"b": "{region}"}}', '{"a": {"b": "eu"}}'),
        ("{{{region}}}", "{eu}"),
    ],
)
def test_doubled_braces_in_free_text_are_single_ones(text, rendered):
    """A brace is closed as it was opened: single by a single, doubled by a doubled one."""
    assert parse_template(text, is_free=True).render({"region": "eu"}) == rendered


@quick
@given(st.text())
def test_doubling_every_brace_of_free_text_keeps_it(text):
    """A string with its braces doubled renders to itself, single braces allowed or not."""
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert parse_template(doubled, is_free=True).render({}) == text


@pytest.mark.parametrize("text", ["{viewer}", "{parent.nope}", "{a:1}"])
def test_unknown_word_in_free_text_says_to_double_its_braces(text):
    """A word in braces that names nothing is an error, never text by accident."""
    (sentence,) = parse_template(f"x {text}", is_free=True).errors(KNOWN)
    assert sentence.endswith("double the braces of literal text")


@pytest.mark.parametrize("value", [1, True, Decimal("1.50"), ["a"], {"a": 1}, "text"])
def test_lone_placeholder_has_the_value_with_its_type(value):
    """With text around it, a value is text."""
    assert parse_template("{region}").value({"region": value}) is value
    assert parse_template("{region}!").value({"region": value}) == f"{as_text(value)}!"


@pytest.mark.parametrize("name", ["region", "token.x"])
def test_unexpected_format_is_an_error(name):
    """A format on a placeholder that takes none is an error that names it."""
    (sentence,) = parse_template(f"{{{name}:%Y}}").errors(KNOWN)
    assert sentence == f"placeholder {{{name}}} takes no format"
