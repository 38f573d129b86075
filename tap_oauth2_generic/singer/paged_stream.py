"""Where we meet what the SDK marks private: its loop over records, a page at a time instead.

The SDK handles each record by itself; a page of records costs a twentieth of that here.
Knows no request and no paging.
``tests/singer/test_sdk_joints.py`` fails when a release moves a joint.
"""

from __future__ import annotations

import logging
import sys
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, metrics
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Metadata

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.singer.state_writer import IndexedStateManager, ThrottledStateWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from singer_sdk.helpers.types import Context, Record


@dataclass(frozen=True)
class Meters:
    """What the SDK measures of a stream, over all its contexts: ten thousand are one line each."""

    records: metrics.Counter
    pages: metrics.Counter
    timer: metrics.Timer


class PagedStream(Stream):
    """A stream that is read, emitted and counted a page at a time."""

    endpoint = ""
    _meters: Meters | None = None
    _is_announced = False

    _made_state: IndexedStateManager | None = None
    _sent_schemas: object = None

    @abstractmethod
    def runs(self, context: Context | None) -> Iterable[Context | None]:
        """Give the contexts to read, in order."""

    @abstractmethod
    def emitted(self, context: Context | None, *, writes: bool) -> Iterator[int]:
        """Read and emit a context; give the number of records of each page, once they are out."""

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Do what the SDK's loop over records does; yields nothing, as nobody takes it."""
        yield from ()
        meters, since_state = self._measured(), 0
        try:
            for current in self.runs(context):
                with self._naming_depth():
                    for count in self.emitted(current, writes=write_messages):
                        meters.records.increment(count)
                        meters.pages.increment()
                        since_state += count
                        if since_state >= self.STATE_MSG_FREQUENCY and write_messages:
                            self._write_state_message()
                            since_state = 0
                if self.state_manager.get_state_partition_context(current) == current:
                    self._finalize_state(self.get_context_state(current))
                if write_messages:
                    self._write_state_message()
        finally:
            if not context:
                self._log_meters()
        if not context:
            self._finalize_state(self.stream_state)
        if write_messages:
            self._write_state_message()

    @contextmanager
    def _naming_depth(self) -> Iterator[None]:
        """Say what Python gives up on: what recurses is the SDK's, or is bounded nowhere else."""
        try:
            yield
        except RecursionError:
            message = f"stream {self.name!r}: its records or its schema are nested too deep"
            raise RecordError(message) from None

    # Logs

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log a message, the SDK's own only where they tell something.

        The beginning of each context is said for the first; an error is said by the error itself.
        """
        if message.startswith("Beginning sync"):
            level = logging.DEBUG if self._is_announced else level
            self._is_announced = True
        level = logging.DEBUG if level >= logging.ERROR else level
        super().log(message, *args, level=level, **kwargs)

    def _measured(self) -> Meters:
        if self._meters is None:
            pages = metrics.http_request_counter(self.name, self.endpoint)
            self._meters = Meters(self.get_record_counter(), pages, self.get_sync_timer())
        return self._meters

    def _log_meters(self) -> None:
        """Log what was measured of this stream, and of its children at the end of its own."""
        if self._meters is not None:
            for meter in (self._meters.pages, self._meters.records, self._meters.timer):
                meter.__exit__(*sys.exc_info())
            self._meters = None
        for child in self.child_streams:
            if isinstance(child, PagedStream):
                child._log_meters()  # noqa: SLF001 - one family

    # Schema

    @property
    def is_mapped(self) -> bool:
        """Whether a stream map or flattening changes the records."""
        maps = self.stream_maps
        return (
            len(maps) != 1
            or type(maps[0]) is not SameRecordTransform
            or bool(maps[0].flattening_enabled)
        )

    def select_keys(self) -> list[str]:
        """Select the keys that a catalog deselects, as Singer has it; give their names."""
        keys = [*self.primary_keys, *filter(None, [self.replication_key])]
        lost = [key for key in dict.fromkeys(keys) if not self.mask["properties", key]]
        if not self.selected:
            return []
        for key in lost:
            self.metadata["properties", key].inclusion = Metadata.InclusionType.AUTOMATIC
        self._mask = None
        return lost

    def replace_schema(self, schema: dict[str, Any]) -> None:
        """Work with another schema from here on, and send it before the next record."""
        if self._input_schema is not None:
            self._input_schema = schema
        else:
            self._schema = schema
        selected = get_selected_schema(self.name, schema, self.mask)
        self._tap.mapper.register_raw_stream_schema(self.name, selected, self.primary_keys)
        self._stream_maps = None
        self._write_schema_message()

    def _write_schema_message(self) -> None:
        """Send the schema, unless it was sent: a child stream is synced for every parent."""
        with self._naming_depth():
            sending = [message.to_dict() for message in self._generate_schema_messages()]
            if sending != self._sent_schemas:
                self._sent_schemas = sending
                super()._write_schema_message()

    @property
    def stream_version(self) -> int | None:
        """The version of a full table, where the target was told of one."""
        return self._stream_version

    # State

    @property
    def state_manager(self) -> IndexedStateManager:
        """The state of this stream."""
        if self._made_state is None:
            self._made_state = IndexedStateManager(
                tap_name=self.tap_name,
                stream_name=self.name,
                tap_state=self._tap_state,
                state_partitioning_keys=self.state_partitioning_keys,
            )
        return self._made_state

    def send_state(self) -> None:
        """Send the state if it has changed and is worth it."""
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _write_state_message(self) -> None:
        writer = self._tap.state_writer
        if isinstance(writer, ThrottledStateWriter) and not writer.is_due:
            # What is not sent now is owed, and goes with the next one, or at the end.
            return
        super()._write_state_message()

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Give none: the SDK would compare it as a text; the bookmark is capped on commit."""

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Write none: the SDK would choose between bookmark and start date by text."""

    def _process_record(
        self,
        record: Record,
        child_context: Context | None = None,
        partition_context: Context | None = None,
    ) -> None:
        """Do nothing: children are run where the records of a page are gone through."""
