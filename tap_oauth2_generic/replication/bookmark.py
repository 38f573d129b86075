"""Bookmarks: replication values compared as instants or numbers, and bounds as APIs want them.

Knows no stream, no state file and no request; the stream keeps what is decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_FLOOR, Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.replication.windows import DURATION, Duration, spans
from tap_oauth2_generic.runtime.timestamps import (
    EPOCH,
    MAX_EPOCH_SECONDS,
    epoch_seconds,
    whole_seconds,
)
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, enum, number, text
from tap_oauth2_generic.settings.fields import FieldType, near_choice, setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORMATS = ("iso", "epoch", "epoch_ms", "date")
_MILLISECONDS = 1000
_DIGITS = 400
# What a calendar of four-digit years can write.
_EARLIEST, _LATEST = -62135596800, 253402300799


def _format(value: Any) -> str:
    found = text(value)
    if found in _FORMATS or "%" in found:
        return found
    message = f"must be one of {', '.join(_FORMATS)} or a strftime pattern with %, not {found!r}"
    raise ValueError(message + near_choice(found, _FORMATS))


@dataclass(frozen=True, kw_only=True)
class IncrementalSettings:
    """How the API is asked for what changed."""

    start_param: str | None = setting(
        NAME, "Start parameter", "Carries the lower bound: bookmark or start_date.", default=None
    )
    end_param: str | None = setting(
        NAME, "End parameter", "Carries the upper bound, the time of the run.", default=None
    )
    format: str = setting(
        FieldType({"type": "string"}, _format),
        "Format",
        "How bounds are written: iso, epoch, epoch_ms, date or a strftime pattern.",
        default="iso",
    )
    lookback: float = setting(
        number(0), "Lookback", "Seconds subtracted from the bookmark.", default=0
    )
    window: Duration | None = setting(
        DURATION,
        "Window",
        "Cut the span into windows of this ISO 8601 duration, such as P30D, one after the other.",
        default=None,
    )
    order: str = setting(
        enum("none", "asc", "desc"),
        "Order",
        "How the API orders records by the replication key. asc: bookmarks advance within the "
        "stream; desc: paging stops at the first page wholly older than the bookmark.",
        default="none",
    )
    drop_older: bool = setting(
        BOOLEAN,
        "Drop older",
        "Drop records older than the bookmark here, for APIs without a filter of their own.",
        default=False,
    )


@dataclass(frozen=True)
class Moment:
    """A replication value made comparable: an instant in seconds since 1970, or a number."""

    amount: Decimal
    is_instant: bool


def moment(value: Any, pattern: str = "iso") -> Moment | None:
    """Understand a replication value; None where it is neither an instant nor a number.

    A time without an offset counts as UTC. ``pattern`` helps where the API writes its times
    in the strftime pattern in which it also takes bounds.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | Decimal | float):
        return _by_number(str(value))
    if not isinstance(value, str):
        return None
    if "%" in pattern and (at := _by_pattern(value, pattern)):
        return at
    seconds = epoch_seconds(value.strip())
    return _by_number(value) if seconds is None else Moment(seconds, is_instant=True)


def _by_pattern(value: str, pattern: str) -> Moment | None:
    try:
        at = datetime.strptime(value, pattern)  # noqa: DTZ007 - its zone is set below
    except (ValueError, OverflowError, re.error):
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return Moment(whole_seconds(aware), is_instant=True)


def _by_number(value: str) -> Moment | None:
    try:
        amount = Decimal(value.strip())
    except InvalidOperation:
        return None
    # What is longer is no bookmark: written out, or reckoned with, it would fill the memory.
    is_number = amount.is_finite() and abs(amount.adjusted()) <= _DIGITS
    return Moment(amount, is_instant=False) if is_number else None


