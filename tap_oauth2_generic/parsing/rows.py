"""Rows: records that the server wrote as lists of values, and the names of their columns; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.settings.field_types import NAMES
from tap_oauth2_generic.settings.fields import FieldType
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath, Path, parse_path

FIRST_ROW = "first_row"
Columns = Sequence[str] | Path


def _parse(value: Any) -> Columns:
    if isinstance(value, str) and (value == FIRST_ROW or value.startswith("$")):
        return value if value == FIRST_ROW else parse_path(value)
    names: list[str] = NAMES.parse(value)
    if not names or len(set(names)) != len(names):
        raise ValueError("must be different names, 'first_row' or a path that starts with $")
    return names


COLUMNS = FieldType({"type": ["array", "string"], "items": {"type": "string"}}, _parse)


def name_rows(rows: Sequence[Any], columns: Columns, body: Any) -> list[dict[str, Any]]:
    """Return an object for each row, a null aside; raise ResponseError for one that does not fit.

    ``columns`` are the names, ``first_row``, or the path to the names in the body.
    """
    if not rows:
        return []
    begin = int(columns == FIRST_ROW)
    names = _names(rows[0] if begin else columns, body)
    records = []
    for number, row in enumerate(rows[begin:], begin + 1):
        if row is None:
            continue
        if not isinstance(row, list) or len(row) != len(names):
            has = f"{len(row)} values" if isinstance(row, list) else "no list of values"
            raise ResponseError(f"record_columns: row {number} has {has} for {len(names)} columns")
        records.append(dict(zip(names, row, strict=True)))
    return records


def _names(columns: Any, body: Any) -> list[str]:
    if isinstance(columns, DottedPath | JsonPath):
        found = columns.find_all(body)
        columns = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    names = columns if isinstance(columns, list) else []
    if not names or not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise ResponseError("record_columns: the response has no list of different names for them")
    return names
