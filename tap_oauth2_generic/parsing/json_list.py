"""A list of encoded JSON values; a large one is processed in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b

import msgspec

#: A list with more bytes is processed in parts of about this size.
LARGE_BYTES, PART_BYTES = 2**23, 2**21


class JsonList:
    """The values of a JSON list as the server wrote them, each in one line."""

    def __init__(self, members: Sequence[bytes | msgspec.Raw]) -> None:
        self._members = members

    @property
    def members(self) -> Sequence[bytes | msgspec.Raw]:
        """The encoded values."""
        return self._members

    @cached_property
    def text(self) -> bytes:
        """The encoded list."""
        return as_list(self.members)

    @property
    def length(self) -> int:
        """How many members there are."""
        return len(self.members)

    @cached_property
    def size(self) -> int:
        """How many bytes the members have."""
        return sum(len(memoryview(member)) for member in self.members)

    @property
    def ends(self) -> list[bytes]:
        """The first and the last member."""
        return [bytes(member) for member in (*self.members[:1], *self.members[-1:])]

    def checksum(self) -> bytes:
        """Return a hash that lists with other members do not have."""
        made = blake2b()
        for part in self.parts():
            made.update(part.text)
        return made.digest()

    def parts(self) -> Iterator[JsonList]:
        """Yield the list, a large one in parts: decoded as a whole it would fill the memory."""
        if self.size <= LARGE_BYTES:
            yield self
            return
        step = max(self.length * PART_BYTES // self.size, 1)
        for first in range(0, self.length, step):
            yield JsonList(self.members[first : first + step])


def as_list(values: Iterable[bytes | msgspec.Raw]) -> bytes:
    """Return encoded values as one encoded list."""
    return b"[" + b",".join(values) + b"]"
