"""The columns of a stream as they are kept in its state: names and types, nothing else.

A column that is more than a name and a type is kept as its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from tap_oauth2_generic.records.declared import is_schema
from tap_oauth2_generic.records.growth import Columns
from tap_oauth2_generic.records.infer import COLUMNS, Schema, types_of, without_nulls

#: The key of a stream's state with its remembered columns.
MEMORY = "schema"
_VERBATIM = "schema"


def remember(columns: Columns) -> dict[str, Any]:
    """Return the columns as the state keeps them."""
    kept: dict[str, Any] = {"columns": {}}
    for name, column in without_nulls(columns.schema)["properties"].items():
        kept["columns"][name] = [_VERBATIM, column]
        with suppress(ValueError):
            if _expand(short := _shorten(column)) == column:
                kept["columns"][name] = short
    if columns.variants:
        kept["variants"] = dict(columns.variants)
    return kept


def recall(kept: Any) -> Columns:
    """Return columns from a state; raise ValueError if it is malformed."""
    if not isinstance(kept, Mapping) or not isinstance(kept.get("columns"), Mapping):
        raise ValueError
    properties = {name: _expand(short) for name, short in kept["columns"].items()}
    variants = kept.get("variants", {})
    _check_variants(variants, properties)
    return Columns({"type": "object", "properties": properties}, variants)


def merge(memories: Iterable[Any]) -> dict[str, Any]:
    """Return all that several states remember of a stream; the first of a name counts."""
    merged: dict[str, Any] = {}
    for memory in memories:
        with suppress(ValueError):
            recall(memory)
            for part in ("columns", "variants"):
                merged[part] = {**memory.get(part, {}), **merged.get(part, {})}
            merged |= {"declared": True} if memory.get("declared") is True else {}
    return merged


def _shorten(column: Schema) -> Any:
    name = "".join(types_of(column))
    if name == "object" and "properties" in column:
        return {name: _shorten(member) for name, member in column["properties"].items()}
    if name == "array":
        return [_shorten(column["items"])] if column.get("items") else []
    return column.get("format", name)


def _expand(short: Any) -> Schema:
    if isinstance(short, Mapping):
        return {
            "type": ["object", "null"],
            "properties": {name: _expand(member) for name, member in short.items()},
        }
    if isinstance(short, list) and len(short) <= 1:
        return {"type": ["array", "null"], "items": _expand(short[0]) if short else {}}
    if isinstance(short, list) and short[0] == _VERBATIM and is_schema(short[1]):
        verbatim: Schema = short[1]
        return verbatim
    if not isinstance(short, str) or short not in COLUMNS:
        raise ValueError
    return COLUMNS[short]


def _check_variants(variants: Any, columns: Mapping[str, Any]) -> None:
    """Raise ValueError if a variant is of no column, or of no single type."""
    if not isinstance(variants, Mapping):
        raise ValueError
    for name, owner in variants.items():
        if name not in columns:
            raise ValueError
        if isinstance(owner, Mapping):
            _check_variants(owner, columns[name].get("properties", {}))
        elif not isinstance(owner, str) or len(types_of(columns[name])) != 1:
            raise ValueError
