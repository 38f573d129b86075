"""Write records to files that BATCH messages name, every other message to stdout.

How a file is written is in ``batch_files``; when a STATE is due, in ``state_writer``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from singer_sdk.singerlib.encoding.simple import Message, RecordMessage, SchemaMessage, StateMessage

from tap_oauth2_generic.errors import OutputError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.singer.batch_files import BatchFile, BatchSettings
from tap_oauth2_generic.singer.message_writer import Encoded, MessageWriter, lines_of


class BatchWriter(MessageWriter):
    """Keep the records of each stream in an open file; close all files together.

    A STATE covers all streams, so it may go out only while no file is open. ``after_batches``
    is called whenever that has become so.
    """

    def __init__(self, settings: BatchSettings, after_batches: Callable[[], None]) -> None:
        """Create the folder; raise OutputError."""
        super().__init__()
        self._settings = settings
        self._after_batches = after_batches
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._open: dict[str, BatchFile] = {}
        with self._errors():
            settings.storage.root.mkdir(parents=True, exist_ok=True)

    def write_message(self, message: Message) -> None:
        """Write a message after the records before it; those without a version go to a file."""
        if isinstance(message, RecordMessage):
            if message.version is None:
                self.write_records(message.stream, [encode_json(message.record)])
                return
        elif not isinstance(message, StateMessage):
            self.close_files()
        if isinstance(message, SchemaMessage):
            self._schemas[message.stream] = message.schema
        super().write_message(message)

    def write_records(
        self, stream: str, records: Encoded, more: bytes = b"", version: int | None = None
    ) -> None:
        """Write encoded records to the file of their stream; raise OutputError or RecordError.

        Files have no versions, so records with one are sent as RECORD messages.
        """
        if version is not None:
            super().write_records(stream, records, more, version)
            return
        size = self._settings.batch_size
        for first in range(0, len(records), size):
            part = records[first : first + size]
            file = self._open.get(stream)
            # A page is in one file if it can be, so that a STATE has all of the page before it.
            if file is not None and file.records + len(part) > size:
                self.close_files()
            with self._errors(), uninterrupted:
                self._add(stream, part, more)

    def _add(self, stream: str, records: Sequence[Any], more: bytes) -> None:
        self.holds_records = True
        if (file := self._open.get(stream)) is None:
            file = BatchFile(self._settings, stream, self._schemas.get(stream, {}))
            self._open[stream] = file
        file.records += len(records)
        for lines in lines_of(records, more):
            file.encoder.write(lines)
            self.written_bytes += len(lines)

    def close_files(self) -> None:
        """Store the open files, and name each in a BATCH; raise OutputError."""
        if not self._open:
            return
        encoding = asdict(self._settings.encoding)
        for stream, file in [*self._open.items()]:
            with self._errors(), uninterrupted:
                batch = {"type": "BATCH", "stream": stream, "encoding": encoding}
                line = encode_json({**batch, "manifest": [file.close()]})
                self._write(line + b"\n", flushes=True)
                del self._open[stream]
        self.holds_records = False
        self._after_batches()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Drop all files after an error: no STATE covers them, so the next run reads them again."""
        try:
            yield
        except (OSError, OutputError) as error:
            self.holds_records = True
            for file in self._open.values():
                file.discard()
            self._open.clear()
            if isinstance(error, OutputError):
                raise
            root = str(self._settings.storage.root)
            raise OutputError(
                f"batch_config: cannot write to {root!r}: {error.strerror or error}; make space or "
                "correct storage.root, then rerun"
            ) from None
