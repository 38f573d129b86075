"""Export jobs: create one for a slice, wait until it is done, and name what to download.

Reads no page. A job is remembered in the state while it runs, so that the next run goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.errors import ApiError, ResponseError, TapError
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.job_settings import Job
from tap_oauth2_generic.net.request import Request, Response
from tap_oauth2_generic.net.request_template import RequestSettings, RequestTemplate
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.parsing.unpacking import unpack
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.json_encoder import encode_sorted
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.paths import MISSING, Path
from tap_oauth2_generic.settings.templates import as_text, parse_template

_LONGEST_INTERVAL, _GROWTH = 60.0, 1.5
_GONE = frozenset({404, 410})
_BY_URL = parse_template("{job.download_url}")
_STATE = "job"
# What is downloaded: a request, and the fields of the job that fill it.
Source = tuple[RequestTemplate, dict[str, Any]]


def _nowhere() -> dict[str, Any]:
    return {}


@dataclass
class ExportJob:
    """The export jobs of a stream, one at a time.

    ``scope`` returns the placeholders of a slice, ``state`` the state of the stream, which
    ``send_state`` sends.
    """

    stream: StreamConfig
    settings: Job
    session: Session
    policy: RequestPolicy
    scope: Callable[[Slice], dict[str, Any]]
    state: Callable[[], dict[str, Any]] = field(default=_nowhere)
    send_state: Callable[[], None] = field(default=lambda: None)

    def read(
        self,
        slice_: Slice,
        paginator: Paginator,
        read_pages: Callable[[Slice, Paginator, Source], Iterator[Any]],
    ) -> Iterator[Any]:
        """Yield the pages of each part of the result; raise TapError naming the stream."""
        with self._naming():
            job, polled = self._finish(slice_)
        is_read = False
        try:
            with self._naming():
                sources = self._sources(slice_, job, polled)
            paginator.stop = None if sources else Stop("the job has no result")
            for number, source in enumerate(sources):
                one = Paginator(paginator.style) if number else paginator
                yield from read_pages(slice_, one, source)
                if number:
                    paginator.stop, paginator.records = one.stop, paginator.records + one.records
                    paginator.remarks += one.remarks
                if one.stop is None or not one.stop.complete:
                    break
            is_read = True
        finally:
            if is_read or slice_.is_sample:
                self._end(slice_, job)

    def _finish(self, slice_: Slice) -> tuple[dict[str, Any], Response]:
        """Return the fields of a job that is done, and the response to its last poll."""
        job = self._recall(slice_)
        if job is not None:
            try:
                polled = self._send(self.settings.poll, slice_, job)
            except ApiError as error:
                if error.status not in _GONE:
                    raise
                self.policy.log.warning("the job %s of the last run is gone", job["id"])
                job = None
        if job is None:
            job = self._create(slice_)
            polled = self._send(self.settings.poll, slice_, job)
        return self._wait(slice_, job, polled)

    def _create(self, slice_: Slice) -> dict[str, Any]:
        response = self._send(self.settings.create, slice_, {})
        found = _find(response, self.settings.id_path, "id_path")
        if found is None:
            raise ResponseError(
                f"job.id_path {self.settings.id_path.text!r} is null in the response of "
                f"{response.request.name}: {excerpt(response.content)}"
            )
        job = {**_fields(response), "id": found}
        if not slice_.is_sample:
            self._remember(slice_, job)
        return job

    def _wait(
        self, slice_: Slice, job: dict[str, Any], polled: Response
    ) -> tuple[dict[str, Any], Response]:
        settings, clock = self.settings, self.session.clock
        began, interval = clock.monotonic(), settings.interval
        while True:
            status = as_text(_find(polled, settings.status_path, "status_path"))
            job = {**job, **_fields(polled), "id": job["id"]}
            if status in map(as_text, settings.done):
                return job, polled
            if status in map(as_text, settings.failed):
                self._end(slice_, job)
                found = settings.error_path and settings.error_path.find(polled.read_body())
                has_reason = found is not None and found is not MISSING
                why = f": {excerpt(as_text(found))}" if has_reason else ""
                raise ApiError(f"the job {job['id']} ended as {status!r}{why}")
            if clock.monotonic() - began + interval > settings.timeout:
                if slice_.is_sample:
                    self._end(slice_, job)
                raise ApiError(
                    f"the job {job['id']} was still {status!r} after {settings.timeout:g} seconds; "
                    "run again to wait on, or raise job.timeout"
                )
            with self.policy.stats.waits.wait("export job", interval):
                clock.sleep(interval)
            interval = min(interval * _GROWTH, max(_LONGEST_INTERVAL, settings.interval))
            polled = self._send(settings.poll, slice_, job)

    def _sources(self, slice_: Slice, job: dict[str, Any], polled: Response) -> list[Source]:
        """Return what to download, in order; nothing if the URL is null."""
        download = self.settings.download
        path = download.url_path or download.urls_path
        if path is None:
            return [(self._template(download), job)]
        if download.path.text:
            polled = self._send(download, slice_, job)
        name = "url_path" if download.url_path else "urls_path"
        found = _find(polled, path, f"download.{name}")
        urls = found if isinstance(found, list) else [found]
        by_url = self._template(RequestSettings(path=_BY_URL, headers=download.headers))
        return [
            (by_url, {**job, "download_url": urljoin(polled.url, as_text(url))})
            for url in urls
            if url is not None
        ]

    def _end(self, slice_: Slice, job: dict[str, Any]) -> None:
        """Delete a job and forget it; a job that cannot be deleted is a warning."""
        if not slice_.is_sample and self.state().pop(_STATE, None) is not None:
            self.send_state()
        if self.settings.delete is not None:
            try:
                self._send(self.settings.delete, slice_, job)
            except ApiError as error:
                self.policy.log.warning("the job %s was not deleted: %s", job["id"], error)

    def _send(self, settings: RequestSettings, slice_: Slice, job: dict[str, Any]) -> Response:
        def build() -> Request:
            request = self._template(settings).fill({**self.scope(slice_), "job": job})
            if settings is self.settings.create:
                self.stream.put_bounds(request, slice_.start, slice_.end)
            request.headers = {"Accept": "application/json", **request.headers}
            return request

        is_graphql = settings.graphql is not None
        policy = replace(self.policy, is_graphql=is_graphql, is_sample=slice_.is_sample)
        return self.session.api_client.fetch(build, policy)

    def _template(self, settings: RequestSettings) -> RequestTemplate:
        return replace(self.session.config.request_template(self.stream), settings=settings)

    def _slice(self, slice_: Slice) -> dict[str, Any]:
        """Return what identifies the job of a slice; a last slice that is open ends with the job.

        Between two windows an end that moved would leave a gap.
        """
        has_windows = self.stream.settings.incremental.window is not None
        definition = encode_sorted(self.stream.written.get("job"))
        return {
            "context": slice_.context,
            "start": slice_.start and as_text(slice_.start.value()),
            "end": as_text(slice_.end.value()) if has_windows else None,
            "definition": hashlib.sha256(definition).hexdigest()[:16],
        }

    def _recall(self, slice_: Slice) -> dict[str, Any] | None:
        kept = None if slice_.is_sample else self.state().get(_STATE)
        if not isinstance(kept, Mapping) or not isinstance(kept.get("fields"), Mapping):
            return None
        is_same = encode_sorted(kept.get("slice")) == encode_sorted(self._slice(slice_))
        return dict(kept["fields"]) if is_same and "id" in kept["fields"] else None

    def _remember(self, slice_: Slice, job: dict[str, Any]) -> None:
        used = {
            one.split(".")[1] for one in self.stream.request.placeholders if one.startswith("job.")
        }
        fields = {name: value for name, value in job.items() if name in {"id", *used}}
        self.state()[_STATE] = {"slice": self._slice(slice_), "fields": fields}
        self.session.flush()
        self.send_state()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except TapError as error:
            raise type(error)(f"stream {self.stream.name!r}, export job: {error}") from None


def decode_json(content: bytes, _: str) -> Any:
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
