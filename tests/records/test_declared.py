"""Declared schemas: from an object or a file, refused if they cannot describe records."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tap_oauth2_generic.records.declared import SchemaSettings, is_schema
from tap_oauth2_generic.settings.fields import ErrorCollector, read

SCHEMA = {"properties": {"id": {"type": "integer"}, "n": {"multipleOf": 0.01}}}


def reading(**raw):
    collector = ErrorCollector()
    return read(SchemaSettings, raw, collector), collector.errors


def test_declared_schema_is_kept():
    """A declared schema is kept as it is; its type object may be omitted."""
    found, _ = reading(schema={**SCHEMA, "required": ["id"]})
    assert found.schema == {"type": "object", **SCHEMA, "required": ["id"]}


def test_schema_may_be_in_a_file(tmp_path):
    """A string is the path of a file with the schema, whose numbers are exact."""
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    assert reading(schema=str(path))[0].schema["properties"]["n"] == {"multipleOf": Decimal("0.01")}


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot read the file"), ("{", "is not JSON"), ("[]", "must be")]
)
def test_file_without_a_schema_is_an_error(tmp_path, content, says):
    """A missing file, one that is not JSON and one without an object have errors of their own."""
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_text(content)
    _, (error,) = reading(schema=str(path))
    assert error.startswith("schema: ")
    assert says in error


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"properties": []},
        {"properties": {"a": "integer"}},
        {"properties": {"a": True}},
        [],
        5,
        {"properties": {"a": {"type": 5}}},
        {"properties": {"a": {"type": "strng"}}},
        {"properties": {"a": {"type": []}}},
        {"properties": {"a": {"type": ["null", "null"]}}},
        {"properties": {"a": {"type": [{}]}}},
        {"properties": {"a": {"type": {"null": 1}}}},
        {"properties": {"a": {"format": 5}}},
        {"properties": {"a": {"description": None}}},
        {"properties": {"a": {"items": [{}]}}},
        {"properties": {"a": {"items": {"type": "strng"}}}},
        {"properties": {"a": {"properties": {"b": {"maxLength": "c"}}}}},
        {"properties": {"a": {"type": "object", "properties": ["b"]}}},
        {"properties": {"a": None}},
        {"type": "array", "properties": {"a": {}}},
    ],
)
def test_schema_that_describes_no_records_is_refused(schema):
    """A schema that is no JSON Schema of an object is one error before any request."""
    _, errors = reading(schema=schema)
    assert len(errors) == 1


@pytest.mark.parametrize("kind", ["object", ["object"]])
def test_declared_schema_may_name_its_type(kind):
    """As the type alone or in a list of its own; no other type may join it."""
    given = {"type": kind, **SCHEMA}
    assert reading(schema=given)[0].schema == given
    _, (error,) = reading(schema={**given, "type": ["object", "null"]})
    assert 'must describe records, which are of type "object"' in error


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"required": 5}, "required"),
        ({"properties": {"b": {"maxLength": "c"}}}, "properties.b.maxLength"),
        ({"items": {"type": ["strng", "null"]}}, "items.type"),
        ({"anyOf": [{}, {"minimum": "c"}]}, "anyOf.1.minimum"),
    ],
)
def test_error_in_a_schema_names_its_place(schema, place):
    _, (error,) = reading(schema={"properties": {"a": schema}})
    assert error.startswith(f"schema: is no JSON Schema, at properties.a.{place}: ")


def test_error_in_a_schema_shows_the_beginning_of_a_long_value():
    _, (error,) = reading(schema={"properties": {"a": {"type": "x" * 500}}})
    shown = error.partition("properties.a.type: ")[2]
    assert shown.startswith("'xxx")
    assert len(shown) == 200


def test_schema_of_names_and_types_may_be_nested_deep():
    """One with other keywords is checked by a validator, which reads fewer levels."""
    schema = {"items": {}}
    strings = {"title": "t", "description": "d", "format": "f"}
    for kind in ("object", ["array", "null"], []) * 40:
        named = {"type": kind} if kind else {}
        schema = {**named, **strings, "properties": {"a": schema, "b": {}}, "items": {}}
        schema = {"type": ["array", "object"], "items": schema}
    columns = {"properties": {"x": schema}}
    assert reading(schema=columns)[0].schema == {"type": "object", **columns}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "integer"},
        {"type": ["integer", "null"]},
        {"anyOf": [{"type": "integer"}, {}]},
        {"items": {"type": "string"}},
        {"properties": {"a": {"items": {}}}, "required": ["a"]},
        {"required": 5},
        {"properties": {}, "required": 5},
    ],
)
def test_schema_is_of_known_shape(schema):
    """What no property is required of is not looked at."""
    assert is_schema(schema) is True
    assert is_schema({"properties": {"x": schema}}) is True


@pytest.mark.parametrize(
    "schema",
    [
        True,
        5,
        {"type": 5},
        {"type": ["integer", 5]},
        {"type": {}},
        {"properties": ["a"]},
        {"properties": {"a": True}},
        {"items": False},
        {"items": [{}]},
        {"anyOf": {}},
        {"anyOf": [{}, True]},
        {"properties": {"a": {}}, "required": True},
        {"properties": {"a": {}}, "required": {"a": 1}},
        {"properties": {"a": {}}, "required": ["a", 5]},
    ],
)
def test_schema_is_of_no_known_shape(schema):
    assert is_schema(schema) is False
    for outer in ({"properties": {"x": schema}}, {"items": schema}, {"anyOf": [schema]}):
        assert is_schema(outer) is False


@pytest.mark.parametrize("inner", [True, {"properties": {"x": False}}, {"items": True}])
def test_nested_schema_must_be_an_object(inner):
    """A schema of true or false, which a catalog cannot hold, is refused at any depth."""
    _, (error,) = reading(schema={"properties": {"a": {"type": "object"}, "b": inner}})
    assert "the schema of property 'b' must be an object" in error


def test_schema_sample_size_has_a_default():
    """The sample has 200 records by default, and at least one."""
    assert reading()[0].schema_sample_size == 200
    assert reading(schema_sample_size=0)[1] == ["schema_sample_size: must be at least 1, not 0"]
