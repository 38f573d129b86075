"""Schemas from samples: all columns nullable, none required, each of the narrowest type.

Values of different types in one field make a string column, which holds them as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.runtime.timestamps import is_date_time
from tap_oauth2_generic.settings.limits import MAX_PROPERTIES

Schema = Mapping[str, Any]
# The values of an integer column; longer integers go into a number column.
COLUMN_INTEGERS = range(-(2**63), 2**63)
#: Stands for the members of a list in a path.
IN_LIST = "[]"

# Holds anything, since any JSON value can be written as a string: for fields that were null in
# the whole sample and for fields whose values are of different kinds.
ANY_VALUE: Schema = {"type": ["string", "null"]}
_ONLY_NULLS: Schema = {"type": ["null"]}
_NUMBER: Schema = {"type": ["number", "null"]}


def infer(records: Iterable[Mapping[str, Any]], keys: Iterable[str] = ()) -> dict[str, Any]:
    """Return the schema that fits every record of a sample.

    ``keys`` are fields that must have a column even where no sample has them: primary and
    replication keys.
    """
    properties: dict[str, Schema] = {}
    for record in records:
        for name, value in record.items():
            properties[name] = grow(properties.get(name), value)
    for name in keys:
        properties.setdefault(name, ANY_VALUE)
    return {"type": "object", "properties": {n: _finish(s) for n, s in properties.items()}}


def grow(schema: Schema | None, value: Any) -> Schema:
    """Return the narrowest schema that fits the values of a schema and another one."""
    if value is None:
        return schema or _ONLY_NULLS
    if schema is None or schema == _ONLY_NULLS:
        return _schema_of(value)
    types = {kind for kind in _types(schema) if kind != "null"}
    # Nested values are read once: again at each level would cost the square of the depth.
    if isinstance(value, dict):
        return _grow_object(schema, value) if types == {"object"} else ANY_VALUE
    if isinstance(value, list):
        return _grow_array(schema, value) if types == {"array"} else ANY_VALUE
    new = _schema_of(value)
    if types | set(new["type"]) == {"integer", "number", "null"}:
        return _NUMBER
    if types | {"null"} != set(new["type"]):
        return ANY_VALUE
    return schema if schema.get("format") == new.get("format") else ANY_VALUE


def grow_at(schema: Schema | None, path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a schema that also fits a value at a path.

    ``[]`` in the path stands for the members of a list. A null makes a column nullable and no
    longer required.
    """
    if not path:
        if schema is None or value is not None:
            return dict(_finish(grow(schema, value)))
        types = _types(schema)
        return {**schema, "type": [*types, "null"]} if types and "null" not in types else {**schema}
    schema = dict(schema or {"type": ["object", "null"]})
    name, rest = path[0], path[1:]
    if name == IN_LIST:
        return {**schema, "items": grow_at(schema.get("items"), rest, value)}
    properties = dict(schema.get("properties", {}))
    properties[name] = grow_at(properties.get(name), rest, value)
    grown = {**schema, "properties": properties}
    if value is None and not rest and name in schema.get("required", ()):
        grown["required"] = [other for other in schema["required"] if other != name]
    return grown


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _schema_of(value: Any) -> Schema:
    if isinstance(value, bool):
        return {"type": ["boolean", "null"]}
    if isinstance(value, int):
        return {"type": ["integer", "null"]} if value in COLUMN_INTEGERS else _NUMBER
    if isinstance(value, Decimal | float):
        return _NUMBER
    if isinstance(value, dict):
        return _grow_object({}, value)
    if isinstance(value, list):
        return _grow_array({}, value)
    if is_date_time(value):
        return {"type": ["string", "null"], "format": "date-time"}
    return ANY_VALUE


def _grow_object(schema: Schema, value: Mapping[str, Any]) -> Schema:
    free_form = {"type": ["object", "null"]}
    if schema and "properties" not in schema:
        return schema
    properties = dict(schema.get("properties", {}))
    for name, member in value.items():
        properties[name] = grow(properties.get(name), member)
    if len(properties) > MAX_PROPERTIES:
        return free_form
    return {**schema, **free_form, "properties": properties}


def _grow_array(schema: Schema, value: list[Any]) -> Schema:
    grown = {**schema, "type": ["array", "null"]}
    for member in value:
        grown["items"] = grow(grown.get("items"), member)
    return grown


def _finish(schema: Schema) -> Schema:
    """Turn columns that were only null into string columns, which hold any value."""
    if schema == _ONLY_NULLS:
        return ANY_VALUE
    finished = dict(schema)
    if "properties" in schema:
        finished["properties"] = {n: _finish(s) for n, s in schema["properties"].items()}
    if "items" in schema:
        finished["items"] = _finish(schema["items"])
    return finished
