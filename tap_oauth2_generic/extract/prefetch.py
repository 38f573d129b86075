"""Pages fetched ahead of the place where they are read; each still comes once, and in order.

Decides what is asked for next; threads only send. Knows no stream, no schema and no state.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.net.client import PutOffError
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.thread_pool import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_oauth2_generic.extract.page_reader import (
        FetchedPage,
        PageReader,
        PendingRequest,
        Slice,
    )
    from tap_oauth2_generic.net.client import Response
    from tap_oauth2_generic.pagination import Paginator

_Item = TypeVar("_Item")
# Pages that are there but not read yet, for each request that may be under way.
_KEPT_PAGES = 3
# How long a signal may go unnoticed while nothing comes.
_SIGNAL_SECONDS = 0.2


@dataclass(frozen=True)
class _Pending:
    """A page that was asked for."""

    token: object
    asked: PendingRequest
    answer: Future[Response]


class SliceReader:
    """One walk over one span, whose pages come out in order, once each.

    One that is not eager is asked for no page before the one before it was worked with.
    """

    def __init__(
        self, reader: PageReader, span: Slice, paginator: Paginator, *, is_eager: bool
    ) -> None:
        """Ask for nothing yet."""
        self.span = span
        self.paginator = paginator
        self.is_eager = is_eager
        self._reader = reader
        self._pending: deque[_Pending] = deque()
        self._ready: deque[FetchedPage] = deque()
        self._failure: TapError | None = None
        self._workers: Workers | None = None

    @property
    def answers(self) -> list[Future[Response]]:
        """The answers that were asked for and not read yet."""
        return [pending.answer for pending in self._pending]

    @property
    def kept(self) -> int:
        """How many pages are under way or waiting to be read."""
        return len(self._pending) + len(self._ready)

    def direct(self) -> Iterator[FetchedPage]:
        """Give the pages, each asked for when the one before it was read."""
        return self._reader.turns(self.span, self.paginator)

    def ask(self, workers: Workers, most: int, *, urgent: bool) -> int:
        """Ask for pages that are sure to come or likely to, so many at most; gives how many."""
        if self._failure or most < 1:
            return 0
        before = len(self._pending)
        wanted = len(self._pending) + most if self.is_eager else 1
        tokens = self.paginator.foreseen(wanted)
        for token in tokens[len(self._pending) :]:
            try:
                is_guess = bool(self._pending)
                asked = self._reader.ask(self.span, self.paginator, token, is_guess=is_guess)
            except TapError as error:
                if not self._pending:
                    self._failure = error
                break
            self._workers = workers
            answer = workers.submit(_fetching(self._reader, asked), urgent=urgent)
            self._pending.append(_Pending(token, asked, answer))
        return len(self._pending) - before

    def look(self) -> None:
        """Take up what has come, before its time: whether a second page follows is known then."""
        if self._failure or not self.is_eager:
            return
        while not self._failure and self._has_come():
            try:
                self._ready.append(self._taken())
            except TapError as error:
                self._failure = error

    def next(self) -> FetchedPage | None:
        """Give the next page if it is there; raises TapError where it could not be had."""
        if self._ready:
            return self._ready.popleft()
        if self._failure:
            raise self._failure
        return self._taken() if self._has_come() else None

    def want(self) -> list[Future[Response]]:
        """Give the answers that are waited for, the first of them in earnest."""
        if self._pending:
            self._pending[0].asked.remarks.wanted()
        return self.answers

    def drop(self) -> None:
        """Ask for nothing more, and forget what is under way."""
        for pending in self._pending:
            pending.answer.cancel()
        self._pending.clear()
        self._ready.clear()

    def _has_come(self) -> bool:
        """Tell whether the next page is there; a guess that failed is sent again now."""
        if not self._pending or not self._pending[0].answer.done():
            return False
        first = self._pending[0]
        put_off = first.answer.exception()
        if self._workers is None or not isinstance(put_off, PutOffError):
            return True
        # The pages before it were as predicted, so it is no guess any more.
        first.asked.remarks.wanted()
        again = _fetching(self._reader, first.asked, put_off)
        self._pending[0] = replace(first, answer=self._workers.submit(again, urgent=True))
        return False

    def _taken(self) -> FetchedPage:
        pending = self._pending.popleft()
        pending.asked.remarks.wanted()
        turn = self._reader.take(pending.asked, pending.answer.result, self.paginator)
        if self._pending and (self.paginator.end or self._pending[0].token != self.paginator.token):
            # Predicted wrongly, or past the end, where even an error says nothing.
            for wrong in self._pending:
                wrong.answer.cancel()
            self._pending.clear()
        return turn


def _fetching(
    reader: PageReader, asked: PendingRequest, put_off: PutOffError | None = None
) -> Callable[[], Response]:
    return lambda: reader.fetch(asked, put_off)


class SliceQueue(Generic[_Item]):
    """What comes one after the other, each with its courses; looked into ahead of its time."""

    def __init__(self, items: Iterable[tuple[_Item, list[SliceReader]]]) -> None:
        """Take the items in the order in which they will be read; none is looked at yet."""
        self._items = iter(items)
        self._begun: deque[tuple[_Item, list[SliceReader]]] = deque()

    def __iter__(self) -> Iterator[tuple[_Item, list[SliceReader]]]:
        """Give each item when its time has come."""
        while True:
            item = self._begun.popleft() if self._begun else next(self._items, None)
            if item is None:
                return
            yield item

    @property
    def begun(self) -> list[SliceReader]:
        """The courses that were begun ahead."""
        return [course for _, courses in self._begun for course in courses]

    def ahead(self) -> Iterator[SliceReader]:
        """Give the courses that come next, those that were begun first."""
        yield from self.begun
        while (item := next(self._items, None)) is not None:
            self._begun.append(item)
            yield from item[1]


class Prefetcher:
    """Fetches pages of all streams ahead, within a number of requests under way."""

    def __init__(self, most: int) -> None:
        """Fetch nothing yet; with ``most`` 1, nothing is ever fetched ahead."""
        self._workers = Workers(most)
        self._most = most
        self._lines: list[SliceQueue[object]] = []

    def close(self) -> None:
        """Begin nothing more."""
        self._workers.close()

    def line(self, items: Iterable[tuple[_Item, list[SliceReader]]]) -> Iterator[_Item]:
        """Go through items in order, and have what comes next fetched meanwhile.

        The courses of an item are read by whoever takes it.
        """
        line = SliceQueue(items)
        self._lines.append(line)  # type: ignore[arg-type]
        try:
            for item, courses in line:
                yield item
                for course in courses:
                    course.drop()
        finally:
            self._lines.remove(line)  # type: ignore[arg-type]
            for course in line.begun:
                course.drop()

    def turns(self, course: SliceReader) -> Iterator[FetchedPage]:
        """Give the pages of a course in order; raises TapError naming stream and page."""
        if self._most == 1:
            yield from course.direct()
            return
        try:
            while True:
                self._look()
                if (turn := course.next()) is not None:
                    if course.is_eager:
                        self._ask(course)
                    yield turn
                elif course.paginator.end is not None:
                    return
                else:
                    self._ask(course)
                    self._wait(course)
        finally:
            course.drop()

    def _begun(self) -> Iterator[SliceReader]:
        return chain.from_iterable(line.begun for line in reversed(self._lines))

    def _look(self) -> None:
        for course in self._begun():
            course.look()

    def _ask(self, course: SliceReader) -> None:
        """Ask for this course's next pages, then for those of what comes after it.

        As many as may be under way, and as long as not too many wait to be read.
        """
        known = [course, *self._begun()]
        under_way = sum(not answer.done() for one in known for answer in one.answers)
        kept = sum(one.kept for one in known)
        room = min(self._most - under_way, self._most * _KEPT_PAGES - kept)
        # The page that is waited for is asked for in any case.
        room -= course.ask(self._workers, max(room, 0 if course.kept else 1), urgent=True)
        for other in chain.from_iterable(line.ahead() for line in reversed(self._lines)):
            if room < 1:
                return
            room -= other.ask(self._workers, 1, urgent=False)

    def _wait(self, course: SliceReader) -> None:
        """Wait until something has come, of this course or of one begun ahead."""
        wanted = course.want()
        if wanted and not wanted[0].done():
            others = [answer for one in self._begun() for answer in one.answers]
            waiting = [answer for answer in [*wanted, *others] if not answer.done()]
            # Between the waits a signal takes effect; inside, two of them could break a lock.
            with uninterrupted:
                wait(waiting or wanted, _SIGNAL_SECONDS, return_when=FIRST_COMPLETED)
