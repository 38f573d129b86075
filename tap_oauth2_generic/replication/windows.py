"""Windows of time: a read split into bounds that neither overlap nor leave a gap.

Knows no stream, no state and no request.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.replication.key_format import zone_of
from tap_oauth2_generic.runtime import timestamps
from tap_oauth2_generic.settings.fields import FieldType
from tap_oauth2_generic.settings.values import text

#: How an API may read the two bounds of a window.
WINDOW_BOUNDS = ("half_open", "inclusive", "exclusive")
_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?"
)
_YEAR_MONTHS = 12
Window = tuple[Bound | None, Bound]


@dataclass(frozen=True)
class Duration:
    """A length of time of calendar months and exact seconds."""

    months: int
    rest: timedelta

    def after(self, at: datetime) -> datetime | None:
        """Return a time later by this length, None if no calendar has it.

        A day that the month lacks becomes the month's last day.
        """
        total = at.year * _YEAR_MONTHS + at.month - 1 + self.months
        year, month = divmod(total, _YEAR_MONTHS)
        try:
            day = min(at.day, monthrange(year, month + 1)[1])
            return at.replace(year=year, month=month + 1, day=day) + self.rest
        except (ValueError, OverflowError):
            return None


def windows(
    start: Bound | None, end: Bound, length: Duration | None, bounds: str = "half_open"
) -> Iterator[Window]:
    """Split a read into windows that follow each other without gap or overlap.

    There is one window if no length or no start time is given. The first starts at ``start``
    itself, the last ends at ``end`` itself. What is sent is a unit earlier where the API includes
    the end (``inclusive``) or leaves out the start (``exclusive``).
    """
    for lower, upper in _split(start, end, length):
        is_early = bounds == "inclusive" and upper is not end
        sent = replace(lower, is_early=True) if lower and bounds == "exclusive" else lower
        yield sent, replace(upper, is_early=True) if is_early else upper


def _split(start: Bound | None, end: Bound, length: Duration | None) -> Iterator[Window]:
    begin, until = start.time if start else None, end.time
    if length is None or begin is None or until is None:
        yield start, end
        return
    # A day is one of the zone, which may have 23 hours.
    zone = zone_of(end.pattern)
    begin = _on_clock(begin, zone)
    while (stop := length.after(begin)) is not None and stop < until:
        upper = Bound.at(timestamps.whole_seconds(stop), end.pattern)
        yield start, upper
        start, begin = upper, _on_clock(stop, zone)
    yield start, end


def _on_clock(at: datetime, zone: tzinfo) -> datetime:
    """Return a time as the clocks of a zone show it."""
    try:
        return at.astimezone(timezone.utc).astimezone(zone)
    except OverflowError:
        return at


def _duration(value: Any) -> Duration:
    found = text(value).strip().upper()
    match = _DURATION.fullmatch(found)
    parts = [int(part or 0) for part in match.groups()] if match else []
    if not any(parts):
        raise ValueError(f"must be an ISO 8601 duration such as P30D or PT12H, not {found!r}")
    years, months, weeks, days, hours, minutes, seconds = parts
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return Duration(years * _YEAR_MONTHS + months, rest)


DURATION = FieldType({"type": "string"}, _duration)
