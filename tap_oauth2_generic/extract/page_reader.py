"""The pages of one stream, from the request to the records: the path of a sync and of a preview.

Knows no SDK, no schema and no state; what is read is for others to emit and remember.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.errors import ResponseError, TapError
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.parsing.formats import FORMATS
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath, passes_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_oauth2_generic.config.config import StreamConfig
    from tap_oauth2_generic.net.client import PutOffError, Response
    from tap_oauth2_generic.net.request import Request
    from tap_oauth2_generic.pagination import Paginator, Token
    from tap_oauth2_generic.parsing.page import Page
    from tap_oauth2_generic.replication.bookmark import Bound
    from tap_oauth2_generic.session import Session

_TOO_DEEP = "a value is nested too deep"


@dataclass(frozen=True)
class Slice:
    """One run of a stream: its context, and the bounds it is read between."""

    context: Mapping[str, Any]
    start: Bound | None
    end: Bound


@dataclass(frozen=True)
class FetchedPage:
    """One request with its answer and what was found in it; ``place`` names it in an error."""

    request: Request
    answer: Response
    page: Page | None
    place: str
    is_new: bool = True

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records that are new on the page; raise ResponseError if one cannot be decoded."""
        if self.page is None or not self.is_new:
            return []
        try:
            return self.page.records
        except ResponseError as error:
            message = f"{self.place}: {self.request.name} answered: {error}"
        except RecursionError:
            message = f"{self.place}: {self.request.name} answered: {_TOO_DEEP}"
        raise ResponseError(message) from None


class Remarks:
    """What is said about a request: at once if its page is waited for, else when it is."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Keep what is said for now: a page that was predicted wrongly is none of the user's."""
        self._say = say
        self._kept: list[str] = []
        self._is_wanted = False
        self._lock = threading.Lock()

    def say(self, sentence: str) -> None:
        """Say a sentence, or keep it until the page is wanted."""
        with self._lock:
            if not self._is_wanted:
                self._kept.append(sentence)
                return
        self._say(sentence)

    @property
    def is_wanted(self) -> bool:
        """Whether the page is waited for."""
        return self._is_wanted

    def wanted(self) -> None:
        """Say what was kept, and everything from here on at once."""
        with self._lock:
            self._is_wanted = True
            kept, self._kept = self._kept, []
        for sentence in kept:
            self._say(sentence)


@dataclass(frozen=True)
class PendingRequest:
    """A request, with what its answer must be to be taken, and what it was made of."""

    request: Request
    wants: RequestPolicy
    scope: Mapping[str, Any]
    remarks: Remarks


