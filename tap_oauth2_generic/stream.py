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

from tap_oauth2_generic.bookmark import Bookmark, Bound, stored_bookmark, windows
from tap_oauth2_generic.errors import AnswerError, LoginNeededError, RecordError
from tap_oauth2_generic.pagination import End, Walk
from tap_oauth2_generic.reader import Reader, Span
from tap_oauth2_generic.schema import grown_at, infer
from tap_oauth2_generic.shape import MisfitError, Shaper

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_oauth2_generic.config import StreamConfig
    from tap_oauth2_generic.connection import Connection

# A sample of a child stream asks this many parents at most.
_SAMPLED_PARENTS = 50


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
        if not self.replication_key:
            # Without a bookmark there is nothing to remember of each context.
            self.state_partitioning_keys = []
        self.reader = Reader(stream, connection, self._say)
        self.parent: OAuth2Stream | None = None
        self._bookmark: Bookmark | None = None
        self._shaper: Shaper | None = None
        self._incomplete = False
        self._counts = {"without": 0, "unreadable": 0, "left out": 0, "older": 0}

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
        """Take selection and schema from a catalog; a stream that is not in it is not emitted."""
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry is not None and not (self._input_schema or {}).get("properties"):
            # It was made before the login; what it could not know is looked up now.
            self._input_schema = None
            self.primary_keys = self.stream.settings.primary_keys
            self.replication_key = self.stream.settings.replication_key
        if entry is None:
            # Not selected, so no sample is owed for it.
            self._input_schema = {"type": "object", "properties": {}}

    def _inferred(self) -> dict[str, Any]:
        settings = self.stream.settings
        keys = [*settings.primary_keys, *filter(None, [settings.replication_key])]
        size = self.stream.schema.schema_sample_size
        try:
            sample = list(islice(self.sample(), size))
        except LoginNeededError as error:
            if not self.connection.waits_for_login:
                raise
            self._say(f"its schema is not known before the login: {error}")
            return {"type": "object", "properties": {}}
        self._check_keys(sample)
        self.log("Inferred the schema of %r from %d records", self.name, len(sample))
        return infer(sample, keys)

    def _check_keys(self, sample: list[dict[str, Any]]) -> None:
        """Refuse a primary key that no record has: a target would merge all rows into one."""
        seen = {name for record in sample for name in record}
        for key in self.stream.settings.primary_keys:
            if sample and key not in seen:
                message = (
                    f"stream {self.name!r}: primary_keys {key!r} is in none of {len(sample)} "
                    f"records, which have {', '.join(sorted(seen)[:20])}"
                )
                raise RecordError(message)

    def sample(self) -> Iterator[dict[str, Any]]:
        """Give records as a first sync would, of as many contexts as it takes."""
        for context in islice(self.sampled_contexts(), _SAMPLED_PARENTS):
            span = self.first_span(context)
            walk = Walk(self.stream.settings.pagination)
            for turn in self.reader.turns(span, walk):
                yield from self._kept(turn.records, span)

    def first_span(self, context: dict[str, Any]) -> Span:
        """Give what a first sync would read of a context."""
        return Span(context, self._lower_bound(None), self._now())

    def sampled_contexts(self) -> Iterator[dict[str, Any]]:
        """Give the contexts of a first sync, for as long as they are asked for."""
        if self.parent is None:
            yield from self.partitions or [{}]
            return
        for record in self.parent.sample():
            yield from self._contexts_of(record)

    # Contexts

    @property
    def partitions(self) -> list[dict[str, Any]] | None:
        """The configured partitions; None for a stream that runs once, or for each parent."""
        if self.stream.contexts.parent is not None:
            return None
        return [dict(partition) for partition in self.stream.contexts.partitions] or None

    def _contexts_of(self, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Give the contexts of this stream for a record of its parent."""
        parent = self.stream.contexts.parent
        keys = parent.context(record) if parent else {}
        if keys is None:
            self._say_once("parent", "a parent record lacks one of the keys; it has no children")
            return
        for partition in self.stream.contexts.partitions or ({},):
            yield {**keys, **partition}

    def _process_record(
        self,
        record: Record,
        child_context: Context | None = None,  # noqa: ARG002 - the SDK's
        partition_context: Context | None = None,  # noqa: ARG002 - the SDK's
    ) -> None:
        """Run every child stream for a record."""
        for child in self.child_streams:
            if isinstance(child, OAuth2Stream) and (
                child.selected or child.has_selected_descendents
            ):
                for context in child._contexts_of(record):  # noqa: SLF001 - one family
                    child.sync(context=context)
                    # What a child left unread would not be asked for again without its parent.
                    self._incomplete_children |= child._incomplete  # noqa: SLF001 - likewise

    _incomplete_children = False

    # Records

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Fetch page after page and give the records as they came."""
        settings = self.stream.settings
        self._incomplete, self._incomplete_children = True, False
        previous = self._previous(context)
        self._bookmark = Bookmark(previous, settings.incremental.format)
        spans = list(windows(self._lower_bound(previous), self._now(), settings.incremental))
        with metrics.http_request_counter(self.name, self.stream.request.path.text) as counter:
            for number, (start, end) in enumerate(spans, 1):
                walk = Walk(settings.pagination)
                # --test asks for a few records alone; the SDK would end with an error line.
                yield from islice(
                    self._read(Span(context or {}, start, end), walk, counter),
                    self.ABORT_AT_RECORD_COUNT,
                )
                self._conclude(walk)
                if number < len(spans) and not self._incomplete:
                    self._checkpoint(context, self._bookmark.value)
                if self._incomplete:
                    return

    def _read(self, span: Span, walk: Walk, counter: metrics.Counter) -> Iterator[Record]:
        for turn in self.reader.turns(span, walk):
            counter.increment()
            yield from self._kept(turn.records, span)
            self.connection.flush()
            self._after_page(span, turn.records, walk)

    def _kept(self, records: list[Record], span: Span) -> Iterator[Record]:
        """Give the records that are wanted, with the values of their context in them."""
        filters, incremental = self.stream.filters, self.stream.settings.incremental
        for record in records:
            for name, value in span.context.items():
                record.setdefault(name, value)
            if filters.keep and not filters.keeps(record):
                self._counts["left out"] += 1
            elif incremental.drop_older and self._is_older(record, span.start):
                self._counts["older"] += 1
            else:
                yield record

    def _is_older(self, record: Record, start: Bound | None) -> bool:
        key = self.replication_key
        return bool(start and key) and start.is_after(record.get(key or ""))  # type: ignore[union-attr]

    def _after_page(self, span: Span, records: list[Record], walk: Walk) -> None:
        """Act on the order of the records: remember how far they were read, or stop."""
        order = self.stream.settings.incremental.order
        bookmark = self._bookmark
        if order == "desc" and records and all(self._is_older(r, span.start) for r in records):
            walk.end = End("a page wholly older than the bookmark")
        if order == "asc" and bookmark is not None and not self._incomplete_children:
            if bookmark.descents == 0 and bookmark.passed is not None:
                self._checkpoint(span.context or None, bookmark.passed)
            elif bookmark.descents:
                self._say_once("order", "the records are not in ascending order, so that a run "
                               "that is cut off begins anew")  # fmt: skip

    # Ends

    def _conclude(self, walk: Walk) -> None:
        """Say how a read ended, and let the bookmark move only if it was complete."""
        end = walk.end
        self._incomplete = end is None or not end.complete or self._incomplete_children
        for remark in walk.remarks:
            self._say(remark)
        if end is not None:
            if end.suspicious:
                self._say(f"paging ended early: {end.reason}")
            self.log(
                "Stream %r: %d records on %d pages; paging ended: %s",
                self.name, walk.records, walk.pages, end.reason,
            )  # fmt: skip
        bookmark = self._bookmark
        if bookmark is not None and self.replication_key:
            self._counts["without"] += bookmark.without
            self._counts["unreadable"] += bookmark.unreadable
            bookmark.without = bookmark.unreadable = 0

    def report(self) -> None:
        """Say at the end of a run, once each, what was left out; raises AnswerError.

        Records may be there under another name than ``records_path``: then the action that
        was asked for is taken.
        """
        missing, action = self.reader.missing_records(), self.stream.records.on_missing_records
        if missing and action == "fail":
            message = f"stream {self.name!r}: {missing}"
            raise AnswerError(message)
        if missing and action == "warn":
            self._say(missing)
        if (envelope := self.reader.envelope()) and not self.stream.records.records_are_values:
            self._say(envelope)
        if self._shaper is not None:
            for path, count in self._shaper.dropped.items():
                self._say(f"the field {path!r} is not in the schema; it was left out {count} times")
        key = self.replication_key
        sentences = {
            "without": f"records had no {key!r}; they moved no bookmark",
            "unreadable": f"records had a {key!r} that is neither a time nor a number like the "
            "others; they moved no bookmark",
        }
        for name, sentence in sentences.items():
            if self._counts[name]:
                self._say(f"{self._counts[name]} {sentence}")
        for name, sentence in (("left out", "by keep"), ("older", "by drop_older")):
            if self._counts[name]:
                self.log(
                    "Stream %r: %d records left out %s", self.name, self._counts[name], sentence
                )

    def _say(self, sentence: str) -> None:
        self.logger.warning("Stream %r: %s", self.name, sentence)

    def _say_once(self, topic: str, sentence: str) -> None:
        if topic not in self._counts:
            self._counts[topic] = 1
            self._say(sentence)

    # Bookmarks

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Give none: the SDK would compare it as a text; the bookmark is capped on commit."""

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Write none: the SDK would choose between bookmark and start date by text."""

    def _now(self) -> Bound:
        return Bound.at(self.connection.started_at, self.stream.settings.incremental.format)

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

    def _checkpoint(self, context: Context | None, value: Any) -> None:
        """Move the bookmark in the middle of a stream to what was read for certain."""
        if value is None or not self.replication_key:
            return
        state = self.get_context_state(context)
        if stored_bookmark(state, self.replication_key) == value:
            return
        capped = Bookmark(None, self.stream.settings.incremental.format)
        capped.observe(value)
        capped.cap(self.connection.started_at, self._previous(context))
        state["replication_key"] = self.replication_key
        state["replication_key_value"] = capped.value
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _finalize_state(self, state: dict[str, Any] | None = None) -> None:
        """Promote what this read came to, unless something was left unread."""
        if state is not None and PROGRESS_MARKERS in state and self._bookmark is not None:
            if self._bookmark.mixed:
                self._say("there are both times and numbers, so the bookmark stays where it was")
                state.pop(PROGRESS_MARKERS)
            elif self._incomplete:
                self._say("the read was not complete, so the bookmark stays at what was read")
                state.pop(PROGRESS_MARKERS)
            else:
                self._cap(state)
        super()._finalize_state(state)

    def _cap(self, state: dict[str, Any]) -> None:
        bookmark = self._bookmark
        previous = stored_bookmark(state, self.replication_key or "")
        if bookmark is not None and bookmark.cap(self.connection.started_at, previous):
            self._say(
                f"some {self.replication_key!r} lie in the future; the bookmark is set to the "
                "start of this run, so that no change before them is missed"
            )
            state[PROGRESS_MARKERS]["replication_key_value"] = bookmark.value

    # Messages

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
        except RecursionError:
            message = f"stream {self.name!r}: a record is nested too deep"
            raise RecordError(message) from None
        except MisfitError as misfit:
            self._make_room(misfit)
        return self._shape(record)

    def _new_shaper(self) -> Shaper:
        settings = self.stream.schema
        return Shaper(
            self.effective_schema,
            self.mask,
            refuses_new_fields=settings.on_new_fields != "ignore",
            checks_formats=settings.schema is None,
        )

    def _make_room(self, misfit: MisfitError) -> None:
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
        schema = grown_at(self.effective_schema, misfit.path, misfit.value)
        if schema == self.effective_schema:
            message = f"stream {self.name!r}: the value of {path!r} fits no column of its schema"
            raise RecordError(message)
        self._replace_schema(schema)

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
