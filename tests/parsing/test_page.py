"""A page: decoded exactly, its records found."""

from __future__ import annotations

import gzip
import json

import pytest

from tap_oauth2_generic.errors import ResponseError, SettingError
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
        ("data", {"data": {}}, []),
        (
            "data",
            {"data": [1, "x", None, {"a": 1}]},
            [{"value": 1}, {"value": "x"}, {"a": 1}],
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


@pytest.mark.parametrize(
    ("path", "body", "records", "is_lone"),
    [
        ("$.d[*]", {"d": {"a": 1, "b": "x"}}, [{"a": 1, "b": "x"}], True),
        ("$.d[*]", {"d": {"a": 1, "b": {"c": 2}}}, [{"a": 1, "b": {"c": 2}}], True),
        ("$.d[*]", {"d": {"error": {"a": 1}}}, [{"error": {"a": 1}}], True),
        ("$[*]", {"a": 1}, [{"a": 1}], True),
        ("$.d[*]", {"d": {"1": {"a": 1}, "2": {"a": 2}, "3": None}}, [{"a": 1}, {"a": 2}], False),
        ("$.d[*]", {"d": [{"a": 1}]}, [{"a": 1}], False),
        ("$.d[*]", {"d": [1, 2]}, [{"value": 1}, {"value": 2}], False),
        ("$.d[*]", {"d": {}}, [], False),
        ("$.d[*].l[*]", {"d": [{"l": {"a": 1}}, {"l": [{"a": 2}]}]}, [{"a": 1}, {"a": 2}], False),
        ("$.d[*].l[*]", {"d": [{"l": {"k": {"a": 1}}}, {"l": None}, {}]}, [{"a": 1}], False),
    ],
)
def test_object_in_place_of_a_list_of_items_is_one_item(path, body, records, is_lone):
    read = page(body, records_path=path)
    assert (read.records, read.is_lone) == (records, is_lone)


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


@pytest.mark.parametrize(("values", "count"), [(None, 0), ([], 0), ({}, 0), ({"a": {}}, 0)])
def test_empty_list_counts_as_an_empty_object(values, count):
    assert len(page({"d": values}, records_path="d", records_are_values=True).records) == count


@pytest.mark.parametrize("values", [[1], "x", 5])
def test_records_are_values_needs_an_object(values):
    with pytest.raises(ResponseError, match="records_are_values needs an object"):
        page({"d": values}, records_path="d", records_are_values=True)


def test_records_key_field_needs_records_are_values():
    collector = ErrorCollector()
    read(RecordSettings, {"records_key_field": "k"}, collector)
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


@pytest.mark.parametrize(
    ("path", "body", "count", "records", "found"),
    [
        ("$.o[*].l[*]", {"o": [{"l": [{"a": 1}, {"a": 2}]}, {"l": []}, {}]}, 3, 2, True),
        ("$.o[*].l[*]", {"o": [{"l": []}, {"l": None}]}, 2, 0, True),
        ("$.o[*].l[*]", {"o": [None, {"l": [None, {"a": 1}]}]}, 2, 1, True),
        ("$.o[*].l", {"o": [{"l": [{"a": 1}]}, None]}, 2, 1, True),
        ("$.o[*].x", {"o": [{"l": []}]}, 1, 0, False),
        ("$.o[*].l[*]", {"o": []}, 0, 0, True),
        ("$.o[*].l[*]", {"p": []}, 0, 0, False),
        ("$.o[?(@.a == 1)]", {"o": [{"a": 1}, {"a": 2}, None]}, 3, 1, True),
        ("$.o[?(@.a == 1)].l[*]", {"o": [{"a": 2, "l": [{}]}]}, 1, 0, True),
        ("$.o[*].l[?(@.a == 1)]", {"o": [{"l": [{"a": 1}, {"a": 2}]}, {"l": []}]}, 2, 1, True),
        ("$.o[0:2]", {"o": [{"a": 1}, {"a": 2}, {"a": 3}]}, 3, 2, True),
        ("$[*].l[*]", [{"l": [{"a": 1}, {"a": 2}]}], 1, 2, True),
        ("$..l[*]", {"o": {"l": [{"a": 1}, None]}}, 2, 1, True),
        ("o", {"o": [None, {}, {"a": 1}, 5]}, 4, 2, True),
        ("o", {"o": {}}, 0, 0, True),
    ],
)
def test_paging_counts_the_items_of_the_outermost_list(path, body, count, records, found):
    read = page(body, records_path=path)
    assert (read.length, len(read.records), read.found) == (count, records, found)


@pytest.mark.parametrize(
    ("columns", "body"),
    [
        (["a", "b"], {"d": [[1, "x"], None, [2, "y"]]}),
        ("first_row", {"d": [["a", "b"], [1, "x"], [2, "y"]]}),
        ("$.names", {"d": [[1, "x"], [2, "y"]], "names": ["a", "b"]}),
        ("$.fields[*].name", {"d": [[1, "x"], [2, "y"]], "fields": [{"name": "a"}, {"name": "b"}]}),
    ],
)
@pytest.mark.parametrize("path", ["d", "$.d[*]"])
def test_rows_become_records_by_their_columns(columns, body, path):
    read = page(body, records_path=path, record_columns=columns)
    assert read.records == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert read.length == (3 if None in body["d"] else 2)
    assert page({"d": []}, records_path=path, record_columns=columns).records == []


@pytest.mark.parametrize(
    ("rows", "settings", "says"),
    [
        ([[1]], {}, "a record is a list of values; name them with record_columns"),
        ([{"a": 1}, [1]], {}, "a record is a list of values"),
        ([[1, 2], [1]], {"record_columns": ["a", "b"]}, "row 2 has 1 values for 2 columns"),
        ([[1, 2, 3]], {"record_columns": ["a", "b"]}, "row 1 has 3 values for 2 columns"),
        ([{"a": 1}], {"record_columns": ["a"]}, "row 1 has no list of values for 1 columns"),
        ([["a", "b"], [1]], {"record_columns": "first_row"}, "row 2 has 1 values for 2 columns"),
        ([["a", "a"], [1, 2]], {"record_columns": "first_row"}, "no list of different names"),
        ([[1]], {"record_columns": "$.names"}, "no list of different names"),
    ],
)
@pytest.mark.parametrize("path", ["d", "$.d[*]"])
def test_rows_that_fit_no_columns_are_an_error(rows, settings, says, path):
    with pytest.raises(ResponseError, match=says):
        page({"d": rows}, records_path=path, **settings)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"d": {"x": {"a": 1}, "y": {}, "x": {"a": 2}}}', "has the key 'x' twice"),
        (b'{"d":{"x":{"k":"other"}}}', "'k' would replace a field of the record 'x'"),
        (b'{"d":{"x":[1]}}', "a record is a list of values"),
    ],
)
def test_record_among_values_that_would_be_lost_is_an_error(body, says):
    settings = {"records_path": "d", "records_are_values": True, "records_key_field": "k"}
    with pytest.raises(ResponseError, match=says):
        page(body, **settings)


