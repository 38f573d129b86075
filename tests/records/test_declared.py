"""Declared schemas: from an object or a file, refused where they cannot describe records."""

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
    return read(SchemaSettings, raw, "", collector), collector.errors


def test_a_declared_schema_is_kept_and_is_an_object():
    """What was declared is kept as it is; the type object may be left out."""
    found, _ = reading(schema={**SCHEMA, "required": ["id"]})
    assert found.schema == {"type": "object", **SCHEMA, "required": ["id"]}


def test_a_schema_may_be_in_a_file(tmp_path):
    """A text is the path of a file with the schema, whose numbers are exact."""
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    assert reading(schema=str(path))[0].schema["properties"]["n"] == {"multipleOf": Decimal("0.01")}


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot read the file"), ("{", "is not JSON"), ("[]", "must be")]
)
def test_a_file_that_is_no_schema_is_one_error(tmp_path, content, says):
    """A missing file, a file that is no JSON and one that holds no object are told apart."""
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_text(content)
    found, (error,) = reading(schema=str(path))
    assert found is None
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
        pytest.param(
            {"properties": {"a": {"type": 5}}},
        ),
        pytest.param(
            {"properties": {"a": {"type": "strng"}}},
        ),
        pytest.param(
            {"properties": {"a": {"type": "object", "properties": ["b"]}}},
        ),
        pytest.param(
            {"type": "array", "properties": {"a": {}}},
        ),
    ],
)
def test_what_describes_no_records_is_refused(schema):
    """A schema that is no JSON Schema of an object is one error before any request."""
    found, errors = reading(schema=schema)
    assert found is None
    assert len(errors) == 1


@pytest.mark.parametrize("inner", [True, {"properties": {"x": False}}, {"items": True}])
def test_every_schema_inside_is_an_object(inner):
    """A schema that is true or false, which a catalog does not know, is refused at any depth."""
    found, (error,) = reading(schema={"properties": {"a": {"type": "object"}, "b": inner}})
    assert found is None
    assert "the schema of property 'b' must be an object" in error


@pytest.mark.parametrize(
    ("raw", "action"),
    [
        ({}, "add"),
        ({"schema": SCHEMA}, "ignore"),
        ({"new_fields": "fail"}, "fail"),
        ({"schema": SCHEMA, "new_fields": "add"}, "add"),
    ],
)
def test_new_fields_are_added_unless_a_schema_was_declared(raw, action):
    """An inferred schema grows, a declared one stays, and what is set by hand wins."""
    assert reading(**raw)[0].on_new_fields == action


def test_the_sample_has_a_size():
    """200 records are looked at unless another number is given, at least one."""
    assert reading()[0].schema_sample_size == 200
    assert reading(schema_sample_size=0)[1] == ["schema_sample_size: must be at least 1, not 0"]
