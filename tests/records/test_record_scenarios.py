"""Syncs over every shape of response and record: each record is emitted, exact and once."""

from __future__ import annotations

import jsonschema
import pytest

from tests.support.server import Reply


def stream(**settings):
    return {"name": "items", "path": "items", **settings}


@pytest.mark.parametrize(
    ("body", "settings", "expected"),
    [
        ([{"id": 1}, {"id": 2}], {}, [{"id": 1}, {"id": 2}]),
        ({"id": 1}, {}, [{"id": 1}]),
        ({"a": {"b": [{"id": 1}]}}, {"records_path": "a.b"}, [{"id": 1}]),
        ({"a": [{"b": [{"id": 1}]}, {"b": []}]}, {"records_path": "$.a[*].b"}, [{"id": 1}]),
        ({"a.b": [{"id": 1}]}, {"records_path": "'a.b'"}, [{"id": 1}]),
        ({"d": ["x", 2]}, {"records_path": "d"}, [{"value": "x"}, {"value": "2"}]),
        ({"x": {"n": 1}, "y": {"n": 2}}, {"records_are_values": True}, [{"n": 1}, {"n": 2}]),
        (
            {"x": {"n": 1}},
            {"records_are_values": True, "records_key_field": "key"},
            [{"n": 1, "key": "x"}],
        ),
        ({"d": None}, {"records_path": "d"}, []),
        ({"d": []}, {"records_path": "d", "on_missing_records": "fail"}, []),
        ({"d": []}, {"records_path": "$.d[*]", "on_missing_records": "fail"}, []),
        ([{"f": {"u": 5}}], {"add_fields": {"u": "f.u"}}, [{"f": {"u": 5}, "u": 5}]),
    ],
)  # fmt: skip
def test_records_are_found_in_every_shape(api, tap, body, settings, expected):
    """Lists, objects, objects of objects and scalars all yield their records."""
    api.serve("/items", body)
    run = tap.ok(api.config(stream(**settings)))
    assert run.records("items") == expected


@pytest.mark.parametrize("number", ["12345678901234567890.123456789", "1" * 40, "-0.10", "1e-7"])
def test_numbers_arrive_exact(api, tap, number):
    """A number is emitted with every digit, whatever its length."""
    api.serve("/items", Reply(b'[{"n": ' + number.encode() + b"}]"))
    run = tap(api.config(stream()))
    assert f'"n":{number}' in run.output.replace("1E-7", "1e-7")


@pytest.mark.parametrize("text", ["ünï ☃ 😀", '\u2028\u2029\x85\x00\t"\\', "\ud800 alone"])
def test_any_unicode_arrives(api, tap, text):
    """Any string arrives; a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD."""
    api.serve("/items", [{"t": text}])
    run = tap.ok(api.config(stream()))
    assert run.records("items") == [{"t": text.replace("\ud800", "\ufffd")}]
    assert len(run.output.splitlines()) == len(run.output.rstrip("\n").split("\n"))


@pytest.mark.parametrize("name", ['"', "a\\b", "\f", "\x00"])
@pytest.mark.parametrize("declared", [False, True])
def test_field_may_have_any_name(api, tap, name, declared):
    """A field with quotes, backslashes or control characters in its name arrives like any other."""
    api.serve("/items", [{"id": 1, name: "text", "in": {name: [1]}}])
    inner = {"type": "object", "properties": {name: {"type": "array", "items": {}}}}
    columns = {"id": {"type": "integer"}, name: {"type": "string"}, "in": inner}
    declaration = {"schema": {"properties": columns}} if declared else {}
    run = tap.ok(api.config(stream(replication_key=name, **declaration)))
    assert run.records("items") == [{"id": 1, name: "text", "in": {name: [1]}}]


@pytest.mark.parametrize(
    ("body", "named"),
    [({"d": "oops"}, "string 'oops'"), ({"d": 5}, "the number 5"), ({"d": True}, "the boolean")],
)
def test_records_path_to_a_scalar_is_an_error(api, tap, body, named):
    """A records_path that points at something that cannot be records is an error naming it."""
    api.serve("/items", body)
    run = tap(api.config(stream(records_path="d")))
    assert run.status == 1
    assert named in run.error_lines[-1]
    assert "records_path 'd'" in run.error_lines[-1]


@pytest.mark.parametrize("content", [b"<html>sign in</html>", b"", b'{"a": ', b"\xff"])
def test_200_that_is_not_json_is_an_error(api, tap, content):
    """A response with status 200 that is not JSON is an error, never an empty page."""
    api.serve("/items", Reply(content))
    run = tap(api.config(stream()))
    assert run.status == 1
    assert "items" in run.error_lines[-1]
    assert "Traceback" not in run.errors


@pytest.mark.parametrize(("action", "status"), [("warn", 0), ("fail", 1), ("ignore", 0)])
def test_records_path_that_never_matches_is_reported(api, tap, action, status):
    """If records_path never matched a response, the keys of the responses are listed."""
    api.serve("/items", {"wrong": [], "info": 1})
    run = tap(api.config(stream(records_path="data", on_missing_records=action)))
    assert run.status == status
    said = any("wrong, info" in line for line in [*run.warnings, *run.error_lines])
    assert said == (action != "ignore")


def test_204_yields_no_records(api, tap):
    """A response without content yields no records and is no error."""
    api.serve("/items", Reply(b"", 204))
    run = tap.ok(api.config(stream(records_path="data")))
    assert run.records("items") == []


