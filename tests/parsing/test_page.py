"""A page: decoded exactly, its records found."""

from __future__ import annotations

import gzip
import json

import pytest

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tests.support.settings import valid_settings


def page(body, *, status=200, headers=None, **raw):
    where = valid_settings(RecordSettings, raw)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_page("https://a.example/items", status, headers or {}, content, where)


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
def test_records_are_found_at_the_path(path, body, records):
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
def test_found_tells_empty_from_missing(path, body, found):
    assert page(body, records_path=path).found is found


@pytest.mark.parametrize("status", [201, 202, 204])
def test_empty_body_has_no_records(status):
    """At status 200 it is an error."""
    assert page(b"", status=status).records == []
    with pytest.raises(ResponseError, match="empty body"):
        page(b"")


@pytest.mark.parametrize(
    ("body", "named"),
    [("text", "the string 'text'"), (5, "the number 5"), (False, "the boolean false")],
)
@pytest.mark.parametrize("path", ["$", "a.b"])
def test_scalar_at_the_path_is_an_error(path, body, named):
    with pytest.raises(ResponseError, match=f"'{path.replace('$', '.')}' points at {named}"):
        page(body if path == "$" else {"a": {"b": body}}, records_path=path)


def test_body_that_is_not_json_is_quoted_in_part():
    with pytest.raises(ResponseError, match="status is 200 and it begins with '<html>") as caught:
        page(b"<html>\n" + b"x" * 10_000)
    assert len(str(caught.value)) < 300


def test_compressed_body_is_quoted_decompressed():
    with pytest.raises(ResponseError, match="it begins with 'id,name 1,one'"):
        page(gzip.compress(b"id,name\n1,one\n"))
    with pytest.raises(ResponseError, match="it is a corrupt gzip file"):
        page(b"\x1f\x8bno")


def test_records_are_values_keeps_the_keys():
    body = {"x": {"a": 1}, "y": 2}
    values = page({"d": body}, records_path="d", records_are_values=True)
    assert values.records == [{"a": 1}, {"value": 2}]
    keyed = page({"d": body}, records_path="d", records_are_values=True, records_key_field="k")
    assert keyed.records == [{"a": 1, "k": "x"}, {"value": 2, "k": "y"}]


@pytest.mark.parametrize(("values", "count"), [(None, 0), ([], 0), ({}, 0), ({"a": {}}, 1)])
def test_empty_list_counts_as_an_empty_object(values, count):
    assert len(page({"d": values}, records_path="d", records_are_values=True).records) == count


@pytest.mark.parametrize("values", [[1], "x", 5])
def test_records_are_values_needs_an_object(values):
    with pytest.raises(ResponseError, match="records_are_values needs an object"):
        page({"d": values}, records_path="d", records_are_values=True)


def test_records_key_field_needs_records_are_values():
    collector = ErrorCollector()
    assert read(RecordSettings, {"records_key_field": "k"}, collector) is None
    assert collector.errors == ["records_key_field needs records_are_values: true"]


@pytest.mark.parametrize(
    ("inner", "found"), [({"u": 1}, (1, {"u": 1})), ({}, (None, {})), (None, (None, None))]
)
def test_last_record_has_its_added_fields(inner, found):
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
def test_body_is_described_by_its_keys(body, keys):
    assert page(body, records_path="$..none").keys == keys
