"""The SDK's stream, read a page at a time: what the SDK marks private is used here.

The SDK handles one record at a time; by the page, each costs a twentieth of that.
``tests/singer/test_sdk_joints.py`` fails if a release changes what is used.
"""

from __future__ import annotations

import logging
import sys
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from functools import cached_property
from typing import Any

from singer_sdk import metrics
from singer_sdk.helpers.types import Context
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import ActivateVersionMessage, Message

from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.singer.batch_writer import BatchWriter
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.singer.schema_stream import SchemaStream
from tap_oauth2_generic.singer.state_writer import (
    VERSION,
    IndexedStateManager,
    ThrottledStateWriter,
)


class PagedStream(SchemaStream):
    """A stream that is read, written and counted a page at a time."""

    endpoint = ""
    # The SDK's metrics over all contexts, for Meltano: pages, records, and the time they take.
    _meters: tuple[Any, ...] = ()
    _is_announced = False
    _made_state: IndexedStateManager | None = None
    stream_log: StreamLog
    #: Seconds since 1970, as of the SDK, since some targets keep 32 bits; None for no versions.
    run_version: int | None
    #: Returns why the API may still have a row that was not read; empty if it has none.
    find_doubt: Callable[[], str]
    # The SDK would let the target delete rows before they are read.
    emit_activate_version_messages = False

    @abstractmethod
    def contexts(self, context: Context | None) -> Iterable[Context | None]:
        """Yield the contexts to read, in order."""

    @abstractmethod
    def sync_context(self, context: Context | None) -> bool:
        """Sync a context, calling ``count_page``; return whether everything was read."""

    @abstractmethod
    def settle(self, state: dict[str, Any], *, is_complete: bool) -> None:
        """Prepare the state of a context for the SDK, which promotes its bookmark."""

    @cached_property
    def version(self) -> int | None:
        """The version of the records of a FULL_TABLE stream, higher than that of the last run."""
        is_full = self.selected and self.replication_method == REPLICATION_FULL_TABLE
        if self.run_version is None or not is_full or self._is_trial:
            return None
        last = self.given_state.get(VERSION)
        version = max(self.run_version, last + 1 if type(last) is int else 0)
        self.stream_state[VERSION] = version
        if isinstance(self.message_writer, BatchWriter):
            self.stream_log.info("sending RECORD messages: a BATCH file carries no version")
        return version

    def sync(self, context: Context | None = None) -> None:  # type: ignore[misc]  # final there
        """Sync the stream; raise TapError only if the run has to end."""
        if self._is_trial:
            self.failures.run.check()
        with self.failures.catching(None, ends_run=self._is_trial):
            if not self.failures.has_ended:
                super().sync(context)
        if isinstance(self.message_writer, MessageWriter):
            self.message_writer.close_files()

    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Return None: the SDK would read the records once more, before selection and maps."""

    def sync_for_parent(self, context: Context) -> bool:
        """Sync for one record of the parent; return whether everything was read."""
        self.log("Beginning sync of '%s' in %s mode", self.name, self.replication_method.lower())
        with self.failures.catching(None, ends_run=self._is_trial):
            if self.selected and not self.failures.has_ended:
                self._write_schema_message()
        return not self.failures.has_ended and self._sync_contexts(context)

    def _sync_records(
        self,
        context: Context | None = None,
        *,
        write_messages: bool = True,  # noqa: ARG002 - false only for BATCH
    ) -> Generator[dict[str, Any], Any, Any]:
        """Replace the SDK's loop over records; yields nothing, because nobody takes it."""
        yield from ()
        self._sync_contexts(context)

    def _sync_contexts(self, context: Context | None) -> bool:
        is_complete = True
        try:
            for current in self.contexts(context):
                is_complete &= self._sync_one(current)
                self._write_state_message()
                if self.failures.has_ended:
                    break
        finally:
            if not context:
                self.end_sync()
        if not context:
            self._activate_version()
            self._finalize_state(self.stream_state)
        self._write_state_message()
        return is_complete

    def _activate_version(self) -> None:
        """Let the target delete what is gone; child streams have ended with their parent."""
        if self.version is not None:
            if doubt := self.find_doubt():
                self.stream_log.info("no row will be deleted: %s", doubt)
            else:
                # A child stream without a parent record has sent none yet.
                self._write_schema_message()
                for sent in self._sent_schemas:
                    # SDK 0.54.2 itself would use no other name than the stream's own.
                    self._tap.write_message(ActivateVersionMessage(sent.stream, self.version))
        for child in self.child_streams:
            if isinstance(child, PagedStream):
                child._activate_version()  # noqa: SLF001 - one family

    def _sync_one(self, context: Context | None) -> bool:
        is_complete, stats = False, self.failures.stats
        stats.contexts += 1
        with self.failures.catching(context, ends_run=self._is_trial):
            self._meters = self._meters or (
                metrics.http_request_counter(self.name, self.endpoint),
                self.get_record_counter(),
                self.get_sync_timer(),
            )
            is_complete = self.sync_context(context)
        stats.incomplete += not is_complete
        if self.state_manager.get_state_partition_context(context) == context:
            state = self.get_context_state(context)
            self.settle(state, is_complete=is_complete)
            self._finalize_state(state)
        return is_complete

    def count_page(self, records: int) -> None:
        """Count a page that was written, and send STATE now and then."""
        for meter, count in zip(self._meters, (1, records), strict=False):
            meter.increment(count)
        self.state_manager.is_flushed = False
        self._since_state += records
        if self._since_state >= self.STATE_MSG_FREQUENCY:
            self._write_state_message()
            self._since_state = 0

    @property
    def _is_trial(self) -> bool:
        return self.ABORT_AT_RECORD_COUNT is not None

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log a message of the SDK, if it says something new.

        Only the first context is announced; an error is logged where it is handled.
        """
        if message.startswith("Beginning sync"):
            level = logging.DEBUG if self._is_announced else level
            self._is_announced = True
        level = logging.DEBUG if level >= logging.ERROR else level
        super().log(message, *args, level=level, **kwargs)

    def end_sync(self) -> None:
        """Log the meters; a child stream ends with its parent."""
        for meter in self._meters:
            # An exception that is being handled marks it as failed.
            meter.__exit__(*sys.exc_info())
        self._meters = ()
        for child in self.child_streams:
            if isinstance(child, PagedStream):
                child.end_sync()

    @property
    def message_writer(self) -> GenericSingerWriter[bytes, Message]:
        """The tap's writer of messages."""
        return self._tap.message_writer

    @property
    def writes_lines(self) -> bool:
        """Whether records may be written encoded; a writer of another program takes messages."""
        return type(self.message_writer) in {MessageWriter, BatchWriter}

    @property
    def is_mapped(self) -> bool:
        """Whether a stream map or flattening changes the records."""
        is_plain = [type(one) for one in self.stream_maps] == [SameRecordTransform]
        return not is_plain or self.stream_maps[0].flattening_enabled

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
        """Send the state if it changed, as often as the throttle allows."""
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _write_state_message(self) -> None:
        writer = self._tap.state_writer
        if isinstance(writer, ThrottledStateWriter) and not writer.is_due:
            # The next one, or the one at the end of the run, has it as well.
            return
        super()._write_state_message()

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return None: the SDK would compare strings; the bookmark is capped when it settles."""
