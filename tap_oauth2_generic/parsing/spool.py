"""What is too large for memory, on disk: response bodies, and records that were converted.

The files have no name, so that nothing is left of them, however the process ends.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import Any, BinaryIO

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.json_list import LARGE_BYTES, JsonList
from tap_oauth2_generic.runtime.json_encoder import encode_json, encode_lines

_HEAD_BYTES = 2**12
# As many records are a page of a response that is read in parts.
_PART_RECORDS = 1000


class _ClosedAtEnd:
    """A file that is closed without a warning once nobody uses it any more."""

    close: Callable[[], None]

    def __del__(self) -> None:
        # In a cycle the file may go before its buffer, whose content nobody needs.
        with suppress(OSError, ValueError):
            self.close()


class _File(_ClosedAtEnd, io.FileIO):
    pass


class _Buffered(_ClosedAtEnd, io.BufferedRandom):
    pass


def _temporary_file() -> BinaryIO:
    number, name = tempfile.mkstemp()
    os.unlink(name)  # noqa: PTH108
    return _Buffered(_File(number, "r+"))


class Spool:
    """Bytes to write, then to read: in memory while they are few."""

    def __init__(self) -> None:
        self.file: BinaryIO = io.BytesIO()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Add some bytes; raise ResponseError if the disk takes no more."""
        self.size += len(piece)
        try:
            if isinstance(self.file, io.BytesIO) and self.size > LARGE_BYTES:
                begun, self.file = self.file, _temporary_file()
                self.file.write(begun.getbuffer())
            self.file.write(piece)
        except OSError as error:
            raise ResponseError(
                f"cannot write a temporary file to {tempfile.gettempdir()} ({error.strerror}); "
                "make space there, or set TMPDIR to another folder"
            ) from None

    @property
    def is_large(self) -> bool:
        """Whether the bytes are on disk."""
        return self.size > LARGE_BYTES

    @property
    def head(self) -> bytes:
        """All bytes, or the first ones if there are many."""
        with self.open() as file:
            return file.read(_HEAD_BYTES if self.is_large else -1)

    def read(self) -> bytes:
        """Return all bytes."""
        with self.open() as file:
            return file.read()

    def open(self) -> io.BufferedReader:
        """Return the bytes to read; another reader goes on elsewhere."""
        return io.BufferedReader(_Reader(self.file))


#: A whole body.
Source = bytes | Spool


class _Reader(io.RawIOBase):
    """A place in a file that others read, too."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._place = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._place}
        start = starts.get(whence)
        self._place = offset + (self._file.seek(0, io.SEEK_END) if start is None else start)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._place)
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


def spool(pieces: Iterable[bytes]) -> Spool:
    """Write all pieces; raise ResponseError if the disk takes no more."""
    made = Spool()
    for piece in pieces:
        made.write(piece)
    return made


def as_spool(source: Source) -> Spool:
    """Return a body to read piece by piece; raise ResponseError if the disk takes no more."""
    return spool([source]) if isinstance(source, bytes) else source


def as_json_list(values: Iterable[Any]) -> JsonList:
    """Encode values that come one by one; raise what their iterator raises, and ResponseError."""
    made = _SpooledList(values)
    parts = list(islice(made.parts(), 2))
    return made if len(parts) > 1 else (parts or [JsonList([])])[0]


class _SpooledList(JsonList):
    """Values in parts of a thousand."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._spool, self._lengths = Spool(), list[tuple[int, int]]()
        self._ends: list[bytes] = []
        remaining, digest = iter(values), blake2b()
        while part := list(islice(remaining, _PART_RECORDS)):
            lines = encode_lines(part)
            self._spool.write(lines)
            self._lengths.append((len(lines), len(part)))
            digest.update(lines)
            self._ends = [*self._ends[:1], *map(encode_json, (part[0], part[-1]))]
            self._ends = [self._ends[0], self._ends[-1]]
        self._digest = digest.digest()

    @cached_property
    def members(self) -> list[bytes]:
        """The encoded values."""
        return [member for part in self.parts() for member in part.members]

    @property
    def length(self) -> int:
        """How many values there are."""
        return sum(count for _, count in self._lengths)

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return self._spool.size

    @property
    def ends(self) -> list[bytes]:
        """The first and the last value."""
        return self._ends

    def checksum(self) -> bytes:
        """Return a hash that other values do not have."""
        return self._digest

    def parts(self) -> Iterator[JsonList]:
        """Yield the values in parts."""
        first = 0
        for length, _ in self._lengths:
            self._spool.file.seek(first)
            yield JsonList(self._spool.file.read(length).split(b"\n")[:-1])
            first += length
