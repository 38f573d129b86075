"""Schemas from values: all columns nullable, none required, each of the narrowest type.

Values of different types in one field make a string column, which holds them as JSON. A field
that was only null so far is noted (``ONLY_NULLS``), but is not a column yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.runtime.timestamps import is_date_time
from tap_oauth2_generic.settings.limits import MAX_PROPERTIES

Schema = Mapping[str, Any]
# The values of an integer column; longer integers go into a number column.
COLUMN_INTEGERS = range(-(2**63), 2**63)
#: Stands for the members of a list in a path.
IN_LIST = "[]"

#: The column for each type.
COLUMNS: Mapping[str, Schema] = {
    **{t: {"type": [t, "null"]} for t in ("integer", "number", "boolean", "string", "object")},
    "date-time": {"type": ["string", "null"], "format": "date-time"},
}
#: Holds anything, since any JSON value can be written as a string.
ANY_VALUE = COLUMNS["string"]
#: Notes a field that was only null so far.
ONLY_NULLS: Schema = {"type": ["null"]}
#: An object whose keys are data, not columns.
FREE_FORM = COLUMNS["object"]


def infer(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schema that fits every record of a sample, with notes of fields only null."""
    properties: dict[str, Schema] = {}
    for record in records:
        for name, value in record.items():
            properties[name] = grow(properties.get(name), value)
    return settle_items({"type": "object", "properties": properties}, {})


def grow(schema: Schema | None, value: Any, *, adds: bool = True, joins: bool = True) -> Schema:
    """Return the narrowest schema that fits the values of a schema and another one.

    ``adds`` lets objects get fields that they lack, ``joins`` lets values change a type.
    """
    if schema is None or schema == ONLY_NULLS:
        return ONLY_NULLS if value is None else _schema_of(value)
    types = types_of(schema)
    if value is None or not types:
        return schema
    # Nested values are read once: again at each level would cost the square of the depth.
    if isinstance(value, dict) and "object" in types:
        return _grow_object(schema, value, adds=adds, joins=joins)
    if isinstance(value, list) and "array" in types:
        return _grow_array(schema, value, adds=adds, joins=joins)
    other = _schema_of(value)
    (kind,) = types_of(other)
    fits = kind in types or (kind == "integer" and "number" in types)
    is_no_time = kind == "string" and schema.get("format") == "date-time" != other.get("format")
    if not joins or (fits and not is_no_time):
        return schema
    return COLUMNS["number"] if {*types, kind} <= {"integer", "number"} else ANY_VALUE


def without_nulls(schema: Schema) -> dict[str, Any]:
    """Return a schema without the notes of fields that were only null."""
    columns = dict(schema)
    if "properties" in schema:
        members = schema["properties"].items()
        columns["properties"] = {n: without_nulls(s) for n, s in members if s != ONLY_NULLS}
    if "items" in schema:
        columns["items"] = without_nulls(schema["items"])
    return columns


def settle_items(schema: Schema, known: Schema) -> dict[str, Any]:
    """Return a schema, grown from a known one, whose lists never need items of another type.

    target-postgres makes array columns of typed items, which take no other type later. Strings
    hold any item as JSON, and all objects are one type; other items get no type.
    """
    settled = dict(schema)
    if schema == known:
        return settled
    if "properties" in schema:
        before = known.get("properties", {})
        members = schema["properties"].items()
        settled["properties"] = {n: settle_items(s, before.get(n, {})) for n, s in members}
    if "items" in schema:
        items, before = schema["items"], known.get("items", {})
        settled["items"] = {}
        if types_of(items) == {"object"}:
            settled["items"] = settle_items(items, before)
        elif types_of(items) == {"string"} and types_of(before) != {"object"}:
            settled["items"] = ANY_VALUE
    return settled


def named_types(schema: Any) -> set[str]:
    """Return the types that a schema names; one that names none, or is true, takes anything."""
    types = schema.get("type") if isinstance(schema, Mapping) else None
    return {types} if isinstance(types, str) else {*(types or ())}


def types_of(schema: Any) -> set[str]:
    """Return the types that a schema names, but for null."""
    return named_types(schema) - {"null"}


def _schema_of(value: Any) -> Schema:
    if isinstance(value, bool):
        return COLUMNS["boolean"]
    if isinstance(value, int):
        return COLUMNS["integer" if value in COLUMN_INTEGERS else "number"]
    if isinstance(value, Decimal | float):
        return COLUMNS["number"]
    if isinstance(value, dict):
        return _grow_object({"properties": {}}, value)
    if isinstance(value, list):
        return _grow_array({}, value)
    return COLUMNS["date-time" if is_date_time(value) else "string"]


def _grow_object(schema: Schema, value: Mapping[str, Any], **rules: bool) -> Schema:
    if "properties" not in schema:
        return schema
    properties = dict(schema["properties"])
    for name, member in value.items():
        known = properties.get(name)
        if rules.get("adds", True) or member is None or known not in (None, ONLY_NULLS):
            properties[name] = grow(known, member, **rules)
    if len(properties) > MAX_PROPERTIES:
        return FREE_FORM
    return {**FREE_FORM, **schema, "properties": properties}


def _grow_array(schema: Schema, value: list[Any], **rules: bool) -> Schema:
    grown: dict[str, Any] = {"type": ["array", "null"], **(schema or {"items": ONLY_NULLS})}
    for member in value if "items" in grown else ():
        grown["items"] = grow(grown["items"], member, **rules)
    return grown
