"""Templates: placeholders filled from plain values, literal braces, and nothing more than that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.settings.templates import as_text, parse_template

quick = settings(deadline=None, max_examples=60)
KNOWN = {"region": False, "token.": False, "start": True}


@dataclass
class Patterned:
    """A value that decides on a placeholder's format."""

    def render(self, pattern):
        return f"<{pattern}>"


@quick
@given(st.text())
def test_doubled_braces_are_literal(text):
    """Any text with its braces doubled renders to itself and has no placeholder."""
    template = parse_template(text.replace("{", "{{").replace("}", "}}"))
    assert template.placeholders == ()
    assert template.render({}) == text


@quick
@given(st.text(), st.text(), st.text())
def test_what_fills_a_hole_is_data(before, value, after):
    """A filled value is never parsed again, and the text around it stays."""
    around = [part.replace("{", "{{").replace("}", "}}") for part in (before, after)]
    template = parse_template(f"{around[0]}{{region}}{around[1]}")
    assert template.render({"region": value}) == before + value + after


@quick
@given(st.text(st.characters(codec="utf-8")))
def test_only_what_fills_a_hole_is_encoded(value):
    """``encode`` is applied to each value and never to the text around it."""
    template = parse_template("a/b?{region}/c d")
    encoded = template.render({"region": value}, encode=lambda text: quote(text, safe=""))
    assert encoded == f"a/b?{quote(value, safe='')}/c d"


@quick
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_numbers_are_written_out_exactly(number):
    """A number is written with every digit and without an exponent."""
    assert Decimal(as_text(number)) == number
    assert "e" not in as_text(number).lower()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (0, "0"), ("", ""), (Decimal("1E+3"), "1000"), (7, "7")],
)
def test_scalars_are_written_as_apis_expect_them(value, text):
    """Booleans are lower case, and zero, false and the empty text are values."""
    assert parse_template("{region}").render({"region": value}) == text


def test_a_family_gives_its_fields():
    """``{family.field}`` takes a member of a mapping, or the name as it stands in the scope."""
    scope = {"token": {"api_domain": "https://x", "a.b": 1}, "parent.id": 5}
    text = "{token.api_domain}/{parent.id}/{token.a.b}"
    assert parse_template(text).render(scope) == "https://x/5/1"


def test_the_format_of_a_hole_goes_to_its_value():
    """``{start:%H:%M}`` hands its whole pattern to the value; ``{start}`` an empty one."""
    template = parse_template("{start:%Y-%m-%d %H:%M}|{start}")
    assert template.render({"start": Patterned()}) == "<%Y-%m-%d %H:%M>|<>"


@pytest.mark.parametrize("scope", [{}, {"region": None}, {"token": {}}, {"token": {"x": None}}])
@pytest.mark.parametrize("name", ["region", "token.x"])
def test_a_hole_without_a_value_is_an_error(scope, name):
    """A placeholder that nothing fills raises an error that names it; it is never left empty."""
    with pytest.raises(SettingError, match=name):
        parse_template(f"{{{name}}}").render(scope)


@pytest.mark.parametrize("name", ["region.__class__", "token.__class__", "region.upper"])
def test_a_hole_never_reaches_an_attribute(name):
    """A dotted placeholder looks up a mapping's key, never an attribute of a value."""
    with pytest.raises(SettingError):
        parse_template(f"{{{name}}}").render({"region": "eu", "token": {"access": "t"}})


@pytest.mark.parametrize(
    "text", ["{", "}", "a{b", "a}b", "{}", "{:x}", "{region!r}", "{region[0]}", "{start:{region}}"]
)
def test_what_is_no_template_is_refused(text):
    """A lone brace, no name, a conversion, an index and a nested placeholder are rejected."""
    with pytest.raises(ValueError, match="is not a template"):
        parse_template(text)


@pytest.mark.parametrize(
    "text", ["plain", "{region}", "{token.any.thing}", "{start}", "{start:%Y}"]
)
def test_known_holes_have_no_problems(text):
    """A placeholder that the scope may fill is no problem, with a format where it takes one."""
    assert parse_template(text).errors(KNOWN) == []


@pytest.mark.parametrize(
    "text",
    [
        *("{nowhere}", "{token}", "{parent.id}", "{ region }"),
        pytest.param(
            "{token.}",
        ),
    ],
)
def test_an_unknown_hole_lists_those_there_are(text):
    """An unknown placeholder is one sentence that names it and lists the known ones."""
    (sentence,) = parse_template(text).errors(KNOWN)
    assert sentence == f"unknown placeholder {text}; known: {{region}}, {{token.NAME}}, {{start}}"


@pytest.mark.parametrize("name", ["region", "token.x"])
def test_a_format_where_none_is_taken_is_a_problem(name):
    """A format on a placeholder that takes none is one sentence that names it."""
    (sentence,) = parse_template(f"{{{name}:%Y}}").errors(KNOWN)
    assert sentence == f"placeholder {{{name}}} takes no format"
