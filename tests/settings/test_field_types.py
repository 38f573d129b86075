"""Types of settings: what each accepts, parses and rejects."""

from __future__ import annotations

from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.settings import field_types
from tap_oauth2_generic.settings.fields import FieldType, NestedError
from tap_oauth2_generic.settings.templates import Template

quick = settings(max_examples=60)
COUNT = field_types.integer(1, maximum=500)
SHARE = field_types.number(0, exclusive=True)
COLOUR = field_types.enum("red", "green", "dark_blue")


def refusal(kind, value):
    with pytest.raises(ValueError, match=r"\S") as caught:
        kind.parse(value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@quick
@given(st.integers(1, 500))
def test_integer_accepts_every_notation(number):
    """An integer may be an int, float, decimal or string, as environment variables give it."""
    written = (number, float(number), Decimal(number), f" {number} ", f"{number}.0")
    assert {COUNT.parse(value) for value in written} == {number}
    assert all(type(COUNT.parse(value)) is int for value in written)


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (COUNT, 0, "must be at least 1, not 0"),
        (COUNT, "501", "must be at most 500, not 501"),
        (COUNT, 1.5, "must be a whole number, not 1.5"),
        (COUNT, "1e999999999", "is too large: 1E+999999999"),
        (COUNT, True, "must be a number, not a boolean"),
        (COUNT, "many", "must be a number, not 'many'"),
        (COUNT, [], "must be a number, not an array"),
        (COUNT, "NaN", "must be a number, not 'NaN'"),
        (SHARE, 0, "must be above 0, not 0"),
        (SHARE, "-inf", "must be a number, not '-inf'"),
        (field_types.TIMEOUT, 1e300, "must be at most 31622400, not 1E+300"),
        (field_types.WAITING, "31622401", "must be at most 31622400, not 31622401"),
        (field_types.number(0), -1, "must be at least 0, not -1"),
    ],
)
def test_number_out_of_bounds_is_rejected(kind, value, sentence):
    """The error names the bound and the value."""
    assert refusal(kind, value) == sentence


def test_nan_error_does_not_call_it_a_number():
    """The error about a NaN does not contradict itself."""
    assert refusal(SHARE, float("nan")) != "must be a number, not a number"


def test_number_must_be_finite():
    """A number too large for a float is rejected, never turned into infinity."""
    assert refusal(SHARE, "1e400")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("grene", "not 'grene'; did you mean 'green'?"),
        ("black", "not 'black'"),
        ("Red", "not 'Red'; did you mean 'red'?"),
        (["x"], "not an array"),
        (5, "not a number"),
    ],
)
def test_unknown_word_lists_the_choices(value, sentence):
    """The error lists all choices, and suggests the nearest if one is near."""
    assert refusal(COLOUR, value) == f"must be one of red, green, dark_blue, {sentence}"


@pytest.mark.parametrize(("value", "found"), [(True, True), ("TRUE", True), ("false", False)])
def test_boolean_may_be_a_string(value, found):
    """``true`` and ``false`` are accepted as strings, as environment variables give them."""
    assert field_types.BOOLEAN.parse(value) is found


@pytest.mark.parametrize("value", ["yes", 1, 0, [], "1"])
def test_non_boolean_is_rejected(value):
    """Only true and false are booleans."""
    assert refusal(field_types.BOOLEAN, value).startswith("must be true or false, not a")


@pytest.mark.parametrize("value", ["https://a.example/x?y=1", "http://127.0.0.1:8400/callback"])
@pytest.mark.parametrize("around", ["{}", " {} "])
def test_https_and_loopback_urls_are_accepted(value, around):
    """URLs may use https anywhere and http on loopback; surrounding spaces are stripped."""
    assert field_types.URL.parse(around.format(value)) == value


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "[::1]", "127.9.9.9", "LocalHost"])
def test_loopback_names_and_addresses(host):
    """Every name and address of this machine may use http."""
    assert field_types.URL.parse(f"http://{host}:99/") == f"http://{host}:99/"


@pytest.mark.parametrize(
    "value",
    ["http://a.example", "http://127.0.0.1.example", "http://localhost.example", "http://10.0.0.1"],
)
def test_http_elsewhere_is_rejected(value):
    """A host that only looks like loopback must use https."""
    assert "must use https" in refusal(field_types.URL, value)


