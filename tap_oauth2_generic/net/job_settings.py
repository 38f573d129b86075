"""The settings of a stream's requests, and of an export job that takes their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap_oauth2_generic.net.request_template import METHOD, RequestSettings, templates_in
from tap_oauth2_generic.settings.field_types import (
    PATH,
    TEMPLATE,
    TIMEOUT,
    VALUES,
    number,
    section,
)
from tap_oauth2_generic.settings.fields import Settings, setting
from tap_oauth2_generic.settings.limits import MAX_SECONDS
from tap_oauth2_generic.settings.paths import Path, parse_path
from tap_oauth2_generic.settings.templates import Template, parse_template

_NO_PATH = parse_template("")
_PAGING = frozenset({"page", "offset", "cursor"})
# What a stream with a job has nowhere to send.
_OF_REQUEST = ("params", "raw_params", "headers", "body", "graphql")


class CreateRequest(RequestSettings):
    """The request that creates a job."""

    method: str = setting(METHOD, "The HTTP method.", default="POST")


class DeleteRequest(RequestSettings):
    """The request that deletes a job."""

    method: str = setting(METHOD, "The HTTP method.", default="DELETE")


class Download(RequestSettings):
    """The requests for the result of a job."""

    path: Template = setting(
        TEMPLATE, "Path of the result, or of a response with its URL. Template.", default=_NO_PATH
    )
    url_path: Path | None = setting(
        PATH, "Path of the result's URL in the response of `path`, or of the last poll."
    )
    urls_path: Path | None = setting(PATH, "Path of a list of such URLs, read in order.")

    def contradictions(self) -> list[str]:
        """Return a sentence unless the result is in one place."""
        found = super().contradictions()
        if self.url_path and self.urls_path:
            found.append("takes url_path or urls_path, not both")
        if not (self.path.text or self.url_path or self.urls_path):
            found.append("needs path, url_path or urls_path")
        return found


class Job(Settings):
    """An export that is created, polled until it is done, and downloaded."""

    create: RequestSettings = setting(
        section(CreateRequest), "Request that creates the job; POST by default.", required=True
    )
    next: RequestSettings | None = setting(
        section(CreateRequest),
        "Request that creates each job after the first, if it differs from `create`.",
    )
    id_path: Path = setting(
        PATH, "Path of the job's ID in that response: `{job.id}`.", default=parse_path("id")
    )
    poll: RequestSettings = setting(
        section(RequestSettings), "Request for the status of the job.", required=True
    )
    status_path: Path = setting(PATH, "Path of the status in its response.", required=True)
    done: list[Any] = setting(VALUES, "Statuses of a job that is done.", required=True)
    failed: list[Any] = setting(VALUES, "Statuses of a job that failed.", default=[])
    error_path: Path | None = setting(PATH, "Path of the reason in the response to a poll.")
    interval: float = setting(
        number(0, exclusive=True, maximum=MAX_SECONDS),
        "Seconds until the second poll; grows to 60.",
        default=5,
    )
    timeout: float = setting(
        TIMEOUT, "Seconds after which the read fails; the next run polls on.", default=3600
    )
    download: Download = setting(section(Download), "Requests for the result.", required=True)
    delete: RequestSettings | None = setting(
        section(DeleteRequest), "Request that deletes the job after it was read, or failed."
    )

    @property
    def is_paged(self) -> bool:
        """Whether one job follows another: `{page}`, `{offset}` or `{cursor}` creates the next."""
        following = self.next.placeholders if self.next else frozenset[str]()
        return not _PAGING.isdisjoint(self.create.placeholders | following)

    def contradictions(self) -> list[str]:
        """Return a sentence if nothing pages the jobs that `next` creates."""
        if self.next and not self.is_paged:
            return ["next needs {page}, {offset} or {cursor}, which pages the jobs"]
        return []


class StreamRequest(RequestSettings):
    """The requests of one stream: its pages, or an export job whose result has the pages."""

    path: Template = setting(
        TEMPLATE,
        "Path relative to `base_url`, or an absolute URL on one of `allowed_hosts`. A template.",
        default=_NO_PATH,
    )
    job: Job | None = setting(
        section(Job), "An export job: created, polled and downloaded in place of `path`."
    )

    def templates(self) -> Iterator[tuple[str, Template]]:
        """Yield each template with its place."""
        yield from super().templates() if self.job is None else templates_in(self.job, "job")

    def contradictions(self) -> list[str]:
        """Return what cannot be sent, a sentence each."""
        if self.job is None:
            missing = [] if self.path.text else ["setting 'path' is required"]
            return [*missing, *super().contradictions()]
        unsent = [name for name in _OF_REQUEST if getattr(self, name)]
        return [f"{name} is not sent by a stream with job; move it into job" for name in unsent]