@dataclass(frozen=True)
class Bound:
    """A lower or upper bound: the value as it is known, to be written as an API wants it."""

    raw: Any
    moment: Moment | None
    pattern: str

    @classmethod
    def of(cls, raw: Any, pattern: str) -> Bound:
        """Make a bound of a bookmark or a start date."""
        return cls(raw, moment(raw, pattern), pattern)

    @classmethod
    def at(cls, clock: float, pattern: str) -> Bound:
        """Make a bound of a time on the clock."""
        seconds = Moment(Decimal(str(clock)), is_instant=True)
        return cls(_written(seconds.amount, "iso"), seconds, pattern)

    def earlier(self, seconds: float) -> Bound:
        """Go back by so many seconds, in the bound's own unit."""
        if self.moment is None or not seconds:
            return self
        unit = 1 if self.moment.is_instant or self.pattern != "epoch_ms" else _MILLISECONDS
        with localcontext() as context:
            # Exact for numbers of any length that a key may have.
            context.prec = _DIGITS
            amount = self.moment.amount - Decimal(str(seconds)) * unit
        raw = _written(amount, "iso") if self.moment.is_instant else _plain(amount)
        return Bound(raw, Moment(amount, self.moment.is_instant), self.pattern)

    @property
    def time(self) -> datetime | None:
        """The bound as a time, cut to microseconds; None where it is a plain number."""
        if self.moment is None:
            return None
        amount = self.moment.amount
        if not self.moment.is_instant:
            if self.pattern not in {"epoch", "epoch_ms"}:
                return None
            amount = amount / _MILLISECONDS if self.pattern == "epoch_ms" else amount
        return _at(amount)

    def is_after(self, value: Any) -> bool:
        """Tell whether a replication value is older than the bound; what has none is not."""
        at = moment(value, self.pattern)
        if at is None or self.moment is None or at.is_instant != self.moment.is_instant:
            return False
        return at.amount < self.moment.amount

    def value(self) -> Any:
        """Give the bound as a parameter carries it: numbers stay numbers."""
        return self._in(self.pattern)

    def render(self, pattern: str) -> str:
        """Give the text for a template hole, in the hole's own strftime pattern if it has one."""
        return str(self._in(pattern or self.pattern))

    def _in(self, pattern: str) -> Any:
        if self.moment is None:
            return self.raw
        if self.moment.is_instant:
            return _written(self.moment.amount, pattern)
        if pattern in {"iso", "epoch", "epoch_ms"}:
            return self.raw
        amount = self.moment.amount
        is_milliseconds = abs(amount) > MAX_EPOCH_SECONDS
        return _written(amount / _MILLISECONDS if is_milliseconds else amount, pattern)


def _plain(amount: Decimal) -> int | Decimal:
    return int(amount) if amount == amount.to_integral_value() else amount


def _written(seconds: Decimal, pattern: str) -> Any:
    """Write an instant in UTC; what a format cannot hold is cut off, never rounded up."""
    whole = int(seconds.to_integral_value(rounding=ROUND_FLOOR))
    if pattern == "epoch":
        return whole
    if pattern == "epoch_ms":
        return int((seconds * _MILLISECONDS).to_integral_value(rounding=ROUND_FLOOR))
    at = _at(seconds)
    if pattern == "date":
        return at.date().isoformat()
    if pattern == "iso":
        return at.replace(tzinfo=None).isoformat() + "Z"
    # strftime leaves out the zeros of early years, and takes %s for local time.
    pattern = re.sub(r"%(%|Y|s)", lambda m: _exact(m[1], at, whole), pattern)
    return at.strftime(pattern)


def _exact(directive: str, at: datetime, whole: int) -> str:
    return {"%": "%%", "Y": f"{at.year:04d}", "s": str(whole)}[directive]


def _at(seconds: Decimal) -> datetime:
    """Give an instant as a time, cut to microseconds and to what a calendar can write."""
    seconds = min(max(seconds, Decimal(_EARLIEST)), Decimal(_LATEST))
    whole = int(seconds.to_integral_value(rounding=ROUND_FLOOR))
    micros = int(((seconds - whole) * 10**6).to_integral_value(rounding=ROUND_FLOOR))
    return EPOCH + timedelta(seconds=whole, microseconds=micros)


