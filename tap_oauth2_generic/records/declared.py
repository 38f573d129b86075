"""The schema settings of a stream, and a declared schema read from its object or file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tap_oauth2_generic.settings.field_types import BOOLEAN, enum, integer
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting

_STRINGS = {"format", "title", "description"}
_KEYWORDS = {"type", "properties", "items", *_STRINGS}
_TYPES = ("null", "boolean", "integer", "number", "string", "object", "array")


def _parse(value: Any) -> dict[str, Any]:
    schema = _from_file(value) if isinstance(value, str) else value
    if not isinstance(schema, Mapping):
        raise ValueError("must be a JSON Schema object or the path of a file with one")
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        raise ValueError(
            'must describe records: {"type": "object", "properties": {…}}; '
            "preview --stream NAME --schema FILE writes such a schema"
        )
    if schema.get("type", "object") not in ("object", ["object"]):
        raise ValueError('must describe records, which are of type "object"')
    if not _is_plain(schema):
        _check(schema)
    for name, member in properties.items():
        if not is_schema(member):
            raise ValueError(
                f"the schema of property {name!r} must be an object, as must those inside it"
            )
    return {"type": "object", **schema}


def _is_plain(schema: Any) -> bool:
    """Return whether a schema is valid for sure: types, members and strings, nothing else."""
    if not isinstance(schema, Mapping) or not schema.keys() <= _KEYWORDS:
        return False
    kinds, properties = schema.get("type", "object"), schema.get("properties", {})
    named = kinds if isinstance(kinds, list) and kinds else [kinds]
    items = [schema["items"]] if "items" in schema else []
    return (
        all(kind in _TYPES for kind in named)
        and len({*named}) == len(named)
        and all(isinstance(schema.get(name, ""), str) for name in _STRINGS)
        and isinstance(properties, Mapping)
        and all(map(_is_plain, [*properties.values(), *items]))
    )


def _check(schema: Mapping[str, Any]) -> None:
    """Raise ValueError if it is no JSON Schema."""
    from jsonschema import Draft202012Validator, SchemaError  # takes 9 ms a stream

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path))
        raise ValueError(f"is no JSON Schema, at {place}: {error.message[:200]}") from None


def is_schema(schema: Any) -> bool:
    """Return whether a schema and all schemas inside it are objects of known shape."""
    if not isinstance(schema, Mapping):
        return False
    kinds, items = schema.get("type", []), schema.get("items")
    properties, choices = schema.get("properties", {}), schema.get("anyOf", [])
    if not isinstance(properties, Mapping) or not isinstance(choices, list):
        return False
    named = kinds if isinstance(kinds, list) else [kinds]
    required = schema.get("required", []) if properties else []
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        return False
    inner = [*properties.values(), *choices, *([] if items is None else [items])]
    return all(isinstance(kind, str) for kind in named) and all(map(is_schema, inner))


def _from_file(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        message = f"cannot read the file {path!r}: {error.strerror}"
    except ValueError as error:
        message = f"the file {path!r} is not JSON: {error}"
    raise ValueError(message)


class SchemaSettings(Settings):
    """How a stream's columns are known."""

    schema: dict[str, Any] | None = setting(
        FieldType({"type": ["object", "string"]}, _parse),
        "JSON Schema of the records, or the path of a file with one; inferred when absent.",
    )
    schema_sample_size: int = setting(integer(1), "Records to infer the schema from.", default=200)
    new_fields: str | None = setting(
        enum("add", "ignore", "fail"),
        "A field first seen during a sync: add emits a new SCHEMA message, ignore drops it with "
        "one warning, fail stops. Default: add if the schema is inferred, ignore if declared.",
    )

    remember_schema: bool = setting(
        BOOLEAN,
        "Keep an inferred schema, names and types, in the stream's state, and start from it in the "
        "next run.",
        default=True,
    )
    on_type_change: str | None = setting(
        enum("variant", "widen", "fail"),
        "A value that does not fit its column: variant puts it into a column of its own, "
        "`<name>__<type>`, widen changes the column's type, fail stops. Default: variant if the "
        "schema is inferred, fail if declared.",
    )
