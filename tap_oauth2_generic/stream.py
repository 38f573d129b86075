"""A configured stream as the SDK runs it: the one room that knows the SDK's stream.

Each hook asks a room for the answer; nothing is decided here that a room could decide.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_oauth2_generic.errors import (
    LoginNeededError,
    RecordError,
    ResponseError,
    SettingError,
)
from tap_oauth2_generic.extract.page_reader import PageReader, Slice
from tap_oauth2_generic.extract.prefetch import SliceReader
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.records.schema import infer
from tap_oauth2_generic.replication.bookmark_store import BookmarkStore
from tap_oauth2_generic.replication.windows import windows
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.limits import MAX_SAMPLED_PARENTS, MAX_WINDOWS
from tap_oauth2_generic.settings.paths import MISSING
from tap_oauth2_generic.singer.message_writer import encode
from tap_oauth2_generic.singer.paged_stream import PagedStream
from tap_oauth2_generic.singer.record_writer import RecordWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_oauth2_generic.config.streams import StreamConfig
    from tap_oauth2_generic.extract.page_reader import FetchedPage
    from tap_oauth2_generic.extract.prefetch import Prefetcher
    from tap_oauth2_generic.records.passthrough import EncodedRecords
    from tap_oauth2_generic.replication.bounds import Bound
    from tap_oauth2_generic.session import Session


class OAuth2Stream(PagedStream):
    """One stream of the configuration."""

    def __init__(
        self, tap: Tap, stream: StreamConfig, session: Session, prefetcher: Prefetcher
    ) -> None:
        """Take the stream's settings; nothing is fetched yet."""
        self.prefetcher = prefetcher
        self.stream = stream
        self.session = session
        self.selected_by_default = stream.settings.selected
        super().__init__(tap, name=stream.name, schema=stream.schema.schema)
        self.endpoint = stream.request.path.text
        self.primary_keys = stream.settings.primary_keys
        self.replication_key = stream.settings.replication_key
        if not self.replication_key:
            # Without a bookmark there is nothing to remember of each context.
            self.state_partitioning_keys = []
        self.reader = PageReader(stream, session, StreamLog(stream.name))
        self.stats = self.reader.stats
        self.bookmarks = BookmarkStore(
            self,
            stream.settings.incremental,
            session.started_at,
            session.config.top.start_date,
            self._say,
        )
        self.stats.bookmarks = self.bookmarks.moves
        self.parent: OAuth2Stream | None = None
        self._planned: dict[bytes, list[SliceReader]] = {}
        self._incomplete = self._incomplete_children = False
        self._dropped: Mapping[str, int] = {}
        self._emits_texts = True
        self._counts = {"left out": 0, "older": 0}

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
        elif self.replication_method == REPLICATION_FULL_TABLE:
            # Its bookmark stays in the state as it is, for the day when it is wanted again.
            self.replication_key = None
            self.state_partitioning_keys = []
            if self.stream.settings.replication_key:
                self._say("the catalog says FULL_TABLE, so it is read whole and moves no bookmark")
        columns = (self._input_schema or {}).get("properties", {})
        if columns and (strange := [key for key in self.primary_keys if key not in columns]):
            self._say(f"the catalog's schema has no column for its key {', '.join(strange)}")
        if kept := self.select_keys():
            self._say(
                f"the catalog deselects {', '.join(kept)}; as a key it is emitted all the same"
            )

    def _inferred(self) -> dict[str, Any]:
        settings = self.stream.settings
        keys = [*settings.primary_keys, *filter(None, [settings.replication_key])]
        size = self.stream.schema.schema_sample_size
        try:
            sample = list(islice(self.sample(), size))
        except LoginNeededError as error:
            if not self.session.waits_for_login:
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
                envelope = self.reader.envelope()
                raise RecordError(f"{message}; {envelope}" if envelope else message)
        wanted = self.stream.settings.replication_key
        if sample and wanted and wanted not in seen:
            self._say(
                f"replication_key {wanted!r} is in none of {len(sample)} records, which have "
                f"{', '.join(sorted(seen)[:20])}"
            )
        for name, path in self.stream.records.add_fields.items():
            if sample and all(path.find(record) is MISSING for record in sample):
                self._say(f"add_fields {name!r}: {path.text!r} is in none of {len(sample)} records")

    def sample(self) -> Iterator[dict[str, Any]]:
        """Give records as a first sync would, of as many contexts as it takes."""
        for context in islice(self.sampled_contexts(), MAX_SAMPLED_PARENTS):
            span = self.first_span(context)
            paginator = Paginator(self.stream.settings.pagination)
            for turn in self.reader.read(span, paginator, is_sample=True):
                yield from self._kept(turn.records, span, Counter())

    def first_span(self, context: dict[str, Any]) -> Slice:
        """Give what a first sync would read of a context."""
        return Slice(context, self.bookmarks.lower_bound(None), self.bookmarks.now())

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
        if parent is not None and keys is None:
            wanted = ", ".join(path.text for path in parent.keys.values())
            self._say_once(
                "parent",
                f"a record of its parent {parent.stream!r} has nothing at one of {wanted}; nothing "
                "is read for it",
            )
            return
        for partition in self.stream.contexts.partitions or ({},):
            yield {**(keys or {}), **partition}

    def runs(self, context: Context | None) -> Iterable[Context | None]:
        """Give the contexts to read: the one that was asked for, or each partition."""
        if context is not None or self.partitions is None:
            yield context
            return
        yield from self.prefetcher.iterate((p, self.courses(p)) for p in self.partitions)

    def courses(self, context: Context | None) -> list[SliceReader]:
        """Give what there is to read of a context, window by window.

        A context that comes later is begun ahead; its courses are given again when it is read.
        """
        settings = self.stream.settings
        key = encode(dict(context or {}))
        if key not in self._planned:
            self.reader.keeps_text = self._passes_on and self._emits_texts
            start = self.bookmarks.lower_bound(self.bookmarks.previous(context))
            spans = list(
                islice(
                    windows(start, self.bookmarks.now(), settings.incremental.window),
                    MAX_WINDOWS + 1,
                )
            )
            if len(spans) > MAX_WINDOWS:
                message = (
                    f"stream {self.name!r}: window is so short that there would be more than "
                    f"{MAX_WINDOWS} of them; write a longer one, or a later start_date"
                )
                raise SettingError(message)
            # How far a descending stream goes is known only when its records are read.
            is_eager = settings.incremental.order != "desc"
            self._planned[key] = [
                SliceReader(
                    self.reader,
                    Slice(context or {}, *span),
                    Paginator(settings.pagination),
                    is_eager=is_eager,
                )
                for span in spans
            ]
        return self._planned[key]

    def emitted(self, context: Context | None, *, writes: bool) -> Iterator[int]:
        """Read a context and emit its records; gives how many of each page were emitted."""
        self._incomplete, self._incomplete_children = True, False
        self.bookmarks.begin(context)
        self.stats.contexts += 1
        courses = self.courses(context)
        if self.selected and writes:
            # Made before a page is looked into, since it decides how.
            _ = self._emission
        self._planned.pop(encode(dict(context or {})))
        for number, course in enumerate(
            self.prefetcher.iterate((course, [course]) for course in courses), 1
        ):
            self.stats.slices += 1
            for turn in self._turns(course):
                self.stats.page(is_ignored=turn.page is None)
                yield self._emit(turn, course.slice, writes=writes)
                self._after_page(course.slice, turn, course.paginator)
            self._conclude(course.paginator)
            if self._incomplete or self._is_trial:
                return
            if number < len(courses):
                self.bookmarks.checkpoint(context, self.bookmarks.bookmark.value)

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Give the records of a context as a sync emits them, unshaped."""
        for course in self.courses(context):
            for turn in course.read_sequentially():
                yield from self._kept(turn.records, course.slice)

    @property
    def _passes_on(self) -> bool:
        """Whether records may be passed on as they come, as far as the settings go."""
        incremental = self.stream.settings.incremental
        looked_at = (
            self.stream.filters.keep or incremental.drop_older or incremental.order == "desc"
        )
        return not (looked_at or self.children or self._is_trial)

    @cached_property
    def _emission(self) -> RecordWriter:
        contexts = self.stream.contexts
        emission = RecordWriter(
            self,
            self.stream.schema,
            self._tap.message_writer,
            self._say,
            given={
                *(contexts.parent.keys if contexts.parent else ()),
                *(contexts.partitions[0] if contexts.partitions else ()),
            },
            added=self.stream.records.add_fields,
            is_ordered=self.stream.settings.incremental.order == "asc",
        )
        self._dropped = emission.dropped
        self._emits_texts = emission.passes_on
        self.reader.keeps_text = self._passes_on and self._emits_texts
        return emission

    @property
    def _is_trial(self) -> bool:
        """Whether a few records are read to try the stream, as --test does."""
        return self.ABORT_AT_RECORD_COUNT is not None

    def _turns(self, course: SliceReader) -> Iterator[FetchedPage]:
        """Give the pages; --test asks for a few records alone."""
        if self._is_trial:
            return islice(course.read_sequentially(), 1)
        return self.prefetcher.pages(course)

    def _emit(self, turn: FetchedPage, span: Slice, *, writes: bool) -> int:
        """Emit the records of a page, and let the bookmark take note of them."""
        texts = self._texts(turn, span.context) if writes else None
        if texts is not None:
            self._emission.pass_on(texts)
            self.bookmarks.observe(texts.replication_values, texts.without, span.context)
            count = len(texts.records)
            self.stats.records += count
        else:
            count = self._emit_each(turn, span, writes=writes)
        self.state_manager.is_flushed = False
        self.session.flush()
        return count

    def _texts(self, turn: FetchedPage, context: Mapping[str, Any]) -> EncodedRecords | None:
        page = turn.page
        if not self.selected or not turn.is_new or page is None or page.written is None:
            return None
        return self._emission.texts(page.written, context)

    def _emit_each(self, turn: FetchedPage, span: Slice, *, writes: bool) -> int:
        """Emit the records of a page one by one, each after those of its children."""
        # --test asks for a few records alone.
        records = list(islice(self._kept(turn.records, span), self.ABORT_AT_RECORD_COUNT))
        if not self.children:
            self._emit_some(records, span, writes=writes)
            return len(records) if self.selected else 0
        for record, contexts in self.prefetcher.iterate(map(self._with_children, records)):
            for child, context in contexts:
                child.sync(context=context)
                # What a child left unread would not be asked for again without its parent.
                self._incomplete_children |= child._incomplete  # noqa: SLF001 - one family
            self._emit_some([record], span, writes=writes)
        return len(records) if self.selected else 0

    @property
    def children(self) -> list[OAuth2Stream]:
        """The child streams that are read."""
        return [
            child
            for child in self.child_streams
            if isinstance(child, OAuth2Stream)
            and (child.selected or child.has_selected_descendents)
        ]

    def _with_children(
        self, record: Record
    ) -> tuple[tuple[Record, list[tuple[OAuth2Stream, dict[str, Any]]]], list[SliceReader]]:
        """Give a record with what its children are run for, and what there is to read for that."""
        contexts = [(child, c) for child in self.children for c in child._contexts_of(record)]  # noqa: SLF001 - one family
        return (record, contexts), [
            course for child, context in contexts for course in child.courses(context)
        ]

    def _emit_some(self, records: list[Record], span: Slice, *, writes: bool) -> None:
        if not self.selected:
            return
        key = self.replication_key
        values = [record.get(key) for record in records] if key else []
        if writes:
            self._emission.emit(self.stats.count_records(records))
        there = [value for value in values if value is not None]
        self.bookmarks.observe(there, len(values) - len(there), span.context)

    def _kept(
        self, records: list[Record], span: Slice, counts: dict[str, int] | None = None
    ) -> Iterator[Record]:
        """Give the records that are wanted, with the values of their context in them.

        What is left out is counted in ``counts``, or among what a run left out.
        """
        counts = self._counts if counts is None else counts
        filters, incremental = self.stream.filters, self.stream.settings.incremental
        for came in records:
            # A new one: the next page is compared with this one as it came.
            record = {**came, **{n: v for n, v in span.context.items() if n not in came}}
            if filters.keep and not self._keeps(record):
                counts["left out"] += 1
            elif incremental.drop_older and self._is_older(record, span.start):
                counts["older"] += 1
            else:
                yield record

    def _keeps(self, record: Record) -> bool:
        try:
            return self.stream.filters.keeps(record)
        except SettingError as error:
            message = f"stream {self.name!r}: {error}"
            raise SettingError(message) from None

    def _is_older(self, record: Record, start: Bound | None) -> bool:
        key = self.replication_key
        return bool(start and key) and start.is_after(record.get(key or ""))  # type: ignore[union-attr]

    def _after_page(self, span: Slice, turn: FetchedPage, paginator: Paginator) -> None:
        """Act on the order of the records: remember how far they were read, or stop."""
        order = self.stream.settings.incremental.order
        bookmark = self.bookmarks.bookmark
        if (
            order == "desc"
            and turn.records
            and all(self._is_older(r, span.start) for r in turn.records)
        ):
            paginator.stop = Stop("a page wholly older than the bookmark")
        if order == "asc" and not self._incomplete_children:
            if bookmark.descents == 0 and bookmark.passed is not None:
                self.bookmarks.checkpoint(span.context or None, bookmark.passed)
            elif bookmark.descents:
                self._say_once("order", "the records are not in ascending order, so that a run "
                               "that is cut off begins anew")  # fmt: skip

    # Ends

    def _conclude(self, paginator: Paginator) -> None:
        """Say how a read ended, and let the bookmark move only if it was complete."""
        end = paginator.stop
        self._incomplete = end is None or not end.complete or self._incomplete_children
        for remark in paginator.remarks:
            self._say(remark)
        if end is not None:
            if end.suspicious:
                self._say(f"paging ended early: {end.reason}")
            self.stats.ends[end.reason] += 1
        self.bookmarks.conclude()

    def report(self) -> None:
        """Say at the end of a run, once each, what was left out; raises ResponseError.

        Records may be there under another name than ``records_path``: then the action that
        was asked for is taken.
        """
        missing, action = self.reader.missing_records(), self.stream.records.on_missing_records
        if missing and action == "fail":
            message = f"stream {self.name!r}: {missing}"
            raise ResponseError(message)
        if missing and action == "warn":
            self._say(missing)
        if (envelope := self.reader.envelope()) and not self.stream.records.records_are_values:
            self._say(envelope)
        for path, count in self._dropped.items():
            self._say(f"the field {path!r} is not in the schema; it was left out {count} times")
        key = self.replication_key
        if self.bookmarks.without:
            self._say(f"{self.bookmarks.without} records had no {key!r}; they moved no bookmark")
        if self.bookmarks.unreadable:
            self._say(
                f"{self.bookmarks.unreadable} records had a {key!r} that is neither a time nor a "
                "number like the others; they moved no bookmark"
            )
        if self.selected and self._counts["left out"] and not self.stats.records:
            self._say(f"keep left out all of its {self._counts['left out']} records")
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

    def _finalize_state(self, state: dict[str, Any] | None = None) -> None:
        """Promote what this read came to, unless something was left unread."""
        if state is not None and self._is_trial:
            self.bookmarks.forget(state)
        elif state is not None:
            self.bookmarks.settle(state, is_complete=not self._incomplete)
        super()._finalize_state(state)
