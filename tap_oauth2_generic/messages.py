"""Singer messages on their way to standard output: exact numbers, whole lines, few system calls.

Knows no stream; what is in a message is decided elsewhere.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage

from tap_oauth2_generic.errors import OutputError
from tap_oauth2_generic.interruption import uninterrupted

if TYPE_CHECKING:
    from typing import IO


def _encode_other(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="number")

# Line breaks of Unicode that JSON lets stand inside a text, and that some readers split at.
_LINE_BREAKS = tuple(
    (character.encode(), f"\\u{ord(character):04x}".encode()) for character in "\x85\u2028\u2029"
)


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages into the buffer of standard output.

    Records wait in the buffer until it is full, or until ``flush``; every other message is
    flushed at once, so that what a STATE promises has left before it.
    """

    def serialize_message(self, message: Message) -> bytes:
        """Encode a message as one line; numbers keep every digit."""
        line = _ENCODER.encode(message.to_dict())
        for character, escape in _LINE_BREAKS:
            if character in line:
                line = line.replace(character, escape)
        return line + b"\n"

    def write_message(self, message: Message) -> None:
        """Write one line whole; raises OutputError where standard output takes no more."""
        line = self.format_message(message)
        try:
            with uninterrupted:
                stream = _binary_output()
                stream.write(line)
                if not isinstance(message, RecordMessage):
                    stream.flush()
        except OSError as error:
            raise _output_error(error) from None

    def flush(self) -> None:
        """Send what waits; raises OutputError where standard output takes no more."""
        try:
            with uninterrupted:
                _binary_output().flush()
        except OSError as error:
            raise _output_error(error) from None


def _binary_output() -> IO[bytes]:
    # Looked up each time: a test or an embedding program may have put another one in place.
    return sys.stdout.buffer


def abandon_output() -> None:
    """Let what still waits go nowhere, so that the interpreter does not fail over it at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return


def _output_error(error: OSError) -> OutputError:
    reason = "is closed" if isinstance(error, BrokenPipeError) else f"fails: {error.strerror}"
    message = f"standard output {reason}; see what the target says, nothing after it was written"
    return OutputError(message)
