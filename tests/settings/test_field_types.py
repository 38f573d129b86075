"""Kinds of settings: what each takes, what it makes of it, and what it says when it refuses."""

from __future__ import annotations

from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.settings import field_types
from tap_oauth2_generic.settings.fields import FieldType, NestedError
from tap_oauth2_generic.settings.templates import Template

quick = settings(deadline=None, max_examples=60)
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
def test_whole_numbers_are_taken_however_they_are_written(number):
    """A whole number is taken as integer, float, decimal or text, as variables bring it."""
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
def test_a_number_out_of_bounds_is_refused(kind, value, sentence):
    """The sentence names the bound and what was written."""
    assert refusal(kind, value) == sentence


def test_a_nan_is_not_called_a_number():
    """A NaN is refused with a sentence that does not contradict itself."""
    assert refusal(SHARE, float("nan")) != "must be a number, not a number"


def test_a_number_is_finite():
    """A number too large for seconds is refused, never turned into infinity."""
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
def test_an_unknown_word_lists_the_choices(value, sentence):
    """A word that is no choice is refused with all choices, and the nearest where one is near."""
    assert refusal(COLOUR, value) == f"must be one of red, green, dark_blue, {sentence}"


@pytest.mark.parametrize(("value", "found"), [(True, True), ("TRUE", True), ("false", False)])
def test_booleans_may_be_texts(value, found):
    """``true`` and ``false`` are taken as texts too, as variables bring them."""
    assert field_types.BOOLEAN.parse(value) is found


@pytest.mark.parametrize("value", ["yes", 1, 0, [], "1"])
def test_what_is_no_boolean_is_refused(value):
    """Anything but true and false is refused."""
    assert refusal(field_types.BOOLEAN, value).startswith("must be true or false, not a")


@pytest.mark.parametrize("value", ["https://a.example/x?y=1", "http://127.0.0.1:8400/callback"])
@pytest.mark.parametrize("around", ["{}", " {} "])
def test_https_and_loopback_addresses_are_taken(value, around):
    """Https anywhere and http on loopback are taken, blanks around them are not part."""
    assert field_types.URL.parse(around.format(value)) == value


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "[::1]", "127.9.9.9", "LocalHost"])
def test_loopback_has_many_names(host):
    """Every name and address of this machine may be asked over plain http."""
    assert field_types.URL.parse(f"http://{host}:99/") == f"http://{host}:99/"


@pytest.mark.parametrize(
    "value",
    ["http://a.example", "http://127.0.0.1.example", "http://localhost.example", "http://10.0.0.1"],
)
def test_plain_http_elsewhere_is_refused(value):
    """A host that is not loopback is never asked over plain http, whatever its name begins with."""
    assert "must use https" in refusal(field_types.URL, value)


@pytest.mark.parametrize(
    "value", ["a.example", "ftp://a.example", "https://", "https://a b", "https://a:port", "//a"]
)
def test_what_is_no_address_is_refused(value):
    """An address without scheme or host, or with a blank in it, is refused."""
    assert "must be an absolute URL" in refusal(field_types.URL, value)


@pytest.mark.parametrize(
    "value", ["a b,c", ["a", "b", "c"], '["a", "b c"]', " a,, b\nc ", ["a b", "c"]]
)
def test_scopes_are_split_at_blanks_and_commas(value):
    """An array, a JSON array in a text and a separated text all give the same words."""
    assert field_types.STRINGS.parse(value) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "found"), [([429, "500"], {429, 500}), ("[429]", {429}), ([], set())]
)
def test_statuses(value, found):
    """Statuses are taken as numbers or texts."""
    assert field_types.STATUSES.parse(value) == found


@pytest.mark.parametrize("value", [429, [99], [600], ["ok"], {}])
def test_what_is_no_status_is_refused(value):
    """Only an array of numbers from 100 to 599 is an array of statuses."""
    assert refusal(field_types.STATUSES, value).startswith("must be ")


@pytest.mark.parametrize(
    ("value", "found"), [("a", "a"), (5, "5"), (Decimal("1.10"), "1.10"), ("", "")]
)
def test_a_text_may_be_written_as_a_number(value, found):
    """A number is taken as the text that it was written as."""
    assert field_types.TEXT.parse(value) == found


@pytest.mark.parametrize(
    ("value", "named"), [([], "an array"), ({}, "an object"), (True, "a boolean")]
)
def test_what_is_no_text_is_refused(value, named):
    """Anything else is refused by the name of its type, never by its content."""
    assert refusal(field_types.TEXT, value) == f"must be a string, not {named}"


def test_a_pattern_needs_a_group():
    """A regular expression that takes something out must say what, in parentheses."""
    assert field_types.REGEX.parse("c=([^&]+)").groups == 1
    assert "needs a group" in refusal(field_types.REGEX, "c=(?:[^&]+)")
    assert "is not a regular expression" in refusal(field_types.REGEX, "c=(")


@pytest.mark.parametrize("value", ["{a}", 5, True, None, Decimal("1.5"), ["{a}", 2, [3]]])
def test_parameters_keep_numbers_and_parse_texts(value):
    """A parameter's text becomes a template; numbers, booleans, null and arrays stay."""
    parsed = field_types.PARAMETERS.parse({"p": value})["p"]
    plain = parsed[0] if isinstance(parsed, list) else parsed
    assert isinstance(plain, Template) if isinstance(value, str | list) else plain is value


def test_objects_may_be_json_texts_and_say_which_member_is_wrong():
    """An object is taken from JSON in a text, and each wrong member is told by its place."""
    assert field_types.PATHS.parse('{"a": "b.c"}')["a"].text == "b.c"
    with pytest.raises(NestedError) as caught:
        field_types.PATHS.parse({"a": "b..c", "d": [], "e": "f"})
    assert [line.partition(":")[0] for line in caught.value.errors] == [".a", ".d"]
    assert refusal(field_types.PATHS, "text") == "must be an object, not a string"
    assert refusal(field_types.NAMES, "text") == "must be an array of strings, not a string"


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX-Other: c", []])
def test_a_header_is_one_line_of_text(value):
    """A header with a line break in it is refused: it could bring another header."""
    assert ".X: must be" in refusal(field_types.HEADERS, {"X": value})


def test_a_body_keeps_its_shape():
    """Every text inside a body is a template, and everything else stays as it is."""
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
