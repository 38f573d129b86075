"""A page: decoded with every digit, its records found, its next link at hand."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.json_text import decode
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector, read

quick = settings(deadline=None, max_examples=100)
scalars = st.none() | st.booleans() | st.text(st.characters(codec="utf-8"))
scalars |= st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def page(body, *, status=200, headers=None, **raw):
    collector = ErrorCollector()
    where = read(RecordSettings, raw, "", collector)
    assert where is not None, collector.errors
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_page("https://a.example/items", status, headers or {}, content, where)


@quick
@given(json_values)
def test_decoding_loses_nothing(value):
    """Every number comes out with all its digits, and every text as it was."""
    content = msgspec.json.Encoder(decimal_format="number").encode(value)
    assert decode(content) == value
    assert decode(b"\xef\xbb\xbf" + content) == value


@pytest.mark.parametrize("digits", [18, 19, 20, 40, 999, 1000, 5000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_whole_numbers_of_any_length_are_exact(digits, sign):
    """A whole number keeps each digit, however many there are."""
    text = sign + "1234567890" * (digits // 10) + "7" * (digits % 10)
    assert Decimal(decode(text.encode())) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["0.1", "1.10", "12345678901234567.89", "1e-400", "1E400", "-0.00000000000000000001"]
)
def test_fractions_are_exact(text):
    """A fraction keeps each digit, trailing zeros and all."""
    assert str(decode(text.encode())) == str(Decimal(text))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"", None),
        (b" \r\n\t", None),
        (b"null", None),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"\\ud800": "a\\udc00b"}', {"\ufffd": "a\ufffdb"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'"\\u0000"', "\x00"),
    ],
)
def test_odd_but_valid_texts(content, value):
    """No text is null, a surrogate pair is one character, a lone surrogate is U+FFFD."""
    assert decode(content) == value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html></html>", "it is not JSON"),
        (b"NaN", "it is not JSON"),
        (b'{"a": Infinity}', "it is not JSON"),
        (b'{"a": 1', "it is not JSON"),
        (b'{"a": 1} x', "it is not JSON"),
        (b'"caf\xe9"', "its bytes are not UTF-8 \\(at byte 4\\)"),
        ('{"a": 1}'.encode("utf-16"), "its bytes are not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'{"a": 1e99999999999999999999}', "exponent is out of range"),
        (b"[" * 990 + b'"\\ud800"' + b"]" * 990, "nested too deep"),
        (b'["\\ud800",' + b"[" * 100_000 + b"]" * 100_001, "nested too deep"),
    ],
)
def test_what_cannot_be_decoded_is_said(content, says):
    """What is no JSON raises ValueError that says why, and nothing else."""
    with pytest.raises(ValueError, match=says):
        decode(content)


@pytest.mark.parametrize(
    ("path", "body", "records"),
    [
        ("$", [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ("$", {"a": 1}, [{"a": 1}]),
        ("$", [], []),
        ("data", {"data": None}, []),
        ("data", {}, []),
        ("data", {"data": {"a": 1}}, [{"a": 1}]),
        ("data", {"data": {}}, [{}]),
        (
            "data",
            {"data": [1, "x", None, {"a": 1}]},
            [{"value": 1}, {"value": "x"}, {"value": None}, {"a": 1}],
        ),
        ("$.data[*]", {"data": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
        ("$.data[*]", {"data": [1]}, [{"value": 1}]),
        (
            "$.groups[*].items",
            {"groups": [{"items": [{"a": 1}]}, {"items": [{"a": 2}]}]},
            [{"a": 1}, {"a": 2}],
        ),
        ("$.data[*]", {"data": []}, []),
    ],
)
def test_where_records_are(path, body, records):
    """A list gives its items, an object one record, scalars become values, null nothing."""
    assert page(body, records_path=path).records == records


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        ("data", {"data": None}, True),
        ("data", {"data": []}, True),
        ("data", {}, False),
        ("data", [], False),
        ("$.data[*]", {"data": []}, True),
        ("$.data[*]", {"dato": []}, False),
        ("$", {}, True),
    ],
)
def test_an_empty_place_differs_from_a_missing_one(path, body, found):
    """``found`` tells a place without records from one that is not there."""
    assert page(body, records_path=path).found is found


@pytest.mark.parametrize("status", [201, 202, 204])
def test_no_body_gives_no_records(status):
    """A response without a body has no records, an error only with status 200."""
    assert page(b"", status=status).records == []
    with pytest.raises(ResponseError, match="empty body"):
        page(b"")


@pytest.mark.parametrize(
    ("body", "named"),
    [("text", "the string 'text'"), (5, "the number 5"), (False, "the boolean false")],
)
@pytest.mark.parametrize("path", ["$", "a.b"])
def test_what_cannot_be_records_is_named(path, body, named):
    """A scalar where records should be is an error that names path and value."""
    with pytest.raises(ResponseError, match=f"'{path.replace('$', '.')}' points at {named}"):
        page(body if path == "$" else {"a": {"b": body}}, records_path=path)


def test_a_body_that_is_no_json_is_an_error_with_its_beginning():
    """A 200 that is no JSON is an error with status and the body's beginning, never all of it."""
    with pytest.raises(ResponseError, match="status is 200 and it begins with '<html>") as caught:
        page(b"<html>\n" + b"x" * 10_000)
    assert len(str(caught.value)) < 300