class PageReader:
    """Reads a stream, and remembers over all its runs whether records were ever found."""

    def __init__(self, stream: StreamConfig, session: Session, say: Callable[[str], None]) -> None:
        """Take the stream's settings; ``say`` is told of retries.

        ``keeps_text`` leaves the records of a page as they were written, where that can be.
        """
        self.stream = stream
        self.session = session
        self._template = session.config.request_template(stream)
        self._say = say
        self.stats = session.progress.stats(stream.name)
        self.keeps_text = False
        self._matched = False
        self._missing_keys = self._enveloped = ""

    def turns(
        self, span: Slice, paginator: Paginator, *, is_sample: bool = False
    ) -> Iterator[FetchedPage]:
        """Ask for page after page until the walk ends; raises TapError naming stream and page."""
        while paginator.end is None:
            asked = self.ask(span, paginator, paginator.token, is_sample=is_sample)
            asked.remarks.wanted()
            yield self.take(asked, lambda asked=asked: self.fetch(asked), paginator)  # type: ignore[misc]

    def ask(
        self,
        span: Slice,
        paginator: Paginator,
        token: Token,
        *,
        is_sample: bool = False,
        is_guess: bool = False,
    ) -> PendingRequest:
        """Make the request for the page that a token leads to; raises TapError.

        What is a guess is retried only once it is wanted.
        """

        def filled(scope: Mapping[str, Any]) -> Request:
            return paginator.place_at(token, self._bounded(self._filled(scope), span))

        with self._naming(paginator):
            # Anew for each page: a token response that was renewed has other values.
            scope = self._scope(span)
            remarks = Remarks(self._say)
            wants = RequestPolicy(
                self._template.base_url.render(scope),
                self._rules,
                self.stream.records.decode,
                remarks.say,
                lambda: filled(self._scope(span)),
                self.stats,
                is_sample=is_sample,
                is_sure=lambda: not is_guess or remarks.is_wanted,
            )
            return PendingRequest(filled(scope), wants, scope, remarks)

    def fetch(self, asked: PendingRequest, put_off: PutOffError | None = None) -> Response:
        """Get the answer, in whatever thread; raises TapError, PutOffError for a guess."""
        return self.session.api_client.fetch(asked.request, asked.wants, put_off)

    def take(
        self, asked: PendingRequest, answer: Callable[[], Response], paginator: Paginator
    ) -> FetchedPage:
        """Find the records in an answer and let the walk go on; raises TapError as ``turns``."""
        with self._naming(paginator) as place:
            return self._turn(asked, answer(), paginator, place)

    @contextmanager
    def _naming(self, paginator: Paginator) -> Iterator[str]:
        place = f"stream {self.stream.name!r}, page {paginator.pages + 1}"
        try:
            yield place
        except TapError as error:
            message = f"{place}: {error}"
            raise type(error)(message) from None
        except MemoryError:
            message = f"{place}: the answer needs more memory than there is"
            raise ResponseError(message) from None
        except RecursionError:
            message = f"{place}: {_TOO_DEEP}"
            raise ResponseError(message) from None

    @cached_property
    def _may_keep_text(self) -> bool:
        """Whether all that is looked at in an answer lies outside its records."""
        records, style = self.stream.records, self.stream.settings.pagination
        where = records.records_path
        paths = [getattr(style, one.name) for one in fields(style)]
        return (
            records.response_format == "json"
            and not records.records_are_values
            and not (records.add_fields and style.paths_in_record)
            and isinstance(where, DottedPath)
            and all(
                passes_by(path, where)
                for path in paths
                if isinstance(path, DottedPath | JsonPath) and path not in style.paths_in_record
            )
        )

    def envelope(self) -> str | None:
        """Say that each answer of a stream that pages was taken for one record."""
        if not self._enveloped:
            return None
        return (
            "records_path is not set, so each answer was one record, with "
            f"{self._enveloped}; name the one that holds the list"
        )

    @property
    def _pages(self) -> bool:
        return self.stream.settings.pagination.first() is not None or (
            self.stream.settings.pagination.follows_tokens
        )

    def missing_records(self) -> str | None:
        """Say what the answers had instead, where ``records_path`` never matched."""
        if self._matched or not self._missing_keys:
            return None
        path = self.stream.records.records_path.text
        return f"records_path {path!r} found nothing; the answers had {self._missing_keys}"

    @property
    def _rules(self) -> list[Any]:
        return [*self.stream.rules.response_rules, *self.session.config.rules.response_rules]

    def _turn(
        self, asked: PendingRequest, answer: Response, paginator: Paginator, place: str
    ) -> FetchedPage:
        if answer.outcome != "ok":
            paginator.stop(answer.outcome)
            return FetchedPage(asked.request, answer, None, place)
        page = self._page(asked.request, answer, asked.scope)
        return FetchedPage(asked.request, answer, page, place, paginator.take(page))

    def _page(self, request: Request, answer: Response, scope: Mapping[str, Any]) -> Page:
        settings = self.stream.records.resolved(scope)
        try:
            page = read_page(
                answer.url,
                answer.status,
                answer.headers,
                answer.content,
                settings,
                lambda: answer.body,
                keeps_text=self.keeps_text and self._may_keep_text,
            )
        except ResponseError as error:
            message = f"{request.name} answered: {error}"
            raise ResponseError(message) from None
        if isinstance(page.body, dict) and settings.path.text == "$" and self._pages:
            self._enveloped = page.keys
        if page.found:
            self._matched = True
        elif page.body not in (None, [], {}):
            self._missing_keys = page.keys
        return page

    def _filled(self, scope: Mapping[str, Any]) -> Request:
        request = self._template.fill(scope)
        _, accepted = FORMATS[self.stream.records.response_format]
        request.headers = {"Accept": accepted, **request.headers}
        return request

    def _scope(self, span: Slice) -> dict[str, Any]:
        families = self.stream.contexts.scope(span.context)
        shared = self.session.scope(self.stream)
        return {**shared, **families, "start": span.start, "end": span.end}

    def _bounded(self, request: Request, span: Slice) -> Request:
        incremental = self.stream.settings.incremental
        place = self.stream.settings.pagination.place_of_params
        if incremental.start_param and span.start is not None:
            request.put(incremental.start_param, span.start.value(), place)
        if incremental.end_param:
            request.put(incremental.end_param, span.end.value(), place)
        return request
