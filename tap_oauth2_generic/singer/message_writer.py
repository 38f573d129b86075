"""Write Singer messages to stdout: exact numbers, full lines, few system calls.

Knows no stream; what is in a message is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage, StateMessage

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.stdout import binary_output, output_errors

Encoded = Sequence[bytes | msgspec.Raw]
_PIECE_BYTES = 2**18
# Unicode line breaks that JSON allows inside a string, and that some readers split at.
_LINE_BREAKS = tuple(
    (character.encode(), f"\\u{ord(character):04x}".encode()) for character in "\x85\u2028\u2029"
)


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Write messages into the buffer of stdout.

    Records wait until the buffer is full or flushed; any other message is flushed at once, so
    that the records before a STATE have left.
    """

    written_bytes = 0
    #: Whether there are records that no STATE may cover yet.
    holds_records = False

    def serialize_message(self, message: Message) -> bytes:
        """Encode a message as one line; numbers keep every digit."""
        if isinstance(message, StateMessage):
            # The SDK would first make a deep copy of it, however many partitions it has.
            content = {"type": message.type, "value": message.value}
        else:
            content = message.to_dict()
        return _in_one_line(encode_json(content)) + b"\n"

    def write_message(self, message: Message) -> None:
        """Write one full line; raise OutputError if stdout accepts no more."""
        self._write(self.format_message(message), flushes=not isinstance(message, RecordMessage))

    def write_records(
        self, stream: str, records: Encoded, more: bytes = b"", version: int | None = None
    ) -> None:
        """Write a RECORD message for each encoded record; raise OutputError.

        ``more`` is added at the end of each record: encoded members, beginning with a comma.
        """
        if not records:
            return
        versioned = {} if version is None else {"version": version}
        head = encode_json({"type": "RECORD", "stream": stream, **versioned})[:-1] + b',"record":'
        tail = b"," + encode_json({"time_extracted": datetime.now(timezone.utc)})[1:]
        for lines in lines_of(records, more, head, tail):
            self._write(lines, flushes=False)

    def close_files(self) -> None:
        """Write the records that are held; here none are."""

    def _write(self, lines: bytes, *, flushes: bool) -> None:
        with output_errors(), uninterrupted:
            stream = binary_output()
            stream.write(lines)
            self.written_bytes += len(lines)
            if flushes:
                stream.flush()

    def flush(self) -> None:
        """Flush the buffer; raise OutputError if stdout accepts no more."""
        self._write(b"", flushes=True)


def lines_of(
    records: Encoded, more: bytes, head: bytes = b"", tail: bytes = b""
) -> Iterator[bytes]:
    """Yield pieces of full lines, so that a signal can take effect in between."""
    tail += b"\n"
    texts = [memoryview(record) for record in records]
    if more:
        texts = [text[:-1] for text in texts]
        tail = more + b"}" + tail
    some = max(_PIECE_BYTES // max(map(len, texts)), 1)
    for first in range(0, len(texts), some):
        yield _in_one_line(b"".join((head, (tail + head).join(texts[first : first + some]), tail)))


def _in_one_line(text: bytes) -> bytes:
    """Escape the characters that some readers take for the end of a line."""
    for character, escape in _LINE_BREAKS:
        # Searching for a single byte is ten times faster, and rarely finds one.
        if character[:1] in text and character in text:
            text = text.replace(character, escape)
    return text