def test_the_beginning_of_a_packed_body_is_shown_unpacked():
    """The error about a compressed response quotes its decompressed content."""
    with pytest.raises(ResponseError, match="it begins with 'id,name 1,one'"):
        page(gzip.compress(b"id,name\n1,one\n"))
    with pytest.raises(ResponseError, match="it is a corrupt gzip file"):
        page(b"\x1f\x8bno")


def test_an_object_of_objects_gives_its_values():
    """Values become records, and their keys are kept in the field that was named."""
    body = {"x": {"a": 1}, "y": 2}
    values = page({"d": body}, records_path="d", records_are_values=True)
    assert values.records == [{"a": 1}, {"value": 2}]
    keyed = page({"d": body}, records_path="d", records_are_values=True, records_key_field="k")
    assert keyed.records == [{"a": 1, "k": "x"}, {"value": 2, "k": "y"}]


@pytest.mark.parametrize(("values", "count"), [(None, 0), ([], 0), ({}, 0), ({"a": {}}, 1)])
def test_an_empty_object_of_objects_may_be_a_list(values, count):
    """Null and the empty list that some servers write for ``{}`` have no values."""
    assert len(page({"d": values}, records_path="d", records_are_values=True).records) == count


@pytest.mark.parametrize("values", [[1], "x", 5])
def test_values_of_what_is_no_object_are_an_error(values):
    """``records_are_values`` on anything else is an error that says what it needs."""
    with pytest.raises(ResponseError, match="records_are_values needs an object"):
        page({"d": values}, records_path="d", records_are_values=True)


def test_a_key_field_needs_values():
    """``records_key_field`` alone is a contradiction."""
    collector = ErrorCollector()
    assert read(RecordSettings, {"records_key_field": "k"}, "", collector) is None
    assert collector.errors == ["records_key_field needs records_are_values: true"]


@pytest.mark.parametrize(
    ("inner", "found"), [({"u": 1}, (1, {"u": 1})), ({}, (None, {})), (None, (None, None))]
)
def test_last_record_has_its_added_fields(inner, found):
    """Paging may read an added field of the last record; it is null if its path is not there."""
    last = page([{"f": 0}, {"f": inner}], add_fields={"u": "f.u", "g": "f"}).last_record
    assert (last["u"], last["g"]) == found


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({"b": 1, "a": 2}, "the keys b, a"),
        ({}, "an empty object"),
        ([1, 2], "a list of 2"),
        (b" null", "no body"),
        ("x" * 99, f"the string '{'x' * 40}'"),
    ],
)
def test_an_answer_is_described_by_its_keys(body, keys):
    """Top-level keys of a response are named, never shown in full."""
    assert page(body, records_path="$..none").keys == keys
