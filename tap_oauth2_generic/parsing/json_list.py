"""A list of encoded JSON values; a large one is processed in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b

import msgspec

#: A list with more bytes is processed in parts of about this size.
LARGE_BYTES, PART_BYTES = 2**23, 2**21
_COMPARED_MEMBERS = 1000
_DECODER = msgspec.json.Decoder(list[msgspec.Raw])


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
        for part in JsonList.parts(self):
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


class SpacedList(JsonList):
    """A large list with spaces inside its values: each part is compacted when it is read."""

    def parts(self) -> Iterator[JsonList]:
        """Yield the list in parts without spaces."""
        yield from (compact(part.members) for part in super().parts())


def compact(members: Iterable[bytes | msgspec.Raw]) -> JsonList:
    """Return encoded values without the spaces and line breaks in them."""
    return JsonList(_DECODER.decode(msgspec.json.format(as_list(members), indent=-1)))


def end_of_members(
    content: bytes, members: Sequence[bytes | msgspec.Raw], separator: bytes, position: int = 0
) -> int:
    """Return where members end that begin at a position, -1 unless the separator parts them."""
    before = b""
    # Some at a time: all of a large page would be a second copy of it.
    for first in range(0, len(members), _COMPARED_MEMBERS):
        text = before + separator.join(members[first : first + _COMPARED_MEMBERS])
        if not content.startswith(text, position):
            return -1
        position += len(text)
        before = separator
    return position


def as_list(values: Iterable[bytes | msgspec.Raw]) -> bytes:
    """Return encoded values as one encoded list."""
    return b"[" + b",".join(values) + b"]"
