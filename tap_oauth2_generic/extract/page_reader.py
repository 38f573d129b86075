"""The pages of one stream, from the request to the records; a sync and a preview use it alike.

Knows no SDK, no schema and no state: others emit and remember what is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.errors import ApiError, ResponseError, TapError
from tap_oauth2_generic.extract.export_job import ExportJob
from tap_oauth2_generic.extract.job_requests import JobRequests, Source
from tap_oauth2_generic.extract.remedies import remedy
from tap_oauth2_generic.extract.response_check import ResponseCheck
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.request import Request, Response
from tap_oauth2_generic.net.retry import LEAST_ERROR, NOT_MODIFIED
from tap_oauth2_generic.pagination import Paginator, Token
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.json_list import JsonList
from tap_oauth2_generic.parsing.page import Page, read_page
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.templates import Template

# Pages requested ahead take no more memory; a larger page is requested once it is wanted.
_BYTES_AHEAD = 2**23
_TOO_DEEP = "a value is nested too deep"


@dataclass(frozen=True)
class FetchedPage:
    """A response with what was found in it; ``place`` names it in an error."""

    response: Response
    page: Page | None
    place: str
    is_new: bool = True

    @property
    def written(self) -> JsonList | None:
        """The records that are new on the page, if they were left as the server wrote them."""
        return self.page.written if self.page is not None and self.is_new else None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records that are new on the page; raise ResponseError if one cannot be decoded."""
        if self.page is None or not self.is_new:
            return []
        try:
            return self.page.records
        except (ResponseError, RecursionError) as error:
            reason = _TOO_DEEP if isinstance(error, RecursionError) else str(error)
        raise ResponseError(f"{self.place}: {_unusable(self.response)}: {reason}") from None

    def parts(self) -> Iterator[FetchedPage]:
        """Yield the page, in parts if it is large and its records are encoded."""
        page = self.page
        if page is None or page.written is None:
            yield self
            return
        for part in page.written.parts():
            yield self if part is page.written else replace(self, page=replace(page, written=part))


