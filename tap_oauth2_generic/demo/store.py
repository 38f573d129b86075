"""The demo's rows in order of their last change, and the change that ``/demo/change`` makes.

The shape of a row is in ``records``; paging and responses are elsewhere.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo import records
from tap_oauth2_generic.demo.raw_json import RawJson, render
from tap_oauth2_generic.demo.sample_values import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_oauth2_generic.demo.records import Record

FIRST_UPDATE = datetime(2025, 1, 1, 0, 10, tzinfo=timezone.utc)
FIRST_CHANGE = datetime(2026, 1, 1, tzinfo=timezone.utc)
CHANGED_ROWS = 3

_SPAN = 364 * 86_400
_JITTER = 1_000


def utc(updated: datetime, _number: int) -> str:
    """Format a timestamp as ``2025-01-01T00:00:00Z``."""
    return updated.strftime("%Y-%m-%dT%H:%M:%SZ")


def mixed_offsets(updated: datetime, number: int) -> str:
    """Format a timestamp with milliseconds and a UTC offset that varies by row."""
    hours = records.pick((0, 2, -7, 5), number)
    local = updated.astimezone(timezone(timedelta(hours=hours)))
    return local.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Collection:
    """How to make the rows of one collection."""

    size: int
    make: Callable[[int], Record]
    visible: str
    """String field that a change rewrites; dotted if nested."""
    parent: Callable[[int], str] | None = None
    stamp_at: str = "updated_at"
    stamp: Callable[[datetime, int], str] = utc


COLLECTIONS = {
    "countries": Collection(len(COUNTRIES), records.country, "name"),
    "contacts": Collection(520, records.contact, "title"),
    "issues": Collection(
        430, records.issue, "fields.summary", stamp_at="fields.updated", stamp=mixed_offsets
    ),
    "people": Collection(640, records.person, "biography"),
    "messages": Collection(350, records.message, "subject"),
    "events": Collection(610, records.event, "note"),
    "charges": Collection(480, records.charge, "description"),
    "search": Collection(390, records.hit, "title"),
    "lists": Collection(records.LISTS, records.task_list, "displayName"),
    "tasks": Collection(460, records.task, "title", parent=records.list_of_task),
}


@dataclass(frozen=True)
class Row:
    """One row: its record as JSON, and the values the API filters by."""

    number: int
    id: str
    updated: datetime
    parent: str | None
    json: RawJson


class Store:
    """All rows. Readers never block: a change replaces the lists."""

    def __init__(self) -> None:
        """Create the rows, the same at every start."""
        self._lock = threading.Lock()
        self._rounds = 0
        self._changes = 0
        self._rows = {
            name: [_first_row(kind, number) for number in range(kind.size)]
            for name, kind in COLLECTIONS.items()
        }

    def rows(
        self, name: str, after: datetime | None = None, parent: str | None = None
    ) -> list[Row]:
        """Return the rows changed strictly after a timestamp, oldest change first."""
        rows = self._rows[name]
        start = 0 if after is None else bisect_right(rows, after, key=lambda row: row.updated)
        return [row for row in rows[start:] if parent is None or row.parent == parent]

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each collection."""
        return {name: len(rows) for name, rows in self._rows.items()}

    def change(self) -> dict[str, int]:
        """Change the oldest rows of each collection and add one row.

        Returns:
            The number of rows changed or added, per collection.
        """
        with self._lock:
            self._rounds += 1
            before = self._rows
            self._rows = {
                name: self._change_rows(COLLECTIONS[name], before[name]) for name in before
            }
        return dict.fromkeys(self._rows, CHANGED_ROWS + 1)

    def _change_rows(self, kind: Collection, rows: list[Row]) -> list[Row]:
        touched = []
        for row in rows[:CHANGED_ROWS]:
            record = kind.make(row.number)
            inner, name = _place(record, kind.visible)
            inner[name] = f"{inner[name]} (change {self._rounds})"
            touched.append(_row(kind, row.number, self._next_change(), record))
        new = _row(kind, len(rows), self._next_change(), kind.make(len(rows)))
        return [*rows[CHANGED_ROWS:], *touched, new]

    def _next_change(self) -> datetime:
        self._changes += 1
        return FIRST_CHANGE + timedelta(seconds=self._changes)


def _first_row(kind: Collection, number: int) -> Row:
    # The jitter is smaller than the step, so that times stay unique and increasing.
    seconds = number * (_SPAN // kind.size) + number * 7919 % _JITTER
    return _row(kind, number, FIRST_UPDATE + timedelta(seconds=seconds), kind.make(number))


def _row(kind: Collection, number: int, updated: datetime, record: Record) -> Row:
    inner, name = _place(record, kind.stamp_at)
    inner[name] = kind.stamp(updated, number)
    parent = kind.parent(number) if kind.parent else None
    return Row(number, str(record["id"]), updated, parent, RawJson(render(record)))


def _place(record: Record, dotted: str) -> tuple[Record, str]:
    """Return the object that contains a field, and the field's name in it."""
    *path, name = dotted.split(".")
    for key in path:
        record = record[key]
    return record, name