def test_key_that_the_record_has_already_is_kept():
    body = {"5": {"k": 5}, "6": {"k": None}, "7": {"a": "7"}}
    read = page(body, records_are_values=True, records_key_field="k")
    assert read.records == [{"k": 5}, {"k": "6"}, {"a": "7", "k": "7"}]
    escaped = page(b'{"\\u00e9": {"a": 1}, "b" : {"a": {"x": 1, "x": 2}}}', records_are_values=True)
    assert escaped.records == [{"a": 1}, {"a": {"x": 2}}]


def test_each_match_may_be_an_object_of_objects():
    read = page(
        {"d": [{"x": {"a": 1}}, {"y": {"a": 2}}]}, records_path="$.d[*]", records_are_values=True
    )
    assert read.records == [{"a": 1}, {"a": 2}]


VALUES = ["$[*]['rows']", "a.b", "it's", '"', "$", "*", "x[0]", "rows.*", "'a'.'b'"]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("{parent.k}", [], []),
        ("data.{parent.k}", ["data"], []),
        ("data.{parent.k}.rows", ["data"], ["rows"]),
        ("'{parent.k}'.rows", [], ["rows"]),
    ],
)
def test_value_in_a_bare_path_is_part_of_one_key(path, before, after, value):
    """Whatever it holds, it adds no step and makes no JSONPath."""
    body = [{"a": 1}]
    for key in reversed([*before, value, *after]):
        body = {key: body}
    where = valid_settings(RecordSettings, {"records_path": path})
    where = where.resolve({"parent": {"k": value}})
    assert read_page("", 200, {}, json.dumps(body).encode(), where).records == [{"a": 1}]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.a['x'].{parent.k}", ["b[*]", "*", "b.c", "..b"]),
        ("$[*].{parent.k}", ["b[*]", "*", "b.c", "..b"]),
        ("$[*]['{parent.k}']", ["*", "b']['c", "b\\"]),
    ],
)
def test_value_that_would_change_a_jsonpath_is_an_error(path, values):
    settings = valid_settings(RecordSettings, {"records_path": path})
    for value in values:
        with pytest.raises(SettingError, match="would change the path"):
            settings.resolve({"parent": {"k": value}})