class PageReader:
    """Reads the pages of a stream, and remembers whether records were ever found."""

    def __init__(
        self, stream: StreamConfig, session: Session, keeps_encoded: Callable[[int], bool]
    ) -> None:
        """Prepare the requests of a stream; ``keeps_encoded`` decides by the bytes of a page."""
        self.stream, self.session = stream, session
        template = session.config.request_template(stream)
        self._source = Source(template, {}, stream.settings.pagination)
        self._uses_token = session.config.uses_token(stream)
        self._placeholders = stream.request.placeholders
        self.stats = session.progress.stats(stream.name)
        self.log = StreamLog(stream.name, self.stats.warnings.append)
        rules = [*stream.rules.response_rules, *session.config.rules.response_rules]
        note = partial(self.log.warn_once, "NaN", "NaN and Infinity in responses become null")
        decode = partial(stream.records.decode_rest, note_nan=note)
        is_graphql, spools = stream.request.graphql is not None, stream.records.is_streamed
        policy = RequestPolicy(rules, decode, self.log, self.stats)
        policy = replace(policy, is_graphql=is_graphql, spools=spools)
        #: For pages of a sync, and for those of a sample.
        self._policies = policy, replace(policy, is_sample=True)
        #: What exports the records first, None if the API pages them.
        self.job: ExportJob | None = None
        if (job := stream.request.job) is not None:
            self.job = ExportJob(JobRequests(stream, job, session, self._scope, self.log))
        self._keeps_encoded = keeps_encoded
        self.types: Callable[[], Mapping[str, Any]] = dict  # those of ``read_page``
        self.check = ResponseCheck(stream)
        #: Describes the responses of a paged stream that each counted as one record.
        self.envelope = ""
        #: How many pages may wait in memory, by the size of the last one.
        self.most_ahead = _BYTES_AHEAD

    def read(self, slice_: Slice, paginator: Paginator) -> Generator[FetchedPage, None, None]:
        """Yield page after page until paging stops; raise TapError naming stream and page."""
        read = self._read if self.job is None else partial(self.job.read, read_pages=self._read)
        yield from read(slice_, paginator)

    def _read(
        self, slice_: Slice, paginator: Paginator, source: Source | None = None
    ) -> Iterator[FetchedPage]:
        while paginator.stop is None:
            fetched = self.fetch(slice_, paginator.token, paginator.pages + 1, source)
            yield from self.take(slice_, fetched, paginator)

    def fetch(
        self, slice_: Slice, token: Token, number: int, source: Source | None = None, **how: Any
    ) -> Response:
        """Request a page of the stream or of a job's result, from any thread; raise TapError."""
        with self._naming(number):
            policy = self._policies[slice_.is_sample]
            build = partial(self._request, slice_, token, source)
            try:
                return self.session.api_client.fetch(build, policy, **how)
            except ApiError as error:
                said = "; ".join(filter(None, [str(error), remedy(self.stream, error, number)]))
                raise ApiError(said, error.status, response=error.response) from None

    def take(self, slice_: Slice, response: Response, paginator: Paginator) -> list[FetchedPage]:
        """Find the records in a response and let paging go on; raise TapError.

        Returns the pages to emit now: none while the paginator holds the page back.
        """
        with self._naming(paginator.pages + 1) as place:
            self.most_ahead = _BYTES_AHEAD // max(len(response.content), 1)
            page = problem = None
            settings = self.stream.records
            if isinstance(settings.records_path, Template):
                settings = settings.resolve(self._scope(slice_))
            if response.outcome == "ok":
                page = self._page(settings, response)
                missing = self.check.missing if self.will_fail else ""
                problem = self.check.find_problem(page, settings, response)
                if missing and self.check.matched and not slice_.is_sample:
                    self.log.warning("paging ended early: %s", missing)
                pages = paginator.take(page, self.stream.settings.primary_keys)
                is_paged = paginator.style.first() is not None or paginator.style.follows_tokens
                if is_paged and page.is_lone and page.records == [page.body]:
                    self.envelope = (
                        "records_path is not set, so each response was one record, with "
                        f"{page.keys}; name the one that holds the list"
                    )
            else:
                why = "status 304: not modified" if response.status == NOT_MODIFIED else ""
                dropped = self._count_dropped(settings, response)
                pages = paginator.skip(response.outcome, dropped, why)
            if problem and (paginator.stop or problem.stops):
                paginator.stop = problem
            is_kept = all(map(response.meets, self.check.keep))
            if not slice_.is_sample:
                self.check.note_doubt(response, page, settings.path, paginator)
            fetched = [FetchedPage(response, one, place, is_kept) for one in pages]
            if page is None or (paginator.stop and not pages):
                fetched.append(FetchedPage(response, page, place, is_new=False))
            return fetched

    def _count_dropped(self, settings: RecordSettings, response: Response) -> int:
        """Return how many records a response has that a rule takes for one past the last page.

        An object without a path to records may be anything.
        """
        is_envelope = settings.path.text == "$" and isinstance(response.read_body(), dict)
        if response.outcome == "end" and response.status < LEAST_ERROR and not is_envelope:
            with suppress(ResponseError):
                return self._page(settings, response).length
        return 0

    @contextmanager
    def _naming(self, number: int) -> Iterator[str]:
        place = f"stream {self.stream.name!r}, page {number}"
        try:
            yield place
        except TapError as error:
            named = type(error)(f"{place}: {error}")
            vars(named).update(vars(error))
            raise named from None
        except (MemoryError, RecursionError) as error:
            is_deep = isinstance(error, RecursionError)
            reason = _TOO_DEEP if is_deep else "the response needs more memory than there is"
            raise ResponseError(f"{place}: {reason}") from None

    @property
    def will_fail(self) -> bool:
        """Whether the stream fails at the end of the run unless ``records_path`` still matches."""
        is_auto = self.stream.records.on_missing_records == "auto"
        return bool(self.check.missing) and is_auto and not self.check.has_history

    def report(self) -> None:
        """Warn at the end of a run; raise ResponseError if ``records_path`` never matched."""
        if self.will_fail:
            raise ResponseError(f"stream {self.stream.name!r}: {self.check.missing}")
        envelope = self.envelope if not self.stream.records.records_are_values else ""
        for notice in filter(None, (envelope, self.check.misnamed)):
            self.log.warning(notice)

    def _page(self, settings: RecordSettings, response: Response) -> Page:
        size = sys.maxsize if settings.is_streamed else len(response.content)
        try:
            return read_page(
                response.url,
                response.status,
                response.headers,
                response.content,
                settings,
                lambda: response.body,
                keep_encoded=self._keeps_encoded(size),
                file=response.file,
                types=self.types(),
            )
        except ResponseError as error:
            raise ResponseError(f"{_unusable(response)}: {error}") from None

    def _request(self, slice_: Slice, token: Token, source: Source | None = None) -> Request:
        template, scope, style = source or self._source
        request = template.fill({**self._scope(slice_), **style.scope(token), **scope})
        request.headers = {"Accept": self.stream.records.accept, **request.headers}
        if source is None:
            self.stream.put_bounds(request, slice_.start, slice_.end)
        style.apply(token, request, self._placeholders)
        return request

    def _scope(self, slice_: Slice) -> dict[str, Any]:
        families = self.stream.contexts.scope(slice_.context)
        shared = self.session.scope(uses_token=self._uses_token)
        return {**shared, **families, "start": slice_.start, "end": slice_.end}


def _unusable(response: Response) -> str:
    return f"{response.request.name} returned an unusable response"
