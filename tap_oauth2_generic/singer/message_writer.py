"""Singer messages on their way to standard output: exact numbers, whole lines, few system calls.

Knows no stream; what is in a message is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage, StateMessage

from tap_oauth2_generic.errors import OutputError
from tap_oauth2_generic.runtime.shutdown import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO


def _encode_other(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="number")


def encode(value: Any) -> bytes:
    """Encode a value as JSON; numbers keep every digit."""
    return _ENCODER.encode(value)


#: The numbers of what a system says where an output takes no more.
TAKES_NO_MORE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO})
_PIECE_BYTES = 2**18
# Line breaks of Unicode that JSON lets stand inside a text, and that some readers split at.
_LINE_BREAKS = tuple(
    (character.encode(), f"\\u{ord(character):04x}".encode()) for character in "\x85\u2028\u2029"
)


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages into the buffer of standard output.

    Records wait in the buffer until it is full, or until ``flush``; every other message is
    flushed at once, so that what a STATE promises has left before it.
    """

    def __init__(self) -> None:
        """Begin with nothing written."""
        super().__init__()
        self.written_bytes = 0

    def serialize_message(self, message: Message) -> bytes:
        """Encode a message as one line; numbers keep every digit."""
        if isinstance(message, StateMessage):
            # The SDK would copy it first, as deep as it goes, however many contexts it holds.
            content = {"type": message.type, "value": message.value}
        else:
            content = message.to_dict()
        return _in_one_line(encode(content)) + b"\n"

    def write_message(self, message: Message) -> None:
        """Write one line whole; raises OutputError where standard output takes no more."""
        self._write(self.format_message(message), flushes=not isinstance(message, RecordMessage))

    def write_records(
        self, stream: str, records: Sequence[bytes | msgspec.Raw], version: int | None, more: bytes
    ) -> None:
        """Write a RECORD message for each record that is encoded already; raises OutputError.

        ``more`` is put at the end of each record: further members, encoded, with their comma.
        """
        if not records:
            return
        head = encode({"type": "RECORD", "stream": stream})[:-1] + b',"record":'
        tail = encode({"version": version} if version is not None else {})[1:-1]
        tail = b"," + (tail + b"," if tail else b"")
        tail += encode({"time_extracted": datetime.now(timezone.utc)})[1:] + b"\n"
        texts = [memoryview(record) for record in records]
        if more:
            texts = [text[:-1] for text in texts]
            tail = more + b"}" + tail
        # In pieces: a signal takes effect between them, and the last line of each is whole.
        some = max(_PIECE_BYTES // max(map(len, texts)), 1)
        for first in range(0, len(texts), some):
            lines = b"".join((head, (tail + head).join(texts[first : first + some]), tail))
            self._write(_in_one_line(lines), flushes=False)

    def _write(self, lines: bytes, *, flushes: bool) -> None:
        try:
            with uninterrupted:
                stream = _binary_output()
                stream.write(lines)
                self.written_bytes += len(lines)
                if flushes:
                    stream.flush()
        except OSError as error:
            raise output_error(error) from None

    def flush(self) -> None:
        """Send what waits; raises OutputError where standard output takes no more."""
        try:
            with uninterrupted:
                _binary_output().flush()
        except OSError as error:
            raise output_error(error) from None


def require_output() -> None:
    """Raise OutputError where a process was started without a standard output."""
    if sys.stdout is None:
        message = "standard output is closed; there is nowhere to write to"
        raise OutputError(message)


def _in_one_line(text: bytes) -> bytes:
    """Escape what some readers take for the end of a line."""
    for character, escape in _LINE_BREAKS:
        # A single byte is looked for ten times as fast, and mostly not there.
        if character[:1] in text and character in text:
            text = text.replace(character, escape)
    return text


def _binary_output() -> IO[bytes]:
    # Looked up each time: a test or an embedding program may have put another one in place.
    require_output()
    output = sys.stdout.buffer
    if isinstance(output, io.RawIOBase):
        # Under PYTHONUNBUFFERED a write may stop half-way; a line must not.
        return _BUFFER.over(output)
    return output


class _Buffer:
    """The buffer over an output that has none; one at a time, and it never closes what it wraps."""

    def __init__(self) -> None:
        self._raw: io.RawIOBase | None = None
        self._writer: io.BufferedWriter | None = None

    def over(self, output: io.RawIOBase) -> io.BufferedWriter:
        if self._writer is None or self._raw is not output:
            self.leave()
            self._raw, self._writer = output, io.BufferedWriter(output)
        return self._writer

    def leave(self) -> None:
        """Let go of the output, which is its owner's to close."""
        writer, self._raw, self._writer = self._writer, None, None
        if writer is not None:
            with contextlib.suppress(ValueError, OSError):
                writer.detach()


_BUFFER = _Buffer()


def write_text(text: str) -> None:
    """Write a text that is no message, a catalog; raises OutputError."""
    try:
        _binary_output().write(text.encode())
        _binary_output().flush()
    except (OSError, ValueError) as error:
        raise output_error(error) from None


def flush_output() -> None:
    """Send what waits before the process ends; raises OutputError."""
    try:
        _binary_output().flush()
        sys.stdout.flush()
        _BUFFER.leave()
    except (OSError, ValueError) as error:
        raise output_error(error) from None


def abandon_output() -> None:
    """Let what still waits go nowhere, so that the interpreter does not fail over it at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        # There is none to abandon.
        return


def output_error(error: OSError | ValueError) -> OutputError:
    """Say in a sentence why standard output takes no more."""
    said = getattr(error, "strerror", None) or str(error)
    reason = "is closed" if isinstance(error, BrokenPipeError) else f"fails: {said}"
    message = f"standard output {reason}; see what the target says, nothing after it was written"
    return OutputError(message)
