"""What a stream reads: the values of its replication key between two bounds.

Knows no request, and no bookmark but the one it is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.replication.bounds import Bound, at_most, moment
from tap_oauth2_generic.singer.schema_stream import SchemaStream

# A field of such a name is no time, whatever its numbers.
_ID = re.compile(r"(^|_)id$|[a-z]I[dD]$")


@dataclass(frozen=True)
class ReadRange:
    """The replication key of a stream, and the bounds of a read.

    ``started_at`` is the time of the run in seconds since 1970, ``start_date`` the lower bound
    of a first read, ``end_date`` the upper bound of every read; ``initial_value`` is the lower
    bound for a replication key that is no time.
    """

    stream: SchemaStream
    settings: IncrementalSettings
    started_at: float
    start_date: str | None
    end_date: str | None
    initial_value: Any

    @property
    def key(self) -> str | None:
        """The replication key; a catalog may have changed it."""
        return self.stream.replication_key

    @property
    def is_time(self) -> bool:
        """Whether the key may be a time: an id is none, nor is a number under iso."""
        if self.initial_value is not None or (self.key and _ID.search(self.key)):
            return False
        return self._counts or not self._has_numbers

    @property
    def pattern(self) -> str:
        """The format of the key's values."""
        return self.settings.times if self.is_time else "iso"

    def takes(self, bookmark: Any) -> bool:
        """Return whether a bookmark is a value that the key may have."""
        at = moment(bookmark, self.pattern)
        if at is None or at.is_instant:
            return at is not None and (self._counts or not self._has_numbers)
        return self._column.get("format") not in {"date", "date-time"}

    @property
    def _counts(self) -> bool:
        """Whether a number may be a time."""
        return self.settings.format != "iso" or self.settings.key_format is not None

    def _date(self, written: str) -> Bound:
        """Return a bound of a setting of the top level, which is in UTC whatever the zone."""
        return replace(Bound.of(written, self.settings.format), pattern=self.settings.times)

    @property
    def _column(self) -> Mapping[str, Any]:
        """The column of the key, as far as it is known."""
        return self.stream.known_schema.get("properties", {}).get(self.key) or {}

    @property
    def _has_numbers(self) -> bool:
        types = self._column.get("type") or ()
        found = {types} if isinstance(types, str) else {*types}
        return bool(found) and found <= {"integer", "number", "null"}

    @property
    def end(self) -> Bound | None:
        """The end date, None if there is none or the replication key is no time."""
        if self.end_date is None or not self.is_time:
            return None
        return self._date(self.end_date)

    def upper_bound(self) -> Bound:
        """Return the upper bound of every read of this run: its start, or an earlier end date."""
        now, end = self._start_of_run, self.end
        return end if end and now.is_after(end.raw) else now

    @cached_property
    def _start_of_run(self) -> Bound:
        return Bound.at(self.started_at, self.settings.times)

    def lower_bound(self, bookmark: Any) -> Bound | None:
        """Return the lower bound of a read: the bookmark, else the initial one, else none."""
        if bookmark is not None:
            return Bound.of(bookmark, self.pattern).earlier(self.settings.lookback)
        if self.initial_value is not None:
            return Bound.of(self.initial_value, self.pattern)
        if self.start_date is None or not self.is_time:
            return None
        return self._date(self.start_date)

    def reached(self, end: Bound, value: Any, before: Any) -> Any:
        """Return a replication value, at most a bound; a bookmark never goes back."""
        at = moment(before, self.pattern)
        limits = [one.amount for one in (end.moment, at) if one and one.is_instant]
        return at_most(value, max(limits), self.pattern)

    def hold(self, value: Any) -> Any:
        """Return a replication value, at most the start of the run."""
        return at_most(value, Decimal(str(self.started_at)), self.pattern)
