"""Write the records of one stream to the target, and keep the target's schema ahead of them.

Knows no request, no paging and no bookmark.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from singer_sdk.singerlib import RecordMessage

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.conform import SchemaMismatchError
from tap_oauth2_generic.records.declared import SchemaSettings
from tap_oauth2_generic.records.infer import grow_at
from tap_oauth2_generic.records.pipeline import Batch, Pipeline, Record, Slice
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.runtime.stats import StreamStats
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.singer.paged_stream import PagedStream


@dataclass
class RecordWriter:
    """Writes the records of one stream; none if it is only read for its child streams.

    ``make_pipeline`` is called again for a new schema.
    """

    stream: PagedStream
    settings: SchemaSettings
    make_pipeline: Callable[[], Pipeline]
    log: StreamLog
    stats: StreamStats

    def __post_init__(self) -> None:
        """Make the pipeline for the first schema."""
        self.is_selected = self.stream.selected
        self.pipeline = self.make_pipeline()

    def write(self, batch: Batch) -> None:
        """Write the records of a batch; raise RecordError if one does not fit the schema."""
        if not self.is_selected:
            return
        if batch.encoded is not None and isinstance(self.stream.message_writer, MessageWriter):
            page = batch.encoded
            self.stream.message_writer.write_records(self.stream.name, page.records, page.suffix)
            self.stats.records += len(page.records)
            return
        waiting: list[Any] = []
        try:
            for record in batch.records:
                waiting.append(self._finish(record, batch.origin, waiting))
                self.stats.records += 1
        finally:
            self._send(waiting)

    def _finish(self, record: Record, origin: Slice, waiting: list[Any]) -> Any:
        """Finish a record; before the schema grows for it, send what waits."""
        while True:
            try:
                return self.pipeline.finish(record, origin)
            except RecursionError:
                message = f"stream {self.stream.name!r}: a record is nested too deep"
                raise RecordError(message) from None
            except SchemaMismatchError as mismatch:
                self._send(waiting)
                self._grow_schema(mismatch)

    def _send(self, waiting: list[Any]) -> None:
        writer = self.stream.message_writer
        if waiting and isinstance(waiting[0], bytes) and isinstance(writer, MessageWriter):
            writer.write_records(self.stream.name, waiting)
        else:
            for alias, record in (one for made in waiting for one in made):
                now = datetime.now(timezone.utc)
                writer.write_message(RecordMessage(alias, record, time_extracted=now))
        waiting.clear()

    def _grow_schema(self, mismatch: SchemaMismatchError) -> None:
        """Widen the schema for a value that does not fit it, and tell the target first."""
        name, path = self.stream.name, ".".join(mismatch.path)
        if mismatch.is_new and self.settings.on_new_fields == "fail":
            raise RecordError(f"stream {name!r}: the field {path!r} is new; new_fields is fail")
        if not mismatch.is_new and self.settings.schema is not None:
            raise RecordError(
                f"stream {name!r}: a value of {path!r} does not fit its declared type "
                f"({type(mismatch.value).__name__}); widen the type in the stream's schema"
            )
        if mismatch.is_new:
            self.log.warning("new field %r; adding it to the schema", path)
        else:
            self.log.warning("%r has a value of another type; widening its column", path)
        schema = grow_at(self.stream.effective_schema, mismatch.path, mismatch.value)
        if schema == self.stream.effective_schema:
            raise RecordError(
                f"stream {name!r}: the value of {path!r} fits no column of its schema"
            )
        self.stream.replace_schema(schema)
        self.pipeline = self.make_pipeline()
