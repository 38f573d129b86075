"""Schemas of a document become columns, and nothing that they allow is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.importers.openapi_documents import (
    document,
    imported,
    list_of,
    listing,
    record,
    stream,
)

if TYPE_CHECKING:
    from tests.support.runs import TapRunner
    from tests.support.server import ApiServer

OBJECT = {"type": ["object", "null"]}
TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}


def _columns(item: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    made = document({"/items": listing(list_of(item))}, components={"schemas": schemas})
    found: dict[str, Any] = stream(imported(made), "items")["schema"]["properties"]
    return found


@pytest.mark.parametrize(
    ("schema", "column"),
    [
        ({"type": "string"}, TEXT),
        ({"type": ["string", "null"]}, TEXT),
        ({"type": "string", "nullable": True}, TEXT),
        ({"type": "string", "format": "date-time"}, {**TEXT, "format": "date-time"}),
        ({"type": "string", "format": "date"}, TEXT),
        ({"type": "integer", "format": "int64"}, {"type": ["integer", "null"]}),
        ({"type": ["integer", "number"]}, NUMBER),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, NUMBER),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, TEXT),
        ({"type": ["string", "integer"]}, TEXT),
        ({"enum": ["a", "b"]}, TEXT),
        ({"enum": [1, 2, None]}, {"type": ["integer", "null"]}),
        ({"const": True}, {"type": ["boolean", "null"]}),
        ({}, TEXT),
        ({"type": "object"}, OBJECT),
        ({"type": "object", "additionalProperties": {"type": "string"}}, OBJECT),
        (
            {"properties": {"a": {"type": "string"}}},
            {**OBJECT, "properties": {"a": TEXT}},
        ),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}},
                    {"type": "object", "properties": {"b": {"type": "number"}}},
                ]
            },
            {**OBJECT, "properties": {"a": TEXT, "b": NUMBER}},
        ),
        (
            {
                "oneOf": [
                    {"properties": {"a": {"type": "integer"}}},
                    {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
                ]
            },
            {**OBJECT, "properties": {"a": TEXT, "b": TEXT}},
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": ["array", "null"], "items": TEXT},
        ),
        (
            {"type": "array", "items": {"properties": {"a": {"type": "string"}}}},
            {"type": ["array", "null"], "items": {**OBJECT, "properties": {"a": TEXT}}},
        ),
        ({"$ref": "#/components/schemas/Money"}, {**OBJECT, "properties": {"cents": NUMBER}}),
    ],
)
def test_schema_becomes_a_column(schema: dict[str, Any], column: dict[str, Any]) -> None:
    """Each takes null; one that may hold several types is a string, which holds any as JSON."""
    money = {"type": "object", "properties": {"cents": {"type": "number"}}}
    assert _columns(record(value=schema), Money=money)["value"] == column


def test_cycle_ends_in_an_object_of_any_fields() -> None:
    """A record inside itself is kept whole, without columns of its own."""
    node = record(parent={"$ref": "#/components/schemas/Node"})
    columns = _columns({"$ref": "#/components/schemas/Node"}, Node=node)
    assert columns["parent"] == OBJECT


def test_what_is_not_documented_arrives(tap: TapRunner, api: ApiServer) -> None:
    """A field that the document lacks, and a value of another type than it says."""
    made = imported(document({"/items": listing(list_of(record()))}, api.url))
    row = {"id": 1, "name": {"first": "a"}, "more": [1]}
    api.serve("/items", {"data": [row, {"id": 2, "name": None}]})
    run = tap.ok({**made.config, "max_retries": 0})
    assert len(run.records()) == 2
    assert run.records()[0]["more"] == [1]
    assert "first" in str(run.records()[0])


def test_write_only_fields_are_no_columns() -> None:
    """They are in requests alone."""
    columns = _columns(record(password={"type": "string", "writeOnly": True}))
    assert set(columns) == {"id", "name"}


def test_large_schema_is_bounded() -> None:
    """A hundred schemas, each of which holds all: neither time nor size multiplies."""
    names = [f"S{number}" for number in range(100)]
    members = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
    schemas = {name: record(**members) for name in names}
    made = imported(
        document(
            {"/items": listing(list_of({"$ref": "#/components/schemas/S0"}))},
            components={"schemas": schemas},
        )
    )
    assert len(str(made.config)) < 200_000


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "array", "items": record()}, None),
        (list_of(record()), "data"),
        (
            {"type": "object", "properties": {"users": {"type": "array", "items": record()}}},
            "users",
        ),
        (
            {
                "type": "object",
                "properties": {
                    "errors": {"type": "array", "items": {"type": "object"}},
                    "items": {"type": "array", "items": record()},
                },
            },
            "items",
        ),
        ({"type": "object", "properties": {"result": list_of(record())}}, "result.data"),
        ({"allOf": [{"type": "object"}, list_of(record())]}, "data"),
        (
            {
                "type": "object",
                "properties": {
                    "edges": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"node": record()}},
                    }
                },
            },
            "$.edges[*].node",
        ),
    ],
)
def test_records_are_found_by_the_schema(schema: dict[str, Any], path: str | None) -> None:
    """The array, or the array in an envelope, whose items have the columns."""
    found = stream(imported(document({"/users": listing(schema)})), "users")
    assert found.get("records_path") == path
    assert found["primary_keys"] == ["id"]


@pytest.mark.parametrize(
    "schema",
    [
        record(tags={"type": "array", "items": record()}),
        record(cards=list_of(record())),
        {"type": "object", "properties": {"data": record()}},
        {"type": "object", "properties": {"data": record(data={"type": "array", "items": {}})}},
        {"type": "string"},
        {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        {},
    ],
)
def test_other_responses_are_left_out(schema: dict[str, Any]) -> None:
    """An object, also one that holds lists, is no list; the report names it."""
    paths = {"/users": listing(list_of(record())), "/me": listing(schema)}
    made = imported(document(paths))
    assert [one["name"] for one in made.config["streams"]] == ["users"]
    assert any("/me" in line for line in made.left_out)


def test_keys_are_named() -> None:
    """A time of change is only named: whether the API filters by it is not known."""
    time = {"type": "string", "format": "date-time"}
    made = imported(document({"/users": listing(list_of(record(updated_at=time)))}))
    found = stream(made, "users")
    assert found["primary_keys"] == ["id"]
    assert "replication_key" not in found
    assert any("'updated_at'" in line and "users" in line for line in made.unsure)
