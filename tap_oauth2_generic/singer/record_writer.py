"""Write the records of one stream to the target, and keep the target's schema ahead of them.

Knows no request, no paging and no bookmark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from singer_sdk.singerlib import RecordMessage

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.encoded_page import Record
from tap_oauth2_generic.records.fit import SchemaMismatchError, kind_of
from tap_oauth2_generic.records.growth import Growth, GrowthRules, new_columns
from tap_oauth2_generic.records.pipeline import Batch, Pipeline
from tap_oauth2_generic.runtime.log import some
from tap_oauth2_generic.settings.limits import MAX_NAMED_FIELDS
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.singer.paged_stream import PagedStream


@dataclass
class RecordWriter:
    """Writes the records of one stream; none if it is only read for its child streams.

    ``make_pipeline`` is called again for a new schema. ``dropped`` counts the fields without a
    column.
    """

    stream: PagedStream
    rules: GrowthRules
    make_pipeline: Callable[[], Pipeline]
    dropped: dict[str, int]

    def __post_init__(self) -> None:
        """Make the pipeline for the first schema."""
        self.is_selected = self.stream.selected
        self.pipeline = self.make_pipeline()

    def write(self, batch: Batch, page: Iterable[Record]) -> None:
        """Write the records of a batch; raise RecordError if one does not fit the schema.

        The schema grows once for a whole ``page``, of which the batch may be a part.
        """
        if not self.is_selected:
            return
        if (encoded := batch.encoded) is not None:
            if encoded.emitted:
                made = [(name, [*filter(None, records)]) for name, records in encoded.emitted]
                self._send(len(batch), made)
            else:
                self._send(len(batch), [(self.stream.name, encoded.records)], encoded.suffix)
            return
        waiting: list[Any] = []
        dropped = dict(self.dropped)
        try:
            try:
                self._finish(batch, waiting)
            except SchemaMismatchError as mismatch:
                self._grow(mismatch, page)
                # All of the page goes out under the new schema.
                waiting.clear()
                self.dropped.clear()
                self.dropped.update(dropped)
                self._finish(batch, waiting)
        except SchemaMismatchError as mismatch:
            raise self._refusal(mismatch) from None
        finally:
            self._send(len(waiting), self._by_name(waiting))

    def _finish(self, batch: Batch, waiting: list[Any]) -> None:
        try:
            # Those before one that does not fit remain.
            waiting.extend(self.pipeline.finish(record, batch.origin) for record in batch.records)
        except RecursionError:
            message = f"stream {self.stream.name!r}: a record is nested too deep"
            raise RecordError(message) from None

    def _by_name(self, finished: Sequence[Any]) -> Iterable[tuple[str, Sequence[Any]]]:
        """Return the names and records to emit; stream maps have given each record its own."""
        if not finished or not isinstance(finished[0], list):
            return [(self.stream.name, finished)]
        named: dict[str, list[Any]] = {}
        for name, record in (one for made in finished for one in made):
            named.setdefault(name, []).append(record)
        return named.items()

    def _send(
        self, count: int, emitted: Iterable[tuple[str, Sequence[Any]]], more: bytes = b""
    ) -> None:
        """Write what is emitted of some records; those without a column yet are all null."""
        if not count or not self.stream.release_schema():
            return
        self.stream.failures.stats.records += count
        writer, version = self.stream.message_writer, self.stream.version
        for name, records in emitted:
            if isinstance(writer, MessageWriter) and self.stream.writes_lines:
                writer.write_records(name, records, more, version)
                continue
            for record in records:
                now = datetime.now(timezone.utc)
                writer.write_message(RecordMessage(name, record, version, now))

    def _grow(self, mismatch: SchemaMismatchError, page: Iterable[Record]) -> None:
        """Grow the columns for all values of a page, and tell the target before its records."""
        stream, old, log = self.stream, self.stream.keeper.columns, self.stream.stream_log
        is_first = not old.schema["properties"]
        # Until there is a column, nothing is known that a field could be new to.
        rules = replace(self.rules, new_fields="add") if is_first else self.rules
        is_new_value = mismatch.is_new and mismatch.value is not None
        if rules.new_fields == "fail" if is_new_value else not (mismatch.is_new or rules.joins):
            raise mismatch
        try:
            columns = Growth(rules, stream.mask, log.warning, old).over(page)
        except RecordError as error:
            raise RecordError(f"stream {stream.name!r}: {error}") from None
        known = stream.schema
        stream.replace_columns(columns)
        self.pipeline = self.make_pipeline()
        added = [n for n in new_columns(known, stream.schema) if n not in columns.variants]
        if is_first:
            log.info("inferred the schema from the first page, of %d records", sum(1 for _ in page))
        elif added:
            log.warning("adding new fields to the schema: %s", some(added, MAX_NAMED_FIELDS))

    def _refusal(self, mismatch: SchemaMismatchError) -> RecordError:
        """Return the error for a value that no rule allows."""
        path, value = ".".join(mismatch.path), mismatch.value
        kind = "null" if value is None else kind_of(value)
        if mismatch.is_new:
            reason = f"the field {path!r} is new; new_fields is fail"
        elif self.rules.is_inferred:
            reason = f"a value of type {kind} does not fit column {path!r}; on_type_change is fail"
        else:
            reason = (
                f"a value of type {kind} does not fit the declared type of {path!r}; widen it in "
                "the stream's schema, or set on_type_change"
            )
        return RecordError(f"stream {self.stream.name!r}: {reason}")
