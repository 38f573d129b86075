"""A configured stream as the SDK runs it: the one room that knows the SDK's stream.

Each hook asks a room for the answer; nothing is decided here that a room could decide.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, metrics
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.helpers._state import PROGRESS_MARKER_NOTE, PROGRESS_MARKERS
from singer_sdk.helpers._util import utc_now
from singer_sdk.singerlib import RecordMessage

from tap_oauth2_generic.bookmark import Bookmark, Bound, stored_bookmark
from tap_oauth2_generic.errors import AnswerError, RecordError, TapError
from tap_oauth2_generic.page import read_page
from tap_oauth2_generic.pagination import Walk
from tap_oauth2_generic.schema import grow, infer
from tap_oauth2_generic.shape import MisfitError, Shaper

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_oauth2_generic.config import StreamConfig
    from tap_oauth2_generic.connection import Connection
    from tap_oauth2_generic.fetch import Answer
    from tap_oauth2_generic.page import Page
    from tap_oauth2_generic.placement import Request


class OAuth2Stream(Stream):
    """One stream of the configuration."""

    def __init__(self, tap: Tap, stream: StreamConfig, connection: Connection) -> None:
        """Take the stream's settings; nothing is fetched yet."""
        self.stream = stream
        self.connection = connection
        self.selected_by_default = stream.settings.selected
        super().__init__(tap, name=stream.name, schema=stream.schema.schema)
        self.primary_keys = stream.settings.primary_keys
        self.replication_key = stream.settings.replication_key
        self._bookmark: Bookmark | None = None
        self._shaper: Shaper | None = None
        self._incomplete = False
        self._matched = False
        self._missing_keys = ""

    # Schema

    @property
    def schema(self) -> dict[str, Any]:
        """The catalog's schema where one was given, else the declared one, else an inferred one.

        Raises TapError where the sample cannot be fetched.
        """
        if self._input_schema is not None:
            return self._input_schema
        if self._schema is None:
            self._schema = self._inferred()
        return self._schema

    def apply_catalog(self, catalog: Any) -> None:
        """Take selection and schema from a catalog; a stream that is not in it is not read."""
        super().apply_catalog(catalog)
        if catalog.get_stream(self.name) is None:
            # Not selected, so no sample is owed for it.
            self._input_schema = {"type": "object", "properties": {}}

    def _inferred(self) -> dict[str, Any]:
        settings = self.stream.settings
        keys = [*settings.primary_keys, *filter(None, [settings.replication_key])]
        size = self.stream.schema.schema_sample_size
        sample = list(islice(self._sample(), size))
        self.log("Inferred the schema of %r from %d records", self.name, len(sample))
        return infer(sample, keys)

    def _sample(self) -> Iterator[dict[str, Any]]:
        for page in self._pages(self._lower_bound(None), Walk(self.stream.settings.pagination)):
            yield from page

    # Pages

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Fetch page after page and give the records as they came."""
        self._begin(context)
        walk = Walk(self.stream.settings.pagination)
        for records in self._pages(self._lower_bound(self._previous(context)), walk):
            yield from records
            self.connection.flush()
        self._finish(walk)

    def _pages(self, start: Bound | None, walk: Walk) -> Iterator[list[dict[str, Any]]]:
        scope = self._scope(start)
        template = self.connection.config.request_template(self.stream)
        base_url = template.base_url.render(scope)
        with self._request_counter() as counter:
            while walk.end is None:
                try:
                    request = walk.place(self._bounded(template.fill(scope), start))
                    answer = self.connection.fetcher.fetch(request, base_url, self._say)
                    counter.increment()
                    page = self._read(answer, request)
                    records = walk.take(page)
                except TapError as error:
                    message = f"stream {self.name!r}, page {walk.pages + 1}: {error}"
                    raise type(error)(message) from None
                yield records

    def _read(self, answer: Answer, request: Request) -> Page:
        settings = self.stream.records
        try:
            page = read_page(answer.url, answer.status, answer.headers, answer.content, settings)
        except AnswerError as error:
            message = f"{request.method} {request.url.partition('?')[0]} answered with {error}"
            raise AnswerError(message) from None
        if page.found:
            self._matched = True
        elif page.body not in (None, [], {}):
            self._missing_keys = page.keys
        return page

    def _scope(self, start: Bound | None) -> dict[str, Any]:
        pattern = self.stream.settings.incremental.format
        bounds = {"start": start, "end": Bound.at(self.connection.started_at, pattern)}
        return {**self.connection.scope(self.stream), **bounds}

    def _bounded(self, request: Request, start: Bound | None) -> Request:
        incremental = self.stream.settings.incremental
        place = self.stream.settings.pagination.place_of_params
        if incremental.start_param and start is not None:
            request.put(incremental.start_param, start.value(), place)
        if incremental.end_param:
            end = Bound.at(self.connection.started_at, incremental.format)
            request.put(incremental.end_param, end.value(), place)
        return request

    def _say(self, sentence: str) -> None:
        self.logger.warning("Stream %r: %s", self.name, sentence)

    def _request_counter(self) -> metrics.Counter:
        return metrics.http_request_counter(self.name, endpoint=self.stream.request.path.text)

    # Ends

    def _begin(self, context: Context | None) -> None:
        self._incomplete = True
        self._matched = False
        self._missing_keys = ""
        pattern = self.stream.settings.incremental.format
        self._bookmark = Bookmark(self._previous(context), pattern)

    def _finish(self, walk: Walk) -> None:
        """Say how the read ended, and let the bookmark move only if it was complete."""
        end = walk.end
        self._incomplete = end is None or not end.complete
        for remark in walk.remarks:
            self._say(remark)
        if end is not None:
            if end.suspicious:
                self._say(f"paging ended early: {end.reason}")
            self.log(
                "Stream %r: %d records on %d pages; paging ended: %s",
                self.name, walk.records, walk.pages, end.reason,
            )  # fmt: skip
        self._check_matched()
        self._report_left_out()

    def _check_matched(self) -> None:
        action = self.stream.records.on_missing_records
        if self._matched or not self._missing_keys or action == "ignore":
            return
        path = self.stream.records.records_path.text
        sentence = f"records_path {path!r} found nothing; the answers had {self._missing_keys}"
        # Records may have been there under another name: the next run must ask for them again.
        self._incomplete = True
        if action == "fail":
            message = f"stream {self.name!r}: {sentence}"
            raise AnswerError(message)
        self._say(sentence)

    def _report_left_out(self) -> None:
        if self._shaper is not None:
            for path, count in self._shaper.dropped.items():
                self._say(f"the field {path!r} is not in the schema; it was left out {count} times")
            self._shaper.dropped.clear()
        bookmark = self._bookmark
        if bookmark is not None and bookmark.without:
            count = bookmark.without
            self._say(f"{count} records had no {self.replication_key!r}; they moved no bookmark")
        if bookmark is not None and bookmark.unreadable:
            self._say(
                f"{bookmark.unreadable} records had a {self.replication_key!r} that is neither a "
                "time nor a number like the others; they moved no bookmark"
            )

    # Bookmarks

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Give none: the SDK would compare it as a text; the bookmark is capped on commit."""

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Write none: the SDK would choose between bookmark and start date by text."""

    def _previous(self, context: Context | None) -> Any:
        if not self.replication_key:
            return None
        return stored_bookmark(self.get_context_state(context), self.replication_key)

    def _lower_bound(self, bookmark: Any) -> Bound | None:
        incremental = self.stream.settings.incremental
        if bookmark is not None:
            return Bound.of(bookmark, incremental.format).earlier(incremental.lookback)
        start_date = self.connection.config.top.start_date
        return None if start_date is None else Bound.of(start_date, incremental.format)

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        if not self.replication_key or self._bookmark is None:
            return
        if self._bookmark.observe(latest_record.get(self.replication_key)):
            markers = self.get_context_state(context).setdefault(
                PROGRESS_MARKERS,
                {PROGRESS_MARKER_NOTE: "Progress is not resumable if interrupted."},
            )
            markers["replication_key"] = self.replication_key
            markers["replication_key_value"] = self._bookmark.value

    def _finalize_state(self, state: dict[str, Any] | None = None) -> None:
        """Promote what this read came to, unless something was left unread."""
        if state is not None and PROGRESS_MARKERS in state and self._bookmark is not None:
            if self._incomplete:
                self._say("the read was not complete, so the bookmark stays where it was")
                state.pop(PROGRESS_MARKERS)
            else:
                self._commit(state)
        super()._finalize_state(state)

    def _commit(self, state: dict[str, Any]) -> None:
        bookmark = self._bookmark
        previous = stored_bookmark(state, self.replication_key or "")
        if bookmark is not None and bookmark.cap(self.connection.started_at, previous):
            self._say(
                f"some {self.replication_key!r} lie in the future; the bookmark is set to the "
                "start of this run, so that no change before them is missed"
            )
            state[PROGRESS_MARKERS]["replication_key_value"] = bookmark.value

    # Records

    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        shaped = self._shape(record)
        for stream_map in self.stream_maps:
            mapped = stream_map.transform(shaped)
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=utc_now(),
                )

    def _shape(self, record: Record) -> dict[str, Any]:
        if self._shaper is None:
            self._shaper = self._new_shaper()
        try:
            return self._shaper.shape(record)
        except MisfitError as misfit:
            self._make_room(record, misfit)
        return self._shape(record)

    def _new_shaper(self) -> Shaper:
        settings = self.stream.schema
        return Shaper(
            self.effective_schema,
            self.mask,
            refuses_new_fields=settings.on_new_fields != "ignore",
            checks_formats=settings.schema is None,
        )

    def _make_room(self, record: Record, misfit: MisfitError) -> None:
        """Widen the schema for a value that has no place in it, and tell the target first."""
        settings = self.stream.schema
        path = ".".join(misfit.path)
        if misfit.is_new and settings.on_new_fields == "fail":
            message = f"stream {self.name!r}: the field {path!r} is new; new_fields is fail"
            raise RecordError(message)
        if not misfit.is_new and settings.schema is not None:
            message = (
                f"stream {self.name!r}: a value of {path!r} does not fit its declared type "
                f"({type(misfit.value).__name__}); widen the type in the stream's schema"
            )
            raise RecordError(message)
        self._say(
            f"the field {path!r} is new; it is added to the schema"
            if misfit.is_new
            else f"the field {path!r} has a value of another type; its column is widened"
        )
        self._replace_schema(_grown(self.effective_schema, record, misfit.path))

    def _replace_schema(self, schema: dict[str, Any]) -> None:
        """Work with another schema from here on, and send it before the next record."""
        if self._input_schema is not None:
            self._input_schema = schema
        else:
            self._schema = schema
        self._shaper = None
        selected = get_selected_schema(self.name, schema, self.mask)
        self._tap.mapper.register_raw_stream_schema(self.name, selected, self.primary_keys)
        self._stream_maps = None
        self._write_schema_message()


def _grown(schema: Mapping[str, Any], record: Record, path: list[str]) -> dict[str, Any]:
    """Give the schema with room for what a record has at the top of a path."""
    name = path[0]
    properties = dict(schema.get("properties", {}))
    properties[name] = grow(properties.get(name), record[name])
    return {**schema, "properties": properties}
