"""Suggest the definition of a stream: what the user wrote, and what its responses add to it.

For a person to check; a sync never guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from tap_oauth2_generic.config.streams import read_stream
from tap_oauth2_generic.errors import StreamError, TapError
from tap_oauth2_generic.extract.page_reader import PageReader
from tap_oauth2_generic.extract.paging_search import PagingSearch, Sample, may_go_on, page_of
from tap_oauth2_generic.extract.schema_sample import SchemaSample
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.pagination import DEFAULT_STYLE, Paginator
from tap_oauth2_generic.parsing.guess_format import guess_format
from tap_oauth2_generic.parsing.guess_records import (
    doubt_keys,
    guess_records,
    is_usual_key,
    primary_key_candidates,
    replication_key_candidates,
    tells_change,
)
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.parsing.xlsx import missing_package
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_PAGES

# Slices looked at even if the first one shows how it goes on: keys must be unique over them.
_ENOUGH = 3
_NO_LIST = (
    "unsure where the records are: no element of the XML came twice; set records_path to the path "
    "of one, without the root"
)
_SIZE_SETTINGS = ("page_size", "page_size_param", "params_in")


class Suggester:
    """Suggests the definitions of a configuration; children are read with their parent's."""

    def __init__(self) -> None:
        self._made: dict[str, Suggestion] = {}

    def suggest(self, sample: SchemaSample) -> Suggestion:
        """Suggest the definition of a stream by the responses of its first slices."""
        name = sample.plan.reader.stream.name
        if name not in self._made:
            if sample.parent is not None:
                sample = replace(sample, parent=self.suggest(sample.parent).make_sample())
            made = self._made[name] = Suggestion(sample)
            try:
                made.look()
            except TapError as error:
                made.failure = str(error)
                made.remarks.append(f"could not look at its responses: {error}")
        return self._made[name]


class Suggestion:
    """A definition completed setting by setting, and remarks about how sure it is."""

    def __init__(self, sample: SchemaSample) -> None:
        self.sample = sample
        self.definition = dict(sample.plan.reader.stream.written)
        self.remarks: list[str] = []
        #: Why its responses could not be looked at, empty if they could.
        self.failure = ""

    def look(self) -> None:
        """Complete the definition by the responses; raise TapError."""
        if self.sample.plan.reader.job is not None:
            self.remarks.append("nothing to suggest: an export job says itself what to read")
            return
        samples = [*self._samples()]
        if not samples:
            if not self.remarks:
                self.failure = "there is no response to look at; suggest its parent first"
                self.remarks.append(self.failure)
            return
        # Those that go on come first, then the longest.
        samples.sort(key=lambda one: (not may_go_on(one[1]), -one[1].length))
        if not any(page.length for _, page in samples):
            self.remarks.append("no response has records; suggest again when there are some")
        search = PagingSearch(self.definition, self._reader, self.remarks)
        if pagination := search.find(samples):
            self.definition["pagination"] = pagination
        self._find_keys(samples)

    def make_sample(self) -> SchemaSample:
        """Return the sample with the suggested definition, for the children of the stream."""
        reader = self._reader(self.definition)
        if reader is None:
            return self.sample
        plan = replace(self.sample.plan, reader=reader)
        pipelines = replace(self.sample.pipelines, config=reader.stream)
        return replace(self.sample, plan=plan, pipelines=pipelines)

    def _reader(self, definition: Mapping[str, Any]) -> PageReader | None:
        collector = ErrorCollector()
        config = read_stream(definition, collector)
        session = self.sample.plan.reader.session
        return None if collector.errors else PageReader(config, session, lambda _: False)

    def _samples(self) -> Iterator[Sample]:
        """Yield the first pages of some slices, until one shows how it goes on."""
        contexts = islice(self.sample.contexts(), MAX_PREVIEW_PAGES)
        slices = (one for context in contexts for one in self.sample.plan.samples(context))
        goes_on, failed, has_page = False, None, False
        for number, slice_ in enumerate(slices, 1):
            try:
                page = self._first(slice_)
            except StreamError as error:
                page, failed = None, error
            if page is not None:
                has_page = True
                yield slice_, page
                goes_on = goes_on or may_go_on(page)
            if goes_on and number >= _ENOUGH:
                return
        if failed is not None and not has_page:
            raise failed
        if failed is not None:
            self.remarks.append(f"a response could not be looked at: {failed}")

    def _first(self, slice_: Slice) -> Page | None:
        """Request the first page without paging, but of the page size that is configured."""
        pagination = dict(self.definition.get("pagination") or {})
        kept = {name: pagination[name] for name in _SIZE_SETTINGS if name in pagination}
        plain = self._reader({**self.definition, "pagination": {"style": DEFAULT_STYLE, **kept}})
        try:
            reader = plain or self.sample.plan.reader
            response = reader.fetch(slice_, None, 1)
        except StreamError:
            # It may need its paging parameter.
            reader = self.sample.plan.reader
            token = Paginator(reader.stream.settings.pagination).token
            response = reader.fetch(slice_, token, 1)
        return self._page(slice_, response) if response.outcome == "ok" else None

    def _page(self, slice_: Slice, response: Response) -> Page | None:
        """Find the records in a response; complete the record settings if they find none."""
        page = self._read(slice_, response)
        path = self.definition.get("path", "").partition("?")[0].rpartition("/")[2]
        names = [self.definition["name"].lower(), path.partition(".")[0].lower()]
        is_set = "records_path" in self.definition or "records_are_values" in self.definition
        if page is not None and page.found and is_set:
            return page
        if page is None:
            self._guess_format(response, names)
        elif guessed := guess_records(page.body, names):
            self.definition |= {"records_path": "$", **guessed} if is_set else guessed
        return self._read(slice_, response)

    def _guess_format(self, response: Response, names: list[str]) -> None:
        settings, body = guess_format(response.content, response.headers) or ({}, None)
        guessed, remarks = guess_records(body, names), list[str]()
        self.definition |= settings | guessed
        if body is None and settings.get("response_format") == "xlsx":
            remarks = missing_package()
        elif body is None:
            remarks = ["unsure of the format: set response_format, or archive_member too"]
        elif settings.get("response_format") == "xml" and not guessed:
            remarks = [_NO_LIST]
        self.remarks += [one for one in remarks if one not in self.remarks]

    def _read(self, slice_: Slice, response: Response) -> Page | None:
        reader = self._reader({**self.definition, "pagination": None})
        if reader is None:
            return None
        return page_of(reader, slice_, replace(response, decode=reader.stream.records.decode))

    def _find_keys(self, samples: list[Sample]) -> None:
        """Add keys that are unique over all slices looked at, and the time of the last change."""
        rows = [{**row, **slice_.context} for slice_, page in samples for row in page.records]
        name = self.definition["name"]
        for found, context in ((rows, {}), (samples[0][1].records, samples[0][0].context)):
            is_part, keys = bool(context) and len(found) > 1, primary_key_candidates(found)
            keys = [key for key in keys if is_usual_key(key, name, is_part=is_part)]
            if keys and not self.definition.get("primary_keys"):
                self.definition["primary_keys"] = [*context, keys[0]]
        if rows and not self.definition.get("primary_keys"):
            self.remarks.append(doubt_keys(rows))
        changed = [name for name in replication_key_candidates(rows) if tells_change(name)]
        if changed and not self.definition.get("replication_key"):
            self.definition["replication_key"] = changed[0]
            self.remarks.append(
                f"{changed[0]!r} looks like the time of the last change; if a parameter filters by "
                "it, set incremental.start_param to that parameter"
            )
