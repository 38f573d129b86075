"""A configured stream as the SDK runs it: its hooks, each delegated to a part of the stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from singer_sdk.helpers.types import Context, Record
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.tap_base import Tap

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.errors import StreamError
from tap_oauth2_generic.extract.complete_read import CompleteRead
from tap_oauth2_generic.extract.page_reader import PageReader
from tap_oauth2_generic.extract.prefetch import Prefetcher
from tap_oauth2_generic.extract.schema_sample import SchemaSample
from tap_oauth2_generic.extract.slice_plan import SlicePlan
from tap_oauth2_generic.extract.slice_sync import SliceSync
from tap_oauth2_generic.extract.stream_pipeline import PipelineFactory
from tap_oauth2_generic.parsing.json_list import LARGE_BYTES
from tap_oauth2_generic.parsing.lines import Types
from tap_oauth2_generic.records.conform import OTHERS
from tap_oauth2_generic.records.filters import DELETED_AT, LEFT_OUT
from tap_oauth2_generic.records.growth import GrowthRules
from tap_oauth2_generic.records.infer import COLUMNS
from tap_oauth2_generic.replication.bookmark_store import BookmarkStore
from tap_oauth2_generic.replication.read_range import ReadRange
from tap_oauth2_generic.runtime.failures import StreamFailures
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.singer.paged_stream import PagedStream
from tap_oauth2_generic.singer.record_writer import RecordWriter
from tap_oauth2_generic.singer.schema_keeper import SchemaKeeper
from tap_oauth2_generic.singer.state_writer import PROGRESS


class OAuth2Stream(PagedStream):
    """One stream of the configuration."""

    def __init__(
        self, tap: Tap, stream: StreamConfig, session: Session, prefetcher: Prefetcher
    ) -> None:
        self.stream = stream
        self.prefetcher = prefetcher
        self.selected_by_default = stream.settings.selected
        config, settings = session.config, stream.settings
        stats, on_error = session.progress.stats(stream.name), config.setting_of(stream, "on_error")
        self.failures = StreamFailures(session.failures, stats, on_error == "fail")
        super().__init__(tap, name=stream.name)
        self.endpoint = stream.request.path.text
        self.primary_keys = settings.primary_keys
        self.replication_key = settings.replication_key
        if not self.replication_key:
            # Without a bookmark there is nothing to remember of each context.
            self.state_partitioning_keys = []
        self.reader = PageReader(stream, session, self._keeps_encoded)
        self.reader.types = self._types
        if (job := self.reader.job) is not None:
            job.requests.memory.state = lambda: self.state_manager.stream_state
            job.requests.memory.send_state = self.send_state
        self.stream_log = self.reader.log
        dates = config.top.start_date, config.top.end_date
        bounds = settings.incremental, session.started_at, *dates, settings.initial_value
        self.bookmarks = BookmarkStore(self, ReadRange(self, *bounds))
        stats.bookmarks = self.bookmarks.moves
        stats.earliest = self.bookmarks.earliest
        self.plan = SlicePlan(self.reader, self.bookmarks, self.failures)
        self.pipelines = PipelineFactory(stream, self, self.plan.read_range)
        self.sample = SchemaSample(self.plan, self.pipelines)
        self.complete_read = CompleteRead(self.plan, self, self.pipelines.left_out)
        self.find_doubt = self.complete_read.find_doubt
        deletes = config.setting_of(stream, "emit_activate_version_messages")
        self.run_version = int(session.started_at) if deletes else None
        marks = {DELETED_AT: COLUMNS["date-time"]} if stream.filters.deleted else {}
        self.keeper = SchemaKeeper(
            stream.schema, self.reader.log, self.sample.infer, lambda: self.given_state, marks
        )
        self._sync: SliceSync | None = None

    def _keeps_encoded(self, size: int) -> bool:
        """Return whether a page of this size stays encoded: if its sync is fast, or it is large.

        Decoded as a whole, a large page would need many times its size.
        """
        if size > LARGE_BYTES:
            return self.pipelines.for_sample().prepare_steps[0].takes_encoded
        return self._sync is not None and self._sync.writer.pipeline.is_fast

    def _types(self) -> Mapping[str, Types]:
        """Return the types of the columns of CSV whose cells are more than strings."""
        return {} if self._sync is None else self._sync.writer.pipeline.types

    def hold_schema(self) -> None:
        """Wait with the schema for records, unless the target knows it for sure."""
        self._holds_schema = self.keeper.needs_records(self.primary_keys)

    def apply_catalog(self, catalog: Any) -> None:
        """Apply selection and schema of a catalog; a stream that it lacks is not emitted."""
        super().apply_catalog(catalog)
        entry, settings = catalog.get_stream(self.name), self.stream.settings
        warn, columns = self.stream_log.warning, self.use_catalog_schema()
        if entry is not None and self.forced_replication_method != REPLICATION_FULL_TABLE:
            # A catalog made by hand may name no key, which does not make it FULL_TABLE.
            self.replication_key = self.replication_key or settings.replication_key
            if entry.key_properties is None:
                self.primary_keys = self.primary_keys or settings.primary_keys
                entry.key_properties = list(self.primary_keys)
        if entry is not None and not columns:
            # It was made before the login, or when there was no record.
            self.primary_keys = settings.primary_keys
            self.replication_key = settings.replication_key
        if entry is not None and self.replication_method == REPLICATION_FULL_TABLE:
            # The state keeps its bookmark for runs that are incremental again.
            self.replication_key = None
            self.state_partitioning_keys = []
            if settings.replication_key:
                warn("the catalog sets FULL_TABLE: full read, bookmark unchanged")
        if columns and (unknown := [key for key in self.primary_keys if key not in columns]):
            warn("the catalog's schema has no column for its key %s", ", ".join(unknown))
        if kept := self.select_keys():
            warn("the catalog deselects %s; emitting it anyway, as it is a key", ", ".join(kept))

    @property
    def partitions(self) -> list[dict[str, Any]] | None:
        """The configured partitions; None for a stream that runs once, or for each parent."""
        return self.plan.partitions

    def contexts(self, context: Context | None) -> Iterable[Context | None]:
        """Yield the given context, or each partition."""
        if context is not None or self.partitions is None:
            yield context
            return
        yield from self.prefetcher.iterate((p, self.plan.slices(p)) for p in self.partitions)

    def sync_context(self, context: Context | None) -> bool:
        """Sync a context; return whether everything was read."""
        if self._sync is None or self._sync.limit != self.ABORT_AT_RECORD_COUNT:
            self._sync = self._slice_sync()
        return self._sync.run(context)

    def end_sync(self) -> None:
        """Release the pipeline: of a thousand streams it is half of the memory."""
        super().end_sync()
        self._sync = None

    def get_records(self, context: Context | None) -> Iterable[Record]:  # noqa: ARG002
        """Return nothing: a sync reads page by page."""
        return ()

    def _growth_rules(self) -> GrowthRules:
        settings, parent = self.stream.schema, self.stream.contexts.parent
        is_inferred = self.keeper.is_inferred
        keys = {*self.primary_keys, self.replication_key, *(parent.keys if parent else ())}
        return GrowthRules(
            settings.new_fields or ("add" if is_inferred else "ignore"),
            settings.on_type_change or ("variant" if is_inferred else "fail"),
            is_inferred,
            keys - {None},
            *self.flattening,
            self.stream.records.is_text and not is_inferred,
        )

    def _slice_sync(self) -> SliceSync:
        limit = self.ABORT_AT_RECORD_COUNT
        children = [
            (one.plan, one.sync_for_parent)
            for one in self.child_streams
            if isinstance(one, OAuth2Stream) and (one.selected or one.has_selected_descendents)
        ]
        rules = self._growth_rules()
        keys = [path for plan, _ in children for path in plan.parent_keys.values()]
        pipeline = partial(self.pipelines.for_sync, rules, keys)
        writer = RecordWriter(self, rules, pipeline, self.pipelines.dropped)
        return SliceSync(self.plan, self.prefetcher, writer, children, limit)

    def settle(self, state: dict[str, Any], *, is_complete: bool) -> None:
        """Let the bookmark of a context move; a trial moves none."""
        if self.ABORT_AT_RECORD_COUNT is None:
            self.bookmarks.settle(state, is_complete=is_complete)
        else:
            state.pop(PROGRESS, None)

    def report(self) -> None:
        """Log at the end of a run what was left out; raise RunError if that ends it."""
        for report in (self.reader.report, self.plan.report, self.bookmarks.report):
            try:
                report()
            except StreamError as error:
                self.failures.add(error)
        if dropped := self.pipelines.dropped:
            times = {repr(n): count for n, count in dropped.items() if n != OTHERS}
            times |= {"others": dropped[OTHERS]} if OTHERS in dropped else {}
            named = [f"{name} ({plural(count, 'time')})" for name, count in times.items()]
            notice = "dropping fields that the schema lacks: %s"
            self.stream_log.warning(notice, ", ".join(named))
        left_out, log = self.pipelines.left_out, self.stream_log
        if self.selected and left_out[LEFT_OUT] and not self.reader.stats.records:
            log.warning("the keep conditions excluded all %d records", left_out[LEFT_OUT])
        for reason, count in left_out.items():
            log.info("%s left out %s", plural(count, "record"), reason)
