"""Values that order as timestamps or numbers, and bounds made of them.

Knows no stream, no state and no request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from math import floor
from typing import Any

import msgspec

from tap_oauth2_generic.replication.key_format import is_standard, parse_time, zone_of
from tap_oauth2_generic.runtime import timestamps
from tap_oauth2_generic.runtime.time_formats import (
    DAY,
    EARLIEST,
    EPOCHS,
    LATEST,
    as_time,
    write,
)

#: The precision for numbers of any length that a replication key may have.
MAX_DIGITS = 400


@dataclass(frozen=True)
class Moment:
    """A comparable replication value: a timestamp in seconds since 1970, or a number.

    ``scale`` is the number of units per second if the timestamp was written as a number.
    """

    amount: Decimal
    is_instant: bool
    scale: int = 0


def moment(value: Any, pattern: str = "iso") -> Moment | None:
    """Parse a replication value; return None if it is neither a timestamp nor a number.

    ``pattern`` is the format of the bounds, or a ``TimeFormat``: a strftime pattern is tried on
    values, too, and a number is a time unless the format is iso.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | float):
        return None
    seconds = parse_time(str(value).strip(), pattern)
    if seconds is not None:
        return Moment(seconds, is_instant=True)
    number = timestamps.read_decimal(value)
    # A longer number is no bookmark: to write it, or to calculate with it, would fill the memory.
    if number is None or abs(number.adjusted()) > MAX_DIGITS:
        return None
    if pattern == "iso":
        return Moment(number, is_instant=False)
    scale = EPOCHS.get(pattern) or _scale(number)
    if not scale or not EARLIEST * scale <= number <= LATEST * scale:
        return None
    return Moment(number / scale, is_instant=True, scale=scale)


def _scale(number: Decimal) -> int:
    """Return the units per second of an epoch time, found by its size; 0 if it is none."""
    largest = timestamps.MAX_EPOCH_SECONDS
    return next((scale for scale in EPOCHS.values() if abs(number) <= largest * scale), 0)


def fitting_format(value: Any, pattern: str) -> str | None:
    """Return the epoch format of a number that is no time in the unit of ``pattern``."""
    if pattern not in EPOCHS or moment(value, pattern) is not None:
        return None
    return next((name for name in EPOCHS if moment(value, name) is not None), None)


def at_most(value: Any, limit: Decimal, pattern: str) -> Any:
    """Return a replication value; for a time after a limit, the limit as such a value."""
    at = moment(value, pattern)
    if at is None or not at.is_instant or at.amount <= limit:
        return value
    if not at.scale:
        return write(limit, "iso")
    number = floor(limit * at.scale)
    return str(number) if isinstance(value, str) else number


@dataclass(frozen=True)
class Bound:
    """A lower or upper bound of a read, and the format in which the API takes it.

    ``is_early``: it is sent one unit of its format earlier.
    """

    raw: Any
    moment: Moment | None
    pattern: str
    is_early: bool = False

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
        """Return the bound that is ``seconds`` earlier; for a number, less by them."""
        if self.moment is None or not seconds:
            return self
        with localcontext() as context:
            context.prec = MAX_DIGITS
            amount = self.moment.amount - Decimal(str(seconds))
        if self.moment.is_instant:
            return Bound.at(amount, self.pattern)
        raw = int(amount) if amount == amount.to_integral_value() else amount
        return Bound(raw, Moment(amount, is_instant=False), self.pattern)

    @property
    def time(self) -> datetime | None:
        """The bound as a time, cut to microseconds; None if it is a plain number."""
        if self.moment is None or not self.moment.is_instant:
            return None
        return as_time(self.moment.amount)

    def is_after(self, value: Any) -> bool:
        """Return whether a replication value is older than the bound; no value is not."""
        return self._order(value) < 0

    def is_before(self, value: Any) -> bool:
        """Return whether a replication value is later than the bound; no value is not."""
        return self._order(value) > 0

    def compare(self, values: Sequence[Any]) -> list[int]:
        """Return -1 for each older value than the bound, 1 for each later one, 0 otherwise.

        At the speed of C if all are written as times.
        """
        if is_standard(self.pattern) and (at := self.time) is not None:
            with suppress(msgspec.ValidationError, TypeError):
                times = msgspec.convert(values, list[datetime | None])
                if not any(time and time.tzinfo for time in times):
                    at = at.replace(tzinfo=None)
                # Both are rounded: the bound down, a value either way.
                above = at + timedelta(microseconds=1)
                return [
                    self._order(value)
                    if time is None or at <= time <= above
                    else (time > at) * 2 - 1
                    for value, time in zip(values, times, strict=True)
                ]
        return [self._order(value) for value in values]

    def _order(self, value: Any) -> int:
        """Return what ``compare`` returns for one value; 0 if they do not compare."""
        at = moment(value, self.pattern)
        if at is None or self.moment is None or at.is_instant != self.moment.is_instant:
            return 0
        return (at.amount > self.moment.amount) - (at.amount < self.moment.amount)

    def sent_before(self, values: Iterable[Any]) -> Any:
        """Return a value that is older than what was sent, None if there is none."""
        sent = Bound.of(self.render(), self.pattern)
        if self.pattern not in {"iso", *EPOCHS}:
            # Without an offset, the API may read it in a time zone of its own.
            sent = sent.earlier(int(DAY))
        return next((value for value in values if sent.is_after(value)), None)

    def render(self, pattern: str = "") -> Any:
        """Return the bound as a parameter carries it, in its own format unless another is given.

        Numbers stay numbers.
        """
        pattern = pattern or self.pattern
        if self.moment is None:
            return self.raw
        amount, scale = self.moment.amount, self.moment.scale
        if self.moment.is_instant:
            if scale and scale == EPOCHS.get(pattern) and not self.is_early:
                return self.raw
            return write(amount, pattern, zone_of(self.pattern), is_early=self.is_early)
        scale = 0 if pattern == "iso" or pattern in EPOCHS else _scale(amount)
        return write(amount / scale, pattern, zone_of(self.pattern)) if scale else self.raw
