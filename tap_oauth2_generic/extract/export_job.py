"""The records of export jobs: the pages of each result, and whether another job follows.

``job_requests`` sends what a job needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.errors import ResponseError, TapError
from tap_oauth2_generic.extract.job_requests import JobRequests, Source, Turn
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.pagination.none import NoPaging
from tap_oauth2_generic.pagination.signs import find_sign_of_more
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.records.pipeline import Slice

ReadPages = Callable[[Slice, Paginator, Source], Iterator[Any]]


@dataclass
class ExportJob:
    """The export jobs of a stream, one at a time."""

    requests: JobRequests

    def read(self, slice_: Slice, paginator: Paginator, read_pages: ReadPages) -> Iterator[Any]:
        """Yield the pages of each result; raise TapError naming the stream."""
        if not self.requests.settings.is_paged:
            yield from self._read_job(Turn(slice_), paginator, paginator, read_pages)
            return
        while paginator.stop is None:
            turn = Turn(slice_, paginator.style.scope(paginator.token), paginator.pages)
            yield from self._read_job(turn, paginator, Paginator(NoPaging()), read_pages)

    def _read_job(
        self, turn: Turn, paginator: Paginator, result: Paginator, read_pages: ReadPages
    ) -> Iterator[Any]:
        """Yield the pages of a job's ``result``; ``paginator`` pages the jobs if they follow.

        Whether another one follows is decided before the last page is yielded.
        """
        is_read = False
        try:
            with self._naming():
                polled = self.requests.finish(turn)
                sources = self.requests.sources(turn, polled, result.style)
            if not sources:
                result.stop = Stop("the job has no result")
                self._conclude(turn, polled, paginator, result)
            for fetched in _read_parts(turn.slice, result, sources, read_pages):
                if turn.first is None and fetched.page is not None:
                    turn.first = fetched.page.summary()
                if result.stop is not None and not turn.is_concluded:
                    self._conclude(turn, polled, paginator, result)
                yield fetched
            is_read = True
        finally:
            if is_read or not turn.is_kept:
                self.requests.end(turn)

    def _conclude(
        self, turn: Turn, polled: Response, paginator: Paginator, result: Paginator
    ) -> None:
        """Decide at the end of a result whether another job follows, by the last poll."""
        turn.is_concluded = True
        if paginator is not result:
            if result.stop is None or not result.stop.complete:
                paginator.join(result)
                return
            page = _as_page(polled, turn.first, result.records)
            is_held = not paginator.take(page, self.requests.stream.settings.primary_keys)
            if is_held:
                with self._naming():
                    raise ResponseError(
                        f"the job {turn.job['id']} has the records of the one before it; the API "
                        "may ignore what pages the jobs"
                    )
            paginator.remarks += result.remarks
        stop, is_paged = paginator.stop, self.requests.settings.is_paged
        if stop is not None and stop.complete:
            sign = find_sign_of_more(polled.body, flags_only=is_paged)
            if sign is not None:
                advice = "" if is_paged else "; page the jobs with {page} or {cursor} in job"
                reason = f"{stop.reason}, but {sign!r} of the last poll says that more follows"
                paginator.stop = Stop(f"{reason}{advice}", complete=False)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except TapError as error:
            place = f"stream {self.requests.stream.name!r}, export job"
            raise type(error)(f"{place}: {error}") from None


def _read_parts(
    slice_: Slice, result: Paginator, sources: list[Source], read_pages: ReadPages
) -> Iterator[Any]:
    """Yield the pages of each part; ``result`` ends with the last one, or one that is cut off."""
    if len(sources) == 1:
        yield from read_pages(slice_, result, sources[0])
        return
    for number, source in enumerate(sources, 1):
        part, is_joined = Paginator(result.style), False
        for fetched in read_pages(slice_, part, source):
            if part.stop is not None and not is_joined:
                is_joined = True
                result.join(part, is_last=number == len(sources))
            yield fetched
        if result.stop is not None:
            return


def _as_page(polled: Response, first: Page | None, length: int) -> Page:
    """Return a page with the records of a job's first one, whose paging the last poll decides."""
    page = Page(polled.url, polled.status, CaseInsensitiveDict(polled.headers), polled.body)
    page.sent = length
    if first is not None:
        page.written, page.added, page.checksum = first.written, first.added, first.checksum
        if first.written is None:
            page.records = first.records
    return page
