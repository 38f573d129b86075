"""Values that order as timestamps or numbers, bounds made of them, and windows of time.

Knows no stream, no state and no request.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation, localcontext
from math import floor
from typing import Any

from tap_oauth2_generic.runtime import timestamps
from tap_oauth2_generic.settings.fields import FieldType
from tap_oauth2_generic.settings.values import text

#: Words for the format of a bound; any other format is a strftime pattern.
FORMATS = ("iso", "epoch", "epoch_ms", "date")
#: The precision for numbers of any length that a replication key may have.
MAX_DIGITS = 400
_MILLISECONDS = 1000
_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?"
)
_YEAR_MONTHS = 12
# What a calendar of four-digit years can write.
_EARLIEST, _LATEST = Decimal(-62135596800), Decimal(253402300799)


@dataclass(frozen=True)
class Moment:
    """A comparable replication value: a timestamp in seconds since 1970, or a number."""

    amount: Decimal
    is_instant: bool


def moment(value: Any, pattern: str = "iso") -> Moment | None:
    """Parse a replication value; return None if it is neither a timestamp nor a number.

    A time without an offset counts as UTC. ``pattern`` may be the strftime pattern of the
    bounds, for an API that also writes its times that way.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | Decimal | float):
        return _parse_number(str(value))
    if not isinstance(value, str):
        return None
    if "%" in pattern and (at := _parse_pattern(value, pattern)):
        return at
    seconds = timestamps.epoch_seconds(value.strip())
    return _parse_number(value) if seconds is None else Moment(seconds, is_instant=True)


def _parse_pattern(value: str, pattern: str) -> Moment | None:
    try:
        at = datetime.strptime(value, pattern)  # noqa: DTZ007 - its zone is set below
    except (ValueError, OverflowError, re.error):
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return Moment(timestamps.whole_seconds(aware), is_instant=True)


def _parse_number(value: str) -> Moment | None:
    try:
        amount = Decimal(value if timestamps.is_number(value) else "NaN")
    except InvalidOperation:
        return None
    # A longer number is no bookmark: to write it, or to calculate with it, would fill the memory.
    is_number = amount.is_finite() and abs(amount.adjusted()) <= MAX_DIGITS
    return Moment(amount, is_instant=False) if is_number else None


@dataclass(frozen=True)
class Bound:
    """A lower or upper bound of a read, and the format in which the API takes it."""

    raw: Any
    moment: Moment | None
    pattern: str

    @classmethod
    def of(cls, raw: Any, pattern: str) -> Bound:
        """Make a bound of a bookmark or a start date."""
        return cls(raw, moment(raw, pattern), pattern)

    @classmethod
    def at(cls, seconds: float | Decimal, pattern: str) -> Bound:
        """Make a bound of a time in seconds since 1970."""
        amount = Decimal(str(seconds))
        return cls(write(amount, "iso"), Moment(amount, is_instant=True), pattern)

    def earlier(self, seconds: float) -> Bound:
        """Return a bound so many seconds before this one, in its own unit."""
        if self.moment is None or not seconds:
            return self
        unit = 1 if self.moment.is_instant or self.pattern != "epoch_ms" else _MILLISECONDS
        with localcontext() as context:
            context.prec = MAX_DIGITS
            amount = self.moment.amount - Decimal(str(seconds)) * unit
        if self.moment.is_instant:
            return Bound.at(amount, self.pattern)
        raw = int(amount) if amount == amount.to_integral_value() else amount
        return Bound(raw, Moment(amount, is_instant=False), self.pattern)

    @property
    def time(self) -> datetime | None:
        """The bound as a time, cut to microseconds; None if it is a plain number."""
        if self.moment is None:
            return None
        amount = self.moment.amount
        if not self.moment.is_instant:
            if self.pattern not in {"epoch", "epoch_ms"}:
                return None
            amount = amount / _MILLISECONDS if self.pattern == "epoch_ms" else amount
        return _as_time(amount)

    def is_after(self, value: Any) -> bool:
        """Return whether a replication value is older than the bound; no value is not."""
        at = moment(value, self.pattern)
        if at is None or self.moment is None or at.is_instant != self.moment.is_instant:
            return False
        return at.amount < self.moment.amount

    def render(self, pattern: str) -> str:
        """Return the string for a placeholder, in its own strftime pattern if it has one."""
        return str(self.value(pattern))

    def value(self, pattern: str = "") -> Any:
        """Return the bound as a parameter carries it: numbers stay numbers."""
        pattern = pattern or self.pattern
        if self.moment is None:
            return self.raw
        amount = self.moment.amount
        if self.moment.is_instant:
            return write(amount, pattern)
        if pattern in {"iso", "epoch", "epoch_ms"}:
            return self.raw
        is_milliseconds = abs(amount) > timestamps.MAX_EPOCH_SECONDS
        return write(amount / _MILLISECONDS if is_milliseconds else amount, pattern)


def write(seconds: Decimal, pattern: str) -> Any:
    """Write seconds since 1970 in UTC; what a format cannot hold is cut off, never rounded up."""
    if pattern == "epoch":
        return floor(seconds)
    if pattern == "epoch_ms":
        return floor(seconds * _MILLISECONDS)
    at = _as_time(seconds)
    if pattern == "date":
        return at.date().isoformat()
    if pattern == "iso":
        return at.replace(tzinfo=None).isoformat() + "Z"
    # strftime omits the zeros of early years, and takes %s for local time.
    exact = {"%": "%%", "Y": f"{at.year:04d}", "s": str(floor(seconds))}
    return at.strftime(re.sub(r"%(%|Y|s)", lambda directive: exact[directive[1]], pattern))


def _as_time(seconds: Decimal) -> datetime:
    """Return a time, cut to microseconds and to the years that a calendar can write."""
    seconds = min(max(seconds, _EARLIEST), _LATEST)
    whole = floor(seconds)
    microseconds = floor((seconds - whole) * 10**6)
    return timestamps.EPOCH + timedelta(seconds=whole, microseconds=microseconds)


@dataclass(frozen=True)
class Duration:
    """A length of time of calendar months and exact seconds."""

    months: int
    rest: timedelta

    def after(self, at: datetime) -> datetime | None:
        """Return the time so much later, None if no calendar has it.

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
    start: Bound | None, end: Bound, length: Duration | None
) -> Iterator[tuple[Bound | None, Bound]]:
    """Split a read into windows that follow each other without gap or overlap.

    There is one window if no length or no start time is given. The first starts at ``start``
    itself, the last ends at ``end`` itself.
    """
    begin, until = start.time if start else None, end.time
    if length is None or begin is None or until is None:
        yield start, end
        return
    while (stop := length.after(begin)) is not None and stop < until:
        upper = Bound.at(timestamps.whole_seconds(stop), end.pattern)
        yield start, upper
        start, begin = upper, stop
    yield start, end


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
