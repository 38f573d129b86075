"""Read some pages as a sync does, and describe each as it arrives.

Writes no Singer message and moves no bookmark. All that a person is shown of a page is masked
here, except its records: mask those that are shown.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from tap_oauth2_generic.extract.page_reader import FetchedPage
from tap_oauth2_generic.extract.schema_sample import SchemaSample
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.parsing.extract_records import add_fields
from tap_oauth2_generic.parsing.guess_records import (
    guess_records,
    primary_key_candidates,
    replication_key_candidates,
)
from tap_oauth2_generic.records.infer import infer, without_nulls
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.masked_json import mask, mask_headers
from tap_oauth2_generic.runtime.redaction import excerpt, redact
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_PAGES

# Characters of a refusal that are shown.
_MAX_BODY = 2_000


@dataclass(frozen=True)
class TrialPage:
    """A page that has arrived; ``next_request`` is masked, and empty if paging stopped.

    ``number`` counts the pages of its slice, ``known_pages`` is how many of them there are, None
    if no total says so.
    """

    sample: SchemaSample
    slice: Slice
    fetched: FetchedPage
    stop: Stop | None
    next_request: str
    number: int
    known_pages: int | None

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The records with their added fields and context; raise ResponseError."""
        added, context = self.sample.plan.reader.stream.records.add_fields, self.slice.context
        records = (add_fields(record, added) for record in self.fetched.records)
        # The record's own value counts, and its own fields come first.
        return [{**one, **context, **one} for one in records]

    def parts(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the records as a sync prepares them, those of a large page in parts.

        Let go of a part before you take the next one.
        """
        pipeline = self.sample.pipelines.for_sample()
        for part in self.fetched.parts():
            records = [*pipeline.prepare(part.records, self.slice)]
            del part
            yield records
            del records

    @property
    def length(self) -> int:
        """How many records the page has; a large page stays encoded."""
        written = self.fetched.written
        return len(self.fetched.records) if written is None else written.length

    @property
    def failure(self) -> str:
        """Why paging failed at this page, empty if it did not."""
        return redact(self.stop.reason) if self.stop and self.stop.failed else ""

    @property
    def paging(self) -> str:
        """How paging goes on after this page."""
        return f"ends: {self.stop.reason}" if self.stop else f"goes on: {self.next_request}"

    def describe(self) -> dict[str, Any]:
        """Return request and response as JSON-like data; raise ResponseError."""
        page, hint = self.fetched.page, ""
        written = self.sample.plan.reader.stream.written
        if page is not None and page.is_lone and "records_path" not in written:
            path = guess_records(page.body).get("records_path")
            hint = f"; did you mean records_path {path!r}?" if path else ""
        return {
            **describe_response(self.fetched.response),
            "records": self.length,
            "found": page is not None and page.found,
            "response": None if page is None else redact(page.keys + hint),
        }


def read_pages(
    sample: SchemaSample, slices: Iterable[Slice] | None = None
) -> Generator[TrialPage, None, None]:
    """Yield the pages of slices, by default those of a first sync; raise TapError.

    Each is yielded as it arrives. Let go of it before you take the next one: it may be large.
    """
    for slice_ in _first_slices(sample) if slices is None else slices:
        paginator = Paginator(sample.plan.reader.stream.settings.pagination)
        fetched = sample.plan.reader.read(slice_, paginator)
        while (one := next(fetched, None)) is not None:
            stop = paginator.stop
            following = redact(paginator.next_request()) if stop is None else ""
            number, known = paginator.pages, paginator.known_pages
            page = TrialPage(sample, slice_, one, stop, following, number, known)
            del one
            yield page
            del page


def _first_slices(sample: SchemaSample) -> Iterator[Slice]:
    for context in islice(sample.contexts(), MAX_PREVIEW_PAGES):
        yield from islice(sample.plan.samples(context), 1)


def describe_response(response: Response) -> dict[str, Any]:
    """Return what was sent and what the response says, without its body, masked."""
    request = response.request
    return {
        "request": {
            "method": request.method,
            "url": redact(response.url),
            "headers": mask_headers(request.headers),
            "body": mask(request.body),
        },
        "status": response.status,
        "headers": mask_headers(response.headers),
    }


def describe_refused(response: Response) -> dict[str, Any]:
    """Return what was sent and what a response that ended the read says, masked."""
    body = excerpt(response.content, _MAX_BODY)
    about = {"records": 0, "found": False, "response": None, "body": body}
    return {**describe_response(response), **about}


def describe_records(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of records and what could be their keys, masked."""
    schema = without_nulls(infer(records))
    return {
        "schema": {**schema, "properties": mask(schema["properties"])},
        "primary_key_candidates": mask(primary_key_candidates(records)),
        "replication_key_candidates": mask(replication_key_candidates(records)),
    }
