"""Pages fetched ahead of the place where they are read; each comes out once, in order.

Decides what is requested next; threads only send. Knows no stream, no schema and no state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.extract.page_reader import FetchedPage, PageReader
from tap_oauth2_generic.extract.response_pace import ResponsePace
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.pagination import Paginator, Token
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.thread_pool import Call, Workers

_Item = TypeVar("_Item")
# Pages that wait to be read, for each request that may be in flight.
_BUFFERED_PAGES = 3
# How long a signal may go unnoticed while no response arrives.
_SIGNAL_SECONDS = 0.2


@dataclass(frozen=True)
class _PendingPage:
    """A page that was requested; one that fails as a guess is requested again once wanted."""

    token: Token
    response: Call[Response]
    is_guess: bool

    @property
    def has_failed(self) -> bool:
        """Whether it was a guess and there is no response."""
        return self.is_guess and self.response.error is not None


@dataclass(eq=False)
class SliceReader:
    """Reads one slice, page by page in order.

    If ``is_eager`` is false, a page is requested only after the previous one was processed: it
    may be the last one by what is in it, or too large.
    """

    source: PageReader
    slice: Slice
    paginator: Paginator
    may_be_eager: bool
    is_cancelled: bool = field(default=False, init=False)
    _pending: deque[_PendingPage] = field(default_factory=deque, init=False)
    _ready: deque[FetchedPage] = field(default_factory=deque, init=False)
    _failure: TapError | None = field(default=None, init=False)

    @property
    def is_eager(self) -> bool:
        """Whether pages are requested ahead."""
        return self.may_be_eager and self.source.most_ahead > 0

    @property
    def buffered(self) -> int:
        """How many pages are in flight or wait to be read."""
        return len(self._pending) + len(self._ready)

    def submit(self, workers: Workers, limit: int, *, urgent: bool) -> int:
        """Request pages that are certain or likely to come, at most ``limit``; return how many."""
        if self._failure or self.is_cancelled or self.source.job is not None:
            return 0
        if self._pending and self._pending[0].has_failed:
            if not urgent:
                return 0
            # It may have been refused because of the others in flight.
            again = self._request(self._pending[0].token, workers, 0, urgent=True, alone=True)
            self._pending[0] = again
            return 1
        if limit < 1:
            return 0
        before = len(self._pending)
        wanted = before + limit if self.is_eager else 1
        for token in self.paginator.foreseen(wanted)[before:]:
            self._pending.append(self._request(token, workers, len(self._pending), urgent=urgent))
        return len(self._pending) - before

    def poll(self) -> None:
        """Process responses that arrived early: only they tell whether another page follows."""
        while self.is_eager and not self._failure and self._has_arrived():
            try:
                self._ready += self._take()
            except TapError as error:
                self._failure = error

    def pop(self) -> FetchedPage | None:
        """Return the next page if it is here; raise TapError if it cannot be fetched."""
        if self._ready:
            return self._ready.popleft()
        if self._failure:
            raise self._failure
        if self._has_arrived():
            self._ready += self._take()
        return self._ready.popleft() if self._ready else None

    def fetch(self) -> float:
        """Request the next page in this thread; return the seconds it took."""
        token = self.paginator.token
        call = Call(partial(self.source.fetch, self.slice, token, self.paginator.pages + 1))
        self._pending.append(_PendingPage(token, call, is_guess=False))
        return call.run()

    def waiting_on(self) -> list[Call[Response]]:
        """Return the responses that were requested and not read yet."""
        return [pending.response for pending in self._pending]

    def cancel(self) -> None:
        """Drop what is in flight or waits to be read."""
        self.is_cancelled = True
        self._ready.clear()
        self._cancel_pending()

    def _cancel_pending(self) -> None:
        while self._pending:
            self._pending.pop().response.cancel()

    def _request(
        self, token: Token, workers: Workers, ahead: int, *, urgent: bool, alone: bool = False
    ) -> _PendingPage:
        number, is_guess = self.paginator.pages + 1 + ahead, ahead > 0
        how: dict[str, Any] = {"is_guess": is_guess, "alone": alone}
        fetch = partial(self.source.fetch, self.slice, token, number, **how)
        return _PendingPage(token, workers.submit(fetch, urgent=urgent), is_guess)

    def _has_arrived(self) -> bool:
        first = self._pending[0] if self._pending else None
        return first is not None and first.response.is_done and not first.has_failed

    def _take(self) -> list[FetchedPage]:
        pending = self._pending.popleft()
        pages = self.source.take(self.slice, pending.response.result(), self.paginator)
        if self._pending and (
            self.paginator.stop or self._pending[0].token != self.paginator.token
        ):
            # Predicted wrongly, or past the end.
            self._cancel_pending()
        return pages


class Prefetcher:
    """Fetches pages of all streams ahead; with a ``limit`` of 1 in flight, none is."""

    def __init__(self, limit: int) -> None:
        self._workers = Workers(limit)
        self._limit = limit
        self._pace = ResponsePace()
        # For each nested ``iterate``: the items to come, and those whose slices started early.
        self._queues: list[tuple[Iterator[Any], deque[Any]]] = []

    def close(self) -> None:
        """Start no further request."""
        self._workers.close()

    def iterate(
        self, items: Iterable[tuple[_Item, list[SliceReader]]]
    ) -> Generator[_Item, None, None]:
        """Yield items in order, while pages of the items after it are fetched.

        The slices of an item are read by the caller.
        """
        upcoming, started = queue = iter(items), deque[tuple[_Item, list[SliceReader]]]()
        self._queues.append(queue)
        try:
            while (item := started.popleft() if started else next(upcoming, None)) is not None:
                yield item[0]
                for reader in item[1]:
                    reader.cancel()
        finally:
            self._queues.remove(queue)
            for _, readers in started:
                for reader in readers:
                    reader.cancel()

    def pages(self, reader: SliceReader) -> Iterator[FetchedPage]:
        """Yield the pages of a slice in order; raise TapError naming stream and page."""
        if self._limit == 1 or reader.source.job is not None:
            # One job after the other.
            yield from reader.source.read(reader.slice, reader.paginator)
            return
        try:
            while True:
                for started in self._early_slices():
                    started.poll()
                if (page := reader.pop()) is not None:
                    if reader.is_eager and not self._pace.is_quick:
                        self._submit(reader)
                    yield page
                elif reader.paginator.stop is not None:
                    return
                elif self._pace.is_quick and not reader.buffered:
                    self._pace.note(reader.fetch())
                else:
                    self._submit(reader)
                    self._wait(reader)
        finally:
            reader.cancel()

    def _early_slices(self) -> Iterator[SliceReader]:
        for _, started in reversed(self._queues):
            for _, readers in started:
                yield from readers

    def _next_slices(self) -> Iterator[SliceReader]:
        for upcoming, started in reversed(self._queues):
            for _, readers in list(started):
                yield from readers
            for item in upcoming:
                started.append(item)
                yield from item[1]

    def _submit(self, reader: SliceReader) -> None:
        """Request the next pages of this slice, then those of the slices after it.

        As many as may be in flight, and as long as not too many wait to be read.
        """
        known = [reader, *self._early_slices()]
        in_flight = sum(not one.is_done for slice_ in known for one in slice_.waiting_on())
        buffered = sum(slice_.buffered for slice_ in known)
        most = min(self._limit * _BUFFERED_PAGES, reader.source.most_ahead)
        free = min(self._limit - in_flight, most - buffered)
        # The page that the caller waits for is requested in any case.
        free -= reader.submit(self._workers, max(free, 0 if reader.buffered else 1), urgent=True)
        for other in self._next_slices():
            if free < 1 or not other.source.most_ahead:
                return
            free -= other.submit(self._workers, 1, urgent=False)

    def _wait(self, reader: SliceReader) -> None:
        self._workers.arrived.clear()
        wanted = reader.waiting_on()
        if wanted and not wanted[0].is_done:
            # Between the waits a signal takes effect; inside, two of them could break a lock.
            with uninterrupted:
                self._workers.arrived.wait(_SIGNAL_SECONDS)
            if (seconds := wanted[0].seconds) is not None:
                self._pace.note(seconds)
