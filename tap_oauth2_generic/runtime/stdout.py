"""Stdout of this process; a write that fails becomes an OutputError.

Knows no message, and not the SDK, so that a command without a run can use it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import IO

from tap_oauth2_generic.errors import OutputError

#: The error numbers of an output that accepts no more data.
TAKES_NO_MORE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO})


def require_output() -> None:
    """Raise OutputError if the process was started without stdout."""
    if sys.stdout is None:
        raise OutputError("stdout is closed; redirect it to a target or a file")


def binary_output() -> IO[bytes]:
    """Return stdout as bytes, with a buffer; raise OutputError if there is none."""
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
    with output_errors():
        binary_output().write(text.encode())
        binary_output().flush()


def flush_output() -> None:
    """Flush before the process ends; raise OutputError."""
    with output_errors():
        binary_output().flush()
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
def output_errors() -> Iterator[None]:
    """Turn an error of stdout into an OutputError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise output_error(error) from None
