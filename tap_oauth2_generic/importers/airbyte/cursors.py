"""The cursors of a manifest as ``replication_key`` and ``incremental``; pure."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Unknown
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.requests import put_option
from tap_oauth2_generic.importers.airbyte.texts import Texts, strftime

_ISO = re.compile(r"%Y-%m-%d([T ]%H:%M(:%S(\.?%f|\.%_ms|\.%L)?)?(%z|Z|\+00:00)?)?")
_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_SECONDS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)
_KINDS = ("DatetimeBasedCursor", "IncrementingCountCursor")


@dataclass
class StartDates:
    """The lower bounds that the cursors of a manifest name: settings, and fixed times."""

    settings: list[Unknown] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    is_computed: bool = False


def bound_names(cursor: Component | None) -> dict[str, str]:
    """Return the names by which templates may read the bounds of a read."""
    if cursor is None or cursor.type != "DatetimeBasedCursor":
        return {}
    start = cursor.text("partition_field_start", "start_time")
    end = cursor.text("partition_field_end", "end_time")
    return {"start_time": "start", "end_time": "end", start: "start", end: "end"}


def read_cursor(
    cursor: Component, made: dict[str, Any], texts: Texts, dates: StartDates
) -> dict[str, Any]:
    """Return the settings of an incremental stream; raise LeftOutError."""
    if cursor.type not in _KINDS:
        raise cursor.fail(f"{cursor.kind} is custom code")
    key = texts.constant(cursor, cursor.text("cursor_field"))
    if not key or "." in str(key):
        raise cursor.fail(f"its cursor_field {key!r} is no top-level field", "cursor_field")
    if cursor.type == "IncrementingCountCursor":
        start = texts.constant(cursor, cursor.get("start_value", 0))
        where = put_option(cursor.child("start_value_option"), "", made, texts)
        incremental = _bound("start", where, cursor.child("start_value_option"), made, texts)
        settings = {"replication_key": str(key), "initial_value": start or 0}
        return settings | ({"incremental": incremental} if incremental else {})
    _note_start(cursor, texts, dates)
    incremental = _bounds(cursor, made, texts)
    incremental |= _formats(cursor, texts)
    if cursor.get("is_client_side_incremental") is True:
        incremental["drop_older"] = True
    if cursor.get("is_data_feed") is True:
        incremental["order"] = "desc"
    if seconds := _seconds(texts.constant(cursor, cursor.text("lookback_window"))):
        incremental["lookback"] = seconds
    return {"replication_key": str(key), "incremental": incremental}


def _bounds(cursor: Component, made: dict[str, Any], texts: Texts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    used = texts.symbols.used
    sent = {name for name in ("start", "end") if name in used}
    for name in ("start", "end"):
        option = cursor.child(f"{name}_time_option")
        if option is not None:
            found |= _bound(name, put_option(option, "", made, texts), option, made, texts)
            sent.add(name)
    step = str(texts.constant(cursor, cursor.text("step")) or "").upper()
    if sent == {"start", "end"} and _seconds(step):
        found["window"] = step
        if cursor.text("cursor_granularity"):
            # The CDK ends a slice one unit before the next begins.
            found["window_bounds"] = "inclusive"
    return found


def _bound(
    name: str,
    where: tuple[str, str] | None,
    option: Component | None,
    made: dict[str, Any],
    texts: Texts,
) -> dict[str, Any]:
    if where is None:
        return {}
    if where[1] == "params":
        return {f"{name}_param": where[0]}
    put_option(option, f"{{{name}}}", made, texts)
    texts.symbols.used.add(name)
    return {}


def _formats(cursor: Component, texts: Texts) -> dict[str, Any]:
    sent = str(texts.constant(cursor, cursor.text("datetime_format")) or "")
    found: dict[str, Any] = {"format": _word(sent)} if sent else {}
    known = cursor.get("cursor_datetime_formats")
    of_keys = [str(one) for one in known] if isinstance(known, list) else []
    odd = [one for one in of_keys if one != sent and one.startswith("%") and not _is_known(one)]
    if odd:
        found["key_format"] = strftime(odd[0])
    return found


def _word(pattern: str) -> str:
    if pattern == "%s_as_float":
        return "epoch"
    return strftime(pattern)


def _is_known(pattern: str) -> bool:
    return bool(_ISO.fullmatch(pattern)) or pattern in ("%s", "%ms", "%s_as_float", "%a, %d %b %Y")


def _note_start(cursor: Component, texts: Texts, dates: StartDates) -> None:
    start = cursor.get("start_datetime")
    if isinstance(start, dict):
        start = (cursor.child("start_datetime") or cursor).get("datetime")
    if not isinstance(start, str):
        return
    parts = [one for one in texts.parts(cursor, start) if not isinstance(one, str) or one.strip()]
    for one in parts:
        if isinstance(one, str):
            dates.fixed.append(one.strip())
        else:
            _note_node(one, dates)


def _note_node(node: ast.expr, dates: StartDates) -> None:
    values = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    unknown = [one for one in values if isinstance(one, Unknown)]
    written = [str(one) for one in values if re.match(r"\d{4}-\d\d-\d\d", str(one))]
    dates.settings += unknown
    dates.fixed += written
    dates.is_computed = dates.is_computed or not (unknown or written)


def _seconds(duration: Any) -> int:
    match = _DURATION.fullmatch(str(duration or "").upper())
    parts = [int(part or 0) for part in match.groups()] if match else []
    return sum(number * unit for number, unit in zip(parts, _SECONDS, strict=False))
