"""Spans of time that a long read is cut into; ISO 8601 durations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.settings.field_types import text
from tap_oauth2_generic.settings.fields import FieldType

if TYPE_CHECKING:
    from collections.abc import Iterator

_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?"
)
_MONTHS_A_YEAR = 12
_LONGEST_MONTH = 31


@dataclass(frozen=True)
class Duration:
    """A length of time of calendar months and exact seconds."""

    months: int
    rest: timedelta

    def after(self, at: datetime) -> datetime:
        """Give the time that lies so much later; the end of a short month stays its end."""
        total = at.year * _MONTHS_A_YEAR + at.month - 1 + self.months
        year, month = divmod(total, _MONTHS_A_YEAR)
        for day in range(min(at.day, _LONGEST_MONTH), 0, -1):
            try:
                return at.replace(year=year, month=month + 1, day=day) + self.rest
            except ValueError:
                continue
        raise OverflowError


def spans(start: datetime, end: datetime, length: Duration) -> Iterator[tuple[datetime, datetime]]:
    """Cut a span into windows that follow each other without gap or overlap.

    The last one ends at ``end``; where ``start`` is not before ``end`` there is one all the same.
    """
    while True:
        try:
            following = length.after(start)
        except (OverflowError, ValueError):
            following = end
        if following >= end:
            yield start, end
            return
        yield start, following
        start = following


def _duration(value: Any) -> Duration:
    found = text(value).strip().upper()
    match = _DURATION.fullmatch(found)
    parts = [int(part or 0) for part in match.groups()] if match else []
    if not any(parts):
        message = f"must be an ISO 8601 duration such as P30D or PT12H, not {found!r}"
        raise ValueError(message)
    years, months, weeks, days, hours, minutes, seconds = parts
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return Duration(years * _MONTHS_A_YEAR + months, rest)


DURATION = FieldType({"type": "string"}, _duration)