def windows(
    start: Bound | None, end: Bound, settings: IncrementalSettings
) -> Iterator[tuple[Bound | None, Bound]]:
    """Cut a read into its windows: one where there is no ``window``, or no time to begin at.

    The first begins at ``start`` as it is known, the last ends at ``end``.
    """
    begin, until = start.time if start else None, end.time
    if settings.window is None or start is None or begin is None or until is None:
        yield start, end
        return
    lower = start
    for _, stop in spans(begin, until, settings.window):
        seconds = whole_seconds(stop)
        raw = _written(seconds, "iso")
        upper = end if stop == until else Bound(raw, Moment(seconds, is_instant=True), end.pattern)
        yield lower, upper
        lower = upper


class Bookmark:
    """The highest replication value of one read, from the bookmark before it on.

    ``value`` is kept as the API wrote it; ``without`` counts records that had none, and
    ``unreadable`` those whose value was neither an instant nor a number. ``passed`` is the
    highest value below it: in a stream in ascending order, all up to there has been read.
    ``descents`` counts how often a value was smaller than the one before it; ``mixed`` tells
    that there were both times and numbers, of which none is the highest.
    """

    def __init__(self, previous: Any, pattern: str) -> None:
        """Begin at the bookmark of the last run, or at none."""
        self.value = self.passed = previous
        self.without = 0
        self.descents = 0
        self.mixed = False
        self.unreadable = 0
        self._pattern = pattern
        self._highest = moment(previous, pattern)
        self._last: Moment | None = None

    def observe(self, value: Any) -> bool:
        """Take a record's replication value into account; tell whether the bookmark moved."""
        if value is None:
            self.without += 1
            return False
        at = moment(value, self._pattern)
        mixed = at is not None and self._highest and at.is_instant != self._highest.is_instant
        if at is None or mixed:
            self.mixed = self.mixed or bool(mixed)
            self.unreadable += 1
            return False
        if self._last is not None and at.amount < self._last.amount:
            self.descents += 1
        self._last = at
        if self._highest is not None and at.amount <= self._highest.amount:
            return False
        self._highest, self.passed, self.value = at, self.value, value
        return True

    def cap(self, clock: float, previous: Any) -> bool:
        """Hold a bookmark that lies ahead of the clock back to a time; tell whether it did.

        Records changed between now and a date in the future would never be asked for again.
        """
        unit = _MILLISECONDS if self._pattern == "epoch_ms" else 1
        is_time = self._highest and (self._highest.is_instant or self._pattern.startswith("epoch"))
        now = Decimal(str(clock))
        if not self._highest or not is_time:
            return False
        limit = now if self._highest.is_instant else now * unit
        before = moment(previous, self._pattern)
        limit = max(limit, before.amount) if before else limit
        if self._highest.amount <= limit:
            return False
        self._highest = Moment(limit, self._highest.is_instant)
        self.value = _written(limit, "iso") if self._highest.is_instant else int(limit)
        return True


def leading(values: list[Any]) -> list[Any]:
    """Give those of some replication values among which the highest is, at the speed of C.

    Gives all of them where they are not all whole numbers, or all times with an offset.
    """
    if all(type(value) is int for value in values):
        return [max(values)] if values else []
    try:
        times = msgspec.convert(values, list[datetime])
        highest = max(times)
    except (msgspec.ValidationError, TypeError):
        # Of another form, or some with an offset and some without.
        return values
    if highest.tzinfo is None:
        return values
    # Cut to microseconds they may be equal and differ in what was written.
    return list({v: None for v, at in zip(values, times, strict=True) if at == highest})


def stored_bookmark(state: Mapping[str, Any], replication_key: str) -> Any:
    """Give the bookmark in a stream's state, None where it is of another replication key."""
    if state.get("replication_key", replication_key) != replication_key:
        return None
    return state.get("replication_key_value")
