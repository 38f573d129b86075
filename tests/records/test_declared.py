"""Declared schemas: from an object or a file, refused if they cannot describe records."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tap_oauth2_generic.records.declared import SchemaSettings
from tap_oauth2_generic.settings.fields import ErrorCollector, read

SCHEMA = {"properties": {"id": {"type": "integer"}, "n": {"multipleOf": 0.01}}}
UNCHECKED = "only the outermost shape of a declared schema is checked"


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


@pytest.mark.parametrize("inner", [True, {"properties": {"x": False}}, {"items": True}])
def test_nested_schema_must_be_an_object(inner):
    """A schema of true or false, which a catalog cannot hold, is refused at any depth."""
    _, (error,) = reading(schema={"properties": {"a": {"type": "object"}, "b": inner}})
    assert "the schema of property 'b' must be an object" in error


def test_schema_sample_size_has_a_default():
    """The sample has 200 records by default, and at least one."""
    assert reading()[0].schema_sample_size == 200
    assert reading(schema_sample_size=0)[1] == ["schema_sample_size: must be at least 1, not 0"]
