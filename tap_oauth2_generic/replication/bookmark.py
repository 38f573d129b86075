"""The bookmark of one read: the highest value of a replication key, and the order of its values.

Knows no stream, no state file and no request; when it may move is decided in ``bookmark_store``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import compress
from operator import eq, ge, le, ne
from typing import Any

import msgspec

from tap_oauth2_generic.replication.bounds import Bound, Moment, moment
from tap_oauth2_generic.replication.key_format import (
    TimeFormat,
    is_standard,
    key_format,
    key_format_of,
    time_zone,
    zone_named,
)
from tap_oauth2_generic.replication.windows import DURATION, WINDOW_BOUNDS, Duration
from tap_oauth2_generic.runtime.time_formats import FORMATS
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, enum, number
from tap_oauth2_generic.settings.fields import FieldType, Settings, near_choice, setting
from tap_oauth2_generic.settings.values import text


def _format(value: Any) -> str:
    found = text(value)
    if found in FORMATS or "%" in found:
        return found
    message = f"must be one of {', '.join(FORMATS)} or a strftime pattern with %, not {found!r}"
    raise ValueError(message + near_choice(found, FORMATS))


class IncrementalSettings(Settings):
    """How the API is asked for changed records only."""

    start_param: str | None = setting(NAME, "Carries the lower bound: bookmark or start_date.")
    end_param: str | None = setting(
        NAME, "Carries the upper bound: the start of the run, or `end_date`."
    )
    format: str = setting(
        FieldType({"type": "string"}, _format),
        "Format of the bounds: iso, epoch, epoch_ms, epoch_us, date or a strftime pattern.",
        default="iso",
    )
    key_format: str | None = setting(
        FieldType({"type": "string"}, key_format),
        "strftime pattern of the replication key in records. ISO 8601, RFC 2822, `/Date(ms)/` and "
        "times that end in UTC need none.",
    )
    timezone: str = setting(
        FieldType({"type": "string"}, time_zone),
        "IANA name of the time zone of keys without an offset, and of bounds sent without one.",
        default="UTC",
    )
    lookback: float = setting(number(0), "Seconds subtracted from the bookmark.", default=0)
    window: Duration | None = setting(
        DURATION,
        "ISO 8601 duration, such as P30D; the time to read is split into windows of that length.",
    )
    window_bounds: str = setting(
        enum(*WINDOW_BOUNDS),
        "How the API reads both bounds: half_open leaves out the end. inclusive: the tap ends a "
        "window one unit of `format` before the next one; exclusive: it starts one unit earlier.",
        default="half_open",
    )
    order: str = setting(
        enum("none", "asc", "desc"),
        "Order of the records by replication key. asc: the bookmark advances during the read; "
        "desc: paging stops at the first page that is entirely older than the bookmark, as long as "
        "the records came in that order.",
        default="none",
    )
    drop_older: bool = setting(
        BOOLEAN,
        "Drop records older than the bookmark, for an API that cannot filter them.",
        default=False,
    )

    @property
    def times(self) -> TimeFormat:
        """The format of the bounds, that of the keys, and the zone of both."""
        return TimeFormat(self.format, self.key_format or "", zone_named(self.timezone))


class Bookmark:
    """The highest replication value of one read, starting from the previous bookmark.

    ``value`` is kept as the API wrote it. ``passed`` is the highest value below it: a stream in
    ascending order has been read up to there. ``unreadable`` counts values that are neither
    timestamp nor number, ``misread`` is one of them, ``descents`` counts values smaller than the
    one before in the same slice. ``mixed``: there were timestamps and numbers, of which none is
    highest.
    """

    def __init__(self, previous: Any, pattern: str) -> None:
        self.value = self.passed = previous
        self.unreadable = self.descents = 0
        self.misread: Any = None
        self.mixed = False
        self._pattern = pattern
        self._highest = moment(previous, pattern)
        self._last: Moment | None = None

    def begin_slice(self) -> None:
        """Expect an order again: that of another slice."""
        self.descents, self._last = 0, None

    def observe(self, value: Any) -> bool:
        """Compare a record's replication value; return whether the bookmark moved."""
        at = moment(value, self._pattern)
        mixed = at is not None and self._highest and at.is_instant != self._highest.is_instant
        if at is None or mixed:
            self.mixed = self.mixed or bool(mixed)
            self.unreadable += 1
            self.misread = value
            return False
        if self._last is not None and at.amount < self._last.amount:
            self.descents += 1
        self._last = at
        if self._highest is not None and at.amount <= self._highest.amount:
            return False
        self._highest, self.passed, self.value = at, self.value, value
        return True

    def observe_in_order(self, values: list[Any]) -> bool:
        """Compare the replication values of a page; return whether the bookmark moved."""
        some, before = _rising(values, self._pattern), self.unreadable
        moved = sum([self.observe(value) for value in some])
        if self.unreadable > before:
            # None of them compares with the bookmark: they are all of one kind.
            self.unreadable += len(values) - len(some)
        return bool(moved)


