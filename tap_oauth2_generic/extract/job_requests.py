"""The requests of export jobs: create one, wait until it is done, and name what to download.

``job_memory`` keeps a job while it runs, so that the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urljoin

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.errors import ApiError, ResponseError
from tap_oauth2_generic.extract.job_memory import JobMemory
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.job_settings import Job
from tap_oauth2_generic.net.request import Request, Response
from tap_oauth2_generic.net.request_template import RequestSettings, RequestTemplate
from tap_oauth2_generic.pagination import PagingStyle
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.parsing.unpacking import unpack
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.paths import MISSING, Path
from tap_oauth2_generic.settings.templates import as_text, parse_template

_LONGEST_INTERVAL, _GROWTH = 60.0, 1.5
_GONE = frozenset({404, 410})
_BY_URL = parse_template("{job.download_url}")


class Source(NamedTuple):
    """What is downloaded: a request, the placeholders that fill it, and how its pages follow."""

    template: RequestTemplate
    scope: Mapping[str, Any]
    style: PagingStyle


@dataclass
class Turn:
    """One job of a slice; ``paging`` are the placeholders that page the jobs, if any do.

    ``number`` counts the jobs of the slice from 0. ``first`` is the first page of its result.
    """

    slice: Slice
    paging: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    job: dict[str, Any] = field(default_factory=dict)
    first: Page | None = None
    is_concluded: bool = False
    is_ended: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the state keeps it while it runs.

        Of jobs that follow each other, a run that is cut off reads all again: a bookmark from
        the last ones may pass what changed in the first ones.
        """
        return not self.number and not self.slice.is_sample


@dataclass
class JobRequests:
    """The requests of a stream's export jobs; ``scope`` has the placeholders of a slice."""

    stream: StreamConfig
    settings: Job
    session: Session
    scope: Callable[[Slice], dict[str, Any]]
    log: StreamLog

    def __post_init__(self) -> None:
        """Remember no job yet."""
        self.memory = JobMemory(self.stream)
        stats = self.session.progress.stats(self.stream.name)
        self.policy = RequestPolicy((), _decode, self.log, stats)

    def finish(self, turn: Turn) -> Response:
        """Return the response to the last poll of a job that is done."""
        job = self.memory.recall(turn.slice) if turn.is_kept else None
        if job is not None:
            turn.job = job
            try:
                return self._wait(turn, self._send(self.settings.poll, turn))
            except ApiError as error:
                if error.status not in _GONE:
                    raise
                self.log.warning("the job %s of the last run is gone", job["id"])
        self._create(turn)
        return self._wait(turn, self._send(self.settings.poll, turn))

    def _create(self, turn: Turn) -> None:
        settings = self.settings
        turn.job = {}
        response = self._send((turn.number and settings.next) or settings.create, turn)
        found = _find(response, settings.id_path, "id_path")
        if found is None:
            raise ResponseError(
                f"job.id_path {settings.id_path.text!r} is null in the response of "
                f"{response.request.name}: {excerpt(response.content)}"
            )
        turn.job = {**_fields(response), "id": found}
        if turn.is_kept:
            self.session.flush()
            self.memory.remember(turn.slice, turn.job)

    def _wait(self, turn: Turn, polled: Response) -> Response:
        settings, clock = self.settings, self.session.clock
        began, interval = clock.monotonic(), settings.interval
        while True:
            status = as_text(_find(polled, settings.status_path, "status_path"))
            turn.job = {**turn.job, **_fields(polled), "id": turn.job["id"]}
            if status in map(as_text, settings.done):
                return polled
            if status in map(as_text, settings.failed):
                self.end(turn)
                found = settings.error_path and settings.error_path.find(polled.read_body())
                has_reason = found is not None and found is not MISSING
                why = f": {excerpt(as_text(found))}" if has_reason else ""
                raise ApiError(f"the job {turn.job['id']} ended as {status!r}{why}")
            if clock.monotonic() - began + interval > settings.timeout:
                remedy = "run again to wait on, or raise" if turn.is_kept else "raise"
                raise ApiError(
                    f"the job {turn.job['id']} was still {status!r} after {settings.timeout:g} "
                    f"seconds; {remedy} job.timeout"
                )
            with self.policy.stats.waits.wait("export job", interval):
                clock.sleep(interval)
            interval = min(interval * _GROWTH, max(_LONGEST_INTERVAL, settings.interval))
            polled = self._send(settings.poll, turn)

    def sources(self, turn: Turn, polled: Response, style: PagingStyle) -> list[Source]:
        """Return what to download, in order; nothing if the URL is null."""
        download, scope = self.settings.download, {**turn.paging, "job": turn.job}
        path = download.url_path or download.urls_path
        if path is None:
            return [Source(self._template(download), scope, style)]
        if download.path.text:
            polled = self._send(download, turn)
        name = "url_path" if download.url_path else "urls_path"
        found = _find(polled, path, f"download.{name}")
        urls = found if isinstance(found, list) else [found]
        template = self._template(RequestSettings(path=_BY_URL, headers=download.headers))
        joined = [urljoin(polled.url, as_text(url)) for url in urls if url is not None]
        jobs = [{**turn.job, "download_url": url} for url in joined]
        return [Source(template, {**scope, "job": job}, style) for job in jobs]

    def end(self, turn: Turn) -> None:
        """Delete a job that was created, and forget it; if it cannot be deleted, warn."""
        if turn.is_ended or not turn.job:
            return
        turn.is_ended = True
        if turn.is_kept:
            self.memory.forget()
        if self.settings.delete is not None:
            try:
                self._send(self.settings.delete, turn)
            except ApiError as error:
                self.log.warning("the job %s was not deleted: %s", turn.job["id"], error)

    def _send(self, settings: RequestSettings, turn: Turn) -> Response:
        slice_ = turn.slice

        def build() -> Request:
            scope = {**self.scope(slice_), **turn.paging, "job": turn.job}
            request = self._template(settings).fill(scope)
            if settings is self.settings.create:
                self.stream.put_bounds(request, slice_.start, slice_.end)
            request.headers = {"Accept": "application/json", **request.headers}
            return request

        is_graphql = settings.graphql is not None
        policy = replace(self.policy, is_graphql=is_graphql, is_sample=slice_.is_sample)
        return self.session.api_client.fetch(build, policy)

    def _template(self, settings: RequestSettings) -> RequestTemplate:
        return replace(self.session.config.request_template(self.stream), settings=settings)


def _decode(content: bytes, _: str) -> Any:
    """Decode the response of a job's request, which is JSON whatever the result is."""
    return decode(unpack(content))


def _fields(response: Response) -> dict[str, Any]:
    body = response.read_body()
    return dict(body) if isinstance(body, Mapping) else {}


def _find(response: Response, path: Path, name: str) -> Any:
    """Return the value at a path; raise ResponseError if there is none."""
    try:
        body = response.body
    except ValueError as error:
        raise ResponseError(f"{response.request.name} returned no JSON: {error}") from None
    found = path.find(body)
    if found is MISSING:
        raise ResponseError(
            f"job.{name} {path.text!r} finds nothing in the response of {response.request.name}: "
            f"{excerpt(response.content)}"
        )
    return found