def test_inferred_columns_hold_all_values(api, tap):
    """Columns are nullable and not required; mixed types become one that holds all values."""
    rows = [
        {"i": 1, "n": 1, "b": True, "at": "2024-01-01T00:00:00Z", "not_at": "2024-01-01T00:00:00Z"},
        {"i": 2, "n": 2.5, "b": None, "at": "2024-01-02T00:00:00+02:00", "not_at": "soon"},
        {"mixed": 1, "late": None, "o": {"x": 1}, "l": [1]},
        {"mixed": "one", "late": None, "o": {"y": [{"z": None}]}, "l": []},
        {"mixed": {"deep": [1]}},
    ]
    api.serve("/items", rows)
    run = tap(api.config(stream()))
    (schema,) = run.schemas("items")
    types = {name: column["type"] for name, column in schema["properties"].items()}
    assert all("null" in types[name] for name in types)
    assert "required" not in schema
    assert types["i"] == ["integer", "null"]
    assert types["n"] == ["number", "null"]
    assert schema["properties"]["at"]["format"] == "date-time"
    assert "format" not in schema["properties"]["not_at"]
    for record in run.records("items"):
        jsonschema.validate(record, schema)
    assert [r["mixed"] for r in run.records("items")[2:]] == ["1", "one", '{"deep":[1]}']


def test_new_field_is_added_before_its_record(api, tap):
    """A field first seen after the sample causes a new SCHEMA message before its record."""
    api.serve("/items", [{"id": 1}, {"id": 2, "new": {"a": 1}}, {"id": 3, "new": {"b": "x"}}])
    run = tap(api.config(stream(schema_sample_size=1)))
    assert [r.get("new") for r in run.records("items")] == [None, {"a": 1}, {"b": "x"}]
    schema = None
    for message in run.messages:
        schema = message["schema"] if message["type"] == "SCHEMA" else schema
        if message["type"] == "RECORD":
            columns = schema["properties"]
            assert message["record"].keys() <= columns.keys()
            nested = message["record"].get("new") or {}
            assert nested.keys() <= columns.get("new", {}).get("properties", {}).keys()


def test_declared_schema_is_emitted_unchanged(api, tap, tmp_path):
    """A declared schema is emitted unchanged; a field that it lacks is dropped with one warning."""
    declared = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "t": {"type": "string"}},
    }
    file = tmp_path / "items.schema.json"
    file.write_text('{"properties": {"id": {"type": "integer"}, "t": {"type": "string"}}}')
    api.serve("/items", [{"id": 1, "t": 5, "x": 1}, {"id": 2, "x": 1}])
    for schema in (declared, str(file)):
        run = tap(api.config(stream(schema=schema)))
        assert run.schemas("items") == [declared]
        assert run.records("items") == [{"id": 1, "t": "5"}, {"id": 2}]
        assert sum("'x'" in line and "2 times" in line for line in run.warnings) == 1


def test_value_that_does_not_fit_a_declared_column_is_an_error(api, tap):
    """A value that does not fit a declared type ends the run instead of being lost."""
    api.serve("/items", [{"id": "abc"}])
    run = tap(api.config(stream(schema={"properties": {"id": {"type": "integer"}}})))
    assert run.status == 1
    assert "'id'" in run.error_lines[-1]


@pytest.mark.parametrize(("action", "status"), [("add", 0), ("ignore", 0), ("fail", 1)])
def test_new_fields_decides(api, tap, action, status):
    """new_fields chooses between adding a field, dropping it and ending the run."""
    api.serve("/items", [{"id": 1}, {"id": 2, "x": 1}])
    run = tap(api.config(stream(schema_sample_size=1, new_fields=action)))
    assert run.status == status
    if status == 0:
        assert ("x" in run.records("items")[1]) == (action == "add")


def test_primary_key_that_no_record_has_is_an_error(api, tap):
    """A primary key that no sampled record has ends the run; the error lists the fields."""
    api.serve("/items", [{"key": 1, "name": "x"}])
    run = tap(api.config(stream(primary_keys=["nope"])))
    assert run.status == 1
    assert "'nope'" in run.error_lines[-1]
    assert run.error_lines[-1].endswith("key, name")


def test_missing_primary_key_error_mentions_a_missing_records_path(api, tap):
    """If the key is missing because records_path is not set, the same line says so."""
    api.serve("/items", {"data": [{"id": 1}], "more": False})
    paging = {"style": "page_number", "has_more_path": "more"}
    run = tap(api.config(stream(primary_keys=["id"], pagination=paging)))
    assert run.status == 1
    (line,) = run.error_lines
    assert "records_path is not set" in line
    assert "the keys data, more" in line


def test_added_field_that_no_record_has_is_reported(api, tap):
    """A path of add_fields that finds nothing is reported; one that finds a null is not."""
    api.serve("/items", [{"id": 1, "in": {"n": None}}, {"id": 2}])
    run = tap.ok(api.config(stream(add_fields={"n": "in.n", "m": "in.m"})))
    assert [w for w in run.warnings if "add_fields" in w] == [
        "stream 'items': add_fields 'm': 'in.m' is in none of 2 records"
    ]


def test_keep_that_excludes_everything_is_reported(api, tap):
    """If keep excludes all records the tap warns; if some are kept it does not."""
    api.serve("/items", [{"id": 1}, {"id": 2}])
    run = tap.ok(api.config(stream(keep=[{"path": "idd", "equals": 1}])))
    assert "stream 'items': the keep conditions excluded all 2 records" in run.warnings
    run = tap(api.config(stream(keep=[{"path": "id", "equals": 1}])))
    assert not run.warnings
    assert "1 record left out by keep" in run.errors