class Descent:
    """Follows the replication values of a slice, page by page.

    ``is_kept`` is false once a value was above the one before: then older records end nothing.
    """

    def __init__(self, start: Bound) -> None:
        self.is_kept = True
        self._start = start
        self._last: Moment | None = None

    def ends_with(self, values: list[Any]) -> bool:
        """Note the values of a page; return whether all that follows is older than the start."""
        if not values:
            return False
        self.is_kept = self.is_kept and self._goes_on(values)
        return self.is_kept and all(map(self._start.is_after, values))

    def _goes_on(self, values: list[Any]) -> bool:
        pattern, start = self._start.pattern, self._start.moment
        descends = in_order(values, ge, pattern) is not None
        for value in (values[0], values[-1]) if descends else values:
            at = moment(value, pattern)
            if at is None or start is None or at.is_instant != start.is_instant:
                continue
            if self._last is not None and at.amount > self._last.amount:
                return False
            self._last = at
        return True


def _rising(values: list[Any], pattern: str) -> list[Any]:
    """Return those of rising values that leave a bookmark as all would, at the speed of C.

    These are the first and the two highest. Return all values if it is not known that they rise:
    some may differ by less than a microsecond.
    """
    times = in_order(values, le, pattern)
    if not times or any(moment(one, pattern) is None for one in (values[0], values[-1])):
        return values
    differ = [True, *map(ne, values, values[1:])]
    values, times = list(compress(values, differ)), list(compress(times, differ))
    return values if any(map(eq, times, times[1:])) else [values[0], *values[1:][-2:]]


def in_order(
    values: list[Any], order: Callable[[Any, Any], bool], pattern: str
) -> list[Any] | None:
    """Return integers or times that keep an order, at the speed of C; None if that is unknown."""
    if not is_standard(pattern) or pattern == "date":
        return None
    # Some times may have an offset and some not.
    with suppress(msgspec.ValidationError, TypeError):
        is_int = all(type(value) is int for value in values)
        ordered = values if is_int else msgspec.convert(values, list[datetime])
        if all(map(order, ordered, ordered[1:])):
            return ordered
    return None


def extremes(values: list[Any], pattern: str = "iso") -> list[Any]:
    """Return the values that may be the highest or the lowest, at the speed of C.

    These are all of them unless all are integers, or all are times with an offset; also if a
    pattern says how they are written.
    """
    if "%" in pattern or key_format_of(pattern):
        return values
    if all(type(value) is int for value in values):
        return [min(values), max(values)] if values else []
    try:
        times = msgspec.convert(values, list[datetime])
        # One tuple for all values; to hash times would take longer than to compare them.
        ends = min(times), max(times)
    except (msgspec.ValidationError, TypeError):
        # Another form, or some with an offset and some without.
        return values
    if ends[0].tzinfo is None:
        return values
    # Equal once cut to microseconds, but written differently.
    return list({v: None for v, at in zip(values, times, strict=True) if at in ends})


def stored_bookmark(state: Mapping[str, Any], replication_key: str | None) -> Any:
    """Return the bookmark in a stream's state, None if it is of another replication key."""
    if state.get("replication_key", replication_key) != replication_key:
        return None
    return state.get("replication_key_value")