@pytest.mark.parametrize(
    "value",
    ["a.example", "ftp://a.example", "https://", "https://a b", "https://a:port", "//a"]
    + [f"https://a.example/{one}x" for one in "\0\x1b\x7f\x9b\t"],
)
def test_invalid_url_is_rejected(value):
    """A URL needs a scheme and a host, and contains no space or control character."""
    assert "must be an absolute URL" in refusal(field_types.URL, value)


@pytest.mark.parametrize(
    "value", ["a b,c", ["a", "b", "c"], '["a", "b c"]', " a,, b\nc ", ["a b", "c"]]
)
def test_scopes_are_split_at_spaces_and_commas(value):
    """An array, a JSON array in a string and a separated string give the same words."""
    assert field_types.STRINGS.parse(value) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "found"), [([429, "500"], {429, 500}), ("[429]", {429}), ([], set())]
)
def test_statuses_may_be_strings(value, found):
    """Status codes may be numbers or strings."""
    assert field_types.STATUSES.parse(value) == found


@pytest.mark.parametrize("value", [429, [99], [600], ["ok"], {}])
def test_invalid_status_is_rejected(value):
    """Status codes are an array of numbers from 100 to 599."""
    assert refusal(field_types.STATUSES, value).startswith("must be ")


@pytest.mark.parametrize(
    ("value", "found"), [("a", "a"), (5, "5"), (Decimal("1.10"), "1.10"), ("", "")]
)
def test_number_is_accepted_as_a_string(value, found):
    """A number becomes the string it was written as."""
    assert field_types.TEXT.parse(value) == found


@pytest.mark.parametrize(
    ("value", "named"), [([], "an array"), ({}, "an object"), (True, "a boolean")]
)
def test_non_string_is_rejected_by_type(value, named):
    """The error names the type of the value, never its content."""
    assert refusal(field_types.TEXT, value) == f"must be a string, not {named}"


def test_extracting_pattern_needs_a_group():
    """A pattern that extracts a value marks it with parentheses."""
    assert field_types.REGEX.parse("c=([^&]+)").groups == 1
    assert "needs a group" in refusal(field_types.REGEX, "c=(?:[^&]+)")
    assert "is not a regular expression" in refusal(field_types.REGEX, "c=(")


@pytest.mark.parametrize("value", ["{a}", 5, True, None, Decimal("1.5"), ["{a}", 2, [3]]])
def test_parameters_keep_numbers_and_parse_strings(value):
    """A string becomes a template; numbers, booleans, null and arrays stay."""
    parsed = field_types.PARAMETERS.parse({"p": value})["p"]
    plain = parsed[0] if isinstance(parsed, list) else parsed
    assert isinstance(plain, Template) if isinstance(value, str | list) else plain is value


def test_object_may_be_json_and_names_wrong_members():
    """An object may be JSON in a string; each wrong member is an error with its place."""
    assert field_types.PATHS.parse('{"a": "b.c"}')["a"].text == "b.c"
    with pytest.raises(NestedError) as caught:
        field_types.PATHS.parse({"a": "b..c", "d": [], "e": "f"})
    assert [place for place, _ in caught.value.args] == [".a", ".d"]
    assert refusal(field_types.PATHS, "text") == "must be an object, not a string"
    assert refusal(field_types.NAMES, "text") == "must be an array of strings, not a string"


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX-Other: c", []])
def test_header_with_a_line_break_is_rejected(value):
    """A line break in a header could add another header."""
    with pytest.raises(NestedError) as caught:
        field_types.HEADERS.parse({"X": value})
    ((place, sentence),) = caught.value.args
    assert place == ".X"
    assert sentence.startswith("must be")


def test_body_keeps_its_shape():
    """Every string inside a body is a template; everything else stays."""
    body = field_types.BODY.parse({"a": ["{x}", 1, None, {"b": True}], "c": Decimal("1.5")})
    assert isinstance(body["a"][0], Template)
    assert (body["a"][1:], body["c"]) == ([1, None, {"b": True}], Decimal("1.5"))
    assert refusal(field_types.BODY, "text") == "must be an object or an array, not a string"


@pytest.mark.parametrize(
    "name", [name for name, found in vars(field_types).items() if isinstance(found, FieldType)]
)
def test_each_field_type_has_a_json_schema(name):
    """The schema of each field type is a valid JSON Schema."""
    jsonschema.Draft202012Validator.check_schema(getattr(field_types, name).schema)
