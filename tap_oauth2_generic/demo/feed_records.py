"""Invented feeds: changes with every kind of replication key, channels, sensor readings.

Pure functions of running numbers, so that every start has the same data. No HTTP, no paging.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo.records import Record, pick
from tap_oauth2_generic.demo.sample_values import TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES = 100
FIRST_CHANGE = datetime(2025, 1, 1, 6, tzinfo=timezone.utc)
FIRST_PLANNED = 95
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=timezone.utc)
READINGS = 30
DRIFTS = ("field", "nested", "misfit")

CHANNELS: dict[str, int | str] = {
    "general": 12,
    "random": 5,
    "private": "not_in_channel",
    "old": "is_archived",
}
"""Number of posts of each channel, or the error that reading it returns."""

_SHUFFLE = 37  # has no factor in common with the number of changes
_OFFSETS = (0, 2, -7, 5)


def changed_at(number: int, kind: str = "iso") -> datetime:
    """Return the time of a change: one a day, in the order of their numbers.

    The last few of the ``planned`` changes are far in the future.
    """
    if kind == "planned" and number >= FIRST_PLANNED:
        return FAR_AHEAD + timedelta(days=number)
    return FIRST_CHANGE + timedelta(days=number)


def _iso(at: datetime, hours: int = 0) -> str:
    return at.astimezone(timezone(timedelta(hours=hours))).isoformat().replace("+00:00", "Z")


def _mixed_offsets(number: int) -> Record:
    return {"changed": _iso(changed_at(number), pick(_OFFSETS, number))}


def _sparse(number: int) -> Record:
    return {} if number % 10 == 0 else {"changed": _iso(changed_at(number))}


KEYS: dict[str, Callable[[int], Record]] = {
    "iso": lambda number: {"changed": _iso(changed_at(number))},
    "nested": lambda number: {"meta": {"changed": _iso(changed_at(number))}},
    "mixed": _mixed_offsets,
    "sparse": _sparse,
    "planned": lambda number: {"changed": _iso(changed_at(number, "planned"))},
    "epoch": lambda number: {"changed": int(changed_at(number).timestamp())},
    "epoch_ms": lambda number: {"changed": int(changed_at(number).timestamp()) * 1000},
    "text": lambda number: {"revision": str(number + 1)},
}
"""The replication key of each kind of change, as it stands in the record."""


def numbers(order: str) -> list[int]:
    """Return the numbers of all changes, ascending, descending or unordered."""
    if order == "none":
        return [number * _SHUFFLE % CHANGES for number in range(CHANGES)]
    return list(range(CHANGES) if order == "asc" else reversed(range(CHANGES)))


def change(kind: str, number: int) -> Record:
    """Return one change."""
    return {"id": number, "title": pick(TOPICS, number), **KEYS[kind](number)}


def posts(channel: str, count: int) -> list[Record]:
    """Return the posts of a channel."""
    return [
        {"id": f"{channel}-{number}", "text": pick(TOPICS, number), "pinned": number % 4 == 0}
        for number in range(count)
    ]


def readings(drift: str | None, begin: int) -> list[Record]:
    """Return the readings; from number ``begin`` on their shape drifts."""
    return [_reading(number, drift if number >= begin else None) for number in range(READINGS)]


def _reading(number: int, drift: str | None) -> Record:
    sensor: Record = {"name": f"S{number % 3}"}
    reading: Record = {"id": number, "value": number * 3, "sensor": sensor}
    if drift == "field":
        reading["quality"] = "good"
    if drift == "nested":
        sensor["firmware"] = {"major": 2, "beta": number % 2 == 0}
    if drift == "misfit" and number % 2 == 0:
        reading["value"] = "n/a"
    return reading
