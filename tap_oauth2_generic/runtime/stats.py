"""Statistics of a stream, counted from any thread, and the lines that report them.

Writes nothing by itself, and decides nothing about requests, records or bookmarks.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from tap_oauth2_generic.runtime.redaction import redact

# How many reasons why paging ended are named; thousands of partitions may have many.
_MAX_REASONS = 3
#: Warnings, and errors, of a stream that are kept.
MAX_LINES = 100


class Waits:
    """Seconds that requests waited, by reason; simultaneous waits count once."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._until: defaultdict[str, list[float]] = defaultdict(list)
        self._counted_at = monotonic()

    @contextmanager
    def wait(self, reason: str, seconds: float) -> Iterator[None]:
        """Count a wait that begins now and may take up to ``seconds``."""
        with self._lock:
            end = self._count() + seconds
            self._until[reason].append(end)
        try:
            yield
        finally:
            with self._lock:
                self._count()
                self._until[reason].remove(end)

    def seconds(self) -> dict[str, float]:
        """Return the seconds waited until now, by reason."""
        with self._lock:
            self._count()
            return dict(self._seconds)

    def remaining(self) -> dict[str, float]:
        """Return the seconds still to wait, by reason."""
        with self._lock:
            now = self._count()
            return {reason: max(ends) - now for reason, ends in self._until.items() if ends}

    def _count(self) -> float:
        """Add the time since the last call to each reason somebody waits for; return now."""
        now = self._monotonic()
        for reason in [reason for reason, ends in self._until.items() if ends]:
            self._seconds[reason] += now - self._counted_at
        self._counted_at = now
        return now


class StreamStats:
    """Counters of one stream, over all its partitions.

    ``requests`` counts every request sent, ``sampled`` those for the schema; ``incomplete`` the
    contexts of which a part was not read. ``on_page`` is called after each page; ``bookmarks``
    returns each bookmark before the run and now, ``earliest`` those of the context behind.
    """

    def __init__(
        self,
        name: str = "",
        on_page: Callable[[StreamStats], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.waits = Waits(monotonic)
        self.records = self.pages = self.ignored = 0
        self.requests = self.sampled = self.retries = 0
        self.contexts = self.slices = self.failed = self.incomplete = 0
        self.parent: StreamStats | None = None
        self.warnings: deque[str] = deque(maxlen=MAX_LINES)
        self.errors: deque[str] = deque(maxlen=MAX_LINES)
        self.ends: Counter[str] = Counter()
        self.bookmarks: Callable[[], list[tuple[Any, Any]]] = list
        self.earliest: Callable[[], tuple[Any, Any]] = lambda: (None, None)
        self.logged_at: float | None = None
        self._on_page = on_page
        self._lock = threading.Lock()

    def request(self, *, is_sample: bool = False) -> None:
        """Count a request."""
        with self._lock:
            self.requests += 1
            self.sampled += is_sample

    def retry(self) -> None:
        """Count a retry."""
        with self._lock:
            self.retries += 1

    def page(self, *, is_ignored: bool) -> None:
        """Count a response; a response rule may have ignored its records."""
        if is_ignored:
            self.ignored += 1
        else:
            self.pages += 1
        self._on_page(self)

    @property
    def status(self) -> str:
        """How the read of the stream ended."""
        if self.errors or self.incomplete:
            return "failed" if self.errors else "incomplete"
        # There may be no record of its parent to read it for.
        is_read = self.contexts or (self.parent is not None and self.parent.status == "success")
        return "success" if is_read else "skipped"

    @cached_property
    def totals(self) -> tuple[int, int, dict[str, float]]:
        """Requests, retries and seconds waited, as first read: threads may go on counting."""
        waits = {reason: round(seconds, 1) for reason, seconds in self.waits.seconds().items()}
        return self.requests, self.retries, waits

    def report(self) -> dict[str, Any]:
        """Return the report of a finished stream; its numbers are those of the summary."""
        requests, retries, waits = self.totals
        before, after = self.earliest()
        return {
            "name": self.name,
            "status": self.status,
            "records": self.records,
            "pages": self.pages,
            "requests": requests,
            "retries": retries,
            "waits": waits,
            "contexts": self.contexts,
            "failed_contexts": self.failed,
            "bookmark_before": before,
            "bookmark_after": after,
            "paging_ended": {_mask(reason): times for reason, times in self.ends.items()},
            "warnings": [*map(_mask, self.warnings)],
            "errors": [*map(_mask, self.errors)],
        }

    def progress(self) -> str:
        """Return how much was read."""
        return f"{plural(self.records, 'record')} on {plural(self.pages, 'page')}"

    def summary(self) -> str:
        """Return the line that reports a finished stream."""
        read = self.progress()
        if self.contexts > 1:
            read += f" of {plural(self.contexts, 'partition')}"
            read += f", of which {self.failed:,} failed" if self.failed else ""
        if self.ignored:
            read += f", {plural(self.ignored, 'response')} ignored"
        sample = f" ({self.sampled:,} for its schema)" if self.sampled else ""
        requests, retries, waits = self.totals
        sent = f"{plural(requests, 'request')}{sample}, {plural(retries, 'retry')}"
        each = ", ".join(f"{seconds:.1f} s ({reason})" for reason, seconds in waits.items())
        waited = f"waited {each}" if each else "no waits"
        return "; ".join([read, sent, waited, *self._bookmark_parts(), *self._end_parts()])

    def _bookmark_parts(self) -> list[str]:
        bookmarks = self.bookmarks()
        if not bookmarks:
            return []
        if len(bookmarks) > 1:
            moved = sum(before != after for before, after in bookmarks)
            return [f"{moved:,} of {len(bookmarks):,} bookmarks moved"]
        ((before, after),) = bookmarks
        if after is None:
            return ["no bookmark yet"]
        return [f"bookmark unchanged at {after}" if before == after else f"bookmark {after}"]

    def _end_parts(self) -> list[str]:
        """Return why paging ended, and how often it did not finish."""
        times = dict(self.ends.most_common(_MAX_REASONS))
        if len(times) < len(self.ends):
            times["other reasons"] = self.ends.total() - sum(times.values())
        parts = []
        if list(times.values()) == [1]:
            parts.append(f"paging ended: {next(iter(times))}")
        elif times:
            listed = (f"{reason} ({plural(count, 'time')})" for reason, count in times.items())
            parts.append(f"paging ended: {', '.join(listed)}")
        if unfinished := self.slices - self.ends.total():
            often = f" ({plural(unfinished, 'time')})" if unfinished > 1 else ""
            parts.append(f"paging did not finish{often}")
        return parts or ["nothing was read"]


def _mask(line: str) -> str:
    return redact(line).encode(errors="replace").decode()


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 page``, ``2 retries``."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"
