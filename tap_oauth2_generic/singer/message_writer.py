"""Write Singer messages to stdout: exact numbers, full lines, few system calls.

Knows no stream; what is in a message is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import IO

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage, StateMessage

from tap_oauth2_generic.errors import OutputError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.shutdown import uninterrupted

#: The error numbers of an output that accepts no more data.
TAKES_NO_MORE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO})
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
        with _output_errors(), uninterrupted:
            stream = _binary_output()
            stream.write(lines)
            self.written_bytes += len(lines)
            if flushes:
                stream.flush()

    def flush(self) -> None:
        """Flush the buffer; raise OutputError if stdout accepts no more."""
        self._write(b"", flushes=True)


def require_output() -> None:
    """Raise OutputError if the process was started without stdout."""
    if sys.stdout is None:
        raise OutputError("stdout is closed; redirect it to a target or a file")


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


def _binary_output() -> IO[bytes]:
    # Looked up each time: a test or an embedding program may replace it.
    require_output()
    output = sys.stdout.buffer
    if isinstance(output, io.RawIOBase):
        # Under PYTHONUNBUFFERED a write may stop half-way; a line must not.
        return _buffer_over(output)
    return output


@lru_cache(maxsize=1)
def _buffer_over(output: io.RawIOBase) -> IO[bytes]:
    """Return a buffer over an unbuffered output, which it never closes."""
    return open(output.fileno(), "wb", closefd=False)


def write_text(text: str) -> None:
    """Write a string that is no message, such as a catalog; raise OutputError."""
    with _output_errors():
        _binary_output().write(text.encode())
        _binary_output().flush()


def flush_output() -> None:
    """Flush before the process ends; raise OutputError."""
    with _output_errors():
        _binary_output().flush()
        sys.stdout.flush()
        _buffer_over.cache_clear()


def abandon_output() -> None:
    """Discard the buffer, so that the interpreter does not fail over it at exit."""
    # There may be no stdout to discard.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def output_error(error: OSError | ValueError) -> OutputError:
    """Return an OutputError that says why stdout accepts no more."""
    said = getattr(error, "strerror", None) or str(error)
    closed = isinstance(error, BrokenPipeError)
    reason = "was closed (did the target exit?)" if closed else f"failed: {said}"
    return OutputError(f"stdout {reason}; nothing after this point was written")


@contextlib.contextmanager
def _output_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise output_error(error) from None
