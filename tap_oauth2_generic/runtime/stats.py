"""What reading a stream has come to, counted from whatever thread, and the sentence about it.

Shows nothing by itself; decides nothing about requests, records or bookmarks.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_Record = TypeVar("_Record")
# Reasons why paging ended that are named; ten thousand contexts may have many.
_NAMED_ENDS = 3


class Waits:
    """The seconds in which requests waited, by reason; those of several at once count once."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Begin with no wait."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._past: dict[str, float] = {}
        self._since: dict[str, float] = {}
        self._until: dict[str, list[float]] = {}

    @contextmanager
    def wait(self, reason: str, seconds: float) -> Iterator[None]:
        """Take note of a wait that begins now and may take so long."""
        now = self._monotonic()
        end = now + seconds
        with self._lock:
            self._since.setdefault(reason, now)
            self._until.setdefault(reason, []).append(end)
        try:
            yield
        finally:
            with self._lock:
                self._until[reason].remove(end)
                if not self._until[reason]:
                    since = self._since.pop(reason)
                    self._past[reason] = self._past.get(reason, 0.0) + self._monotonic() - since

    def seconds(self) -> dict[str, float]:
        """Give the seconds that were waited, up to now, by reason."""
        with self._lock:
            found = dict(self._past)
            for reason, since in self._since.items():
                found[reason] = found.get(reason, 0.0) + self._monotonic() - since
            return found

    def now(self) -> dict[str, float]:
        """Give the seconds that are still to be waited, by reason."""
        with self._lock:
            now = self._monotonic()
            return {reason: max(ends) - now for reason, ends in self._until.items() if ends}


class StreamStats:
    """What was read of one stream, over all its contexts.

    ``requests`` are all that left, whatever came of them, ``sampled`` those that were for the
    schema; ``changed`` is told when a page was taken; ``bookmarks`` gives what each bookmark
    was before the run and is now.
    """

    def __init__(
        self,
        name: str = "",
        changed: Callable[[StreamStats], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing read."""
        self.name = name
        self.waits = Waits(monotonic)
        self.records = self.pages = self.ignored = 0
        self.requests = self.sampled = self.retries = 0
        self.contexts = self.slices = 0
        self.ends: Counter[str] = Counter()
        self.bookmarks: Callable[[], list[tuple[Any, Any]]] = list
        self.said_at: float | None = None
        self._changed = changed
        self._lock = threading.Lock()

    def request(self, *, is_sample: bool = False) -> None:
        """Count a request that leaves."""
        with self._lock:
            self.requests += 1
            self.sampled += is_sample

    def retry(self) -> None:
        """Count a request that is to be sent again."""
        with self._lock:
            self.retries += 1

    def page(self, *, is_ignored: bool) -> None:
        """Count an answer that was taken; a response rule may have ignored what was in it."""
        if is_ignored:
            self.ignored += 1
        else:
            self.pages += 1
        self._changed(self)

    def count_records(self, records: Iterable[_Record]) -> Iterator[_Record]:
        """Pass records on to where they are emitted, counting each one that was."""
        for record in records:
            yield record
            self.records += 1

    @property
    def was_begun(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.requests or self.contexts)

    def summary(self) -> str:
        """Tell what was read, in one line."""
        parts = [self._read(), self._sent(), self._waited(), *self._moved(), self._ended()]
        return f"Stream {self.name!r}: {'; '.join(parts)}"

    def _read(self) -> str:
        read = f"{many(self.records, 'record')} on {many(self.pages, 'page')}"
        if self.contexts > 1:
            read += f" of {many(self.contexts, 'context')}"
        return f"{read}, {many(self.ignored, 'answer')} ignored" if self.ignored else read

    def _sent(self) -> str:
        sample = f" ({self.sampled:,} for its schema)" if self.sampled else ""
        return f"{many(self.requests, 'request')}{sample}, {many(self.retries, 'retry')}"

    def _waited(self) -> str:
        waited = [f"{seconds:.1f} s ({reason})" for reason, seconds in self.waits.seconds().items()]
        return f"waited {', '.join(waited)}" if waited else "no waits"

    def _moved(self) -> Sequence[str]:
        bookmarks = self.bookmarks()
        if not bookmarks:
            return []
        if len(bookmarks) > 1:
            moved = sum(before != after for before, after in bookmarks)
            return [f"{moved:,} of {len(bookmarks):,} bookmarks moved"]
        ((before, after),) = bookmarks
        if after is None:
            return ["no bookmark yet"]
        return [f"bookmark stays at {after}" if before == after else f"bookmark {after}"]

    def _ended(self) -> str:
        """Say why paging ended; where it did not, it was cut off."""
        times = dict(self.ends.most_common(_NAMED_ENDS))
        if others := self.ends.total() - sum(times.values()) if len(times) < len(self.ends) else 0:
            times["other reasons"] = others
        parts = []
        if times:
            parts.append(f"paging ended: {_listed(times)}")
        if cut := self.slices - sum(self.ends.values()):
            parts.append("paging was cut off" + (f" ({many(cut, 'time')})" if cut > 1 else ""))
        return "; ".join(parts) or "nothing was taken"


def many(count: int, what: str) -> str:
    """Give a count with its noun: ``1 page``, ``2 retries``."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"


def _listed(times: dict[str, int]) -> str:
    if list(times.values()) == [1]:
        return next(iter(times))
    return ", ".join(f"{reason} ({many(count, 'time')})" for reason, count in times.items())


def running(tallies: Sequence[StreamStats], current: str, streams: int, rate: float) -> str:
    """Tell in few words what a run is at; ``rate`` is in records a second."""
    begun = [stats for stats in tallies if stats.contexts]
    # The longest of each reason comes last, and stays.
    waits = dict(sorted(wait for stats in tallies for wait in stats.waits.now().items()))
    parts = [
        f"{current or 'beginning'} (stream {len(begun)} of {streams})",
        *(f"waits {math.ceil(max(left, 0))} s ({reason})" for reason, left in waits.items()),
        many(sum(stats.records for stats in begun), "record"),
        many(sum(stats.pages for stats in begun), "page"),
        f"{rate:,.0f} records/s",
    ]
    return " · ".join(parts)
