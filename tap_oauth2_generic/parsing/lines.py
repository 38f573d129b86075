"""The records of JSON Lines and CSV as encoded lists: what is unusual is left to ``formats``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from tap_oauth2_generic.parsing.formats import BYTE_ORDER_MARK, PROBED_BYTES, SPACED
from tap_oauth2_generic.parsing.json_list import (
    LARGE_BYTES,
    PART_BYTES,
    JsonList,
    SpacedList,
    compact,
    end_of_members,
)
from tap_oauth2_generic.parsing.table import BOOLEANS, Dialect, TableFormat, distinct
from tap_oauth2_generic.runtime.json_encoder import encode_lines

_PART_ROWS = 2000
# Numbers that are the same as JSON and in quotes; each is on a line of its own.
_INTEGER = r"(?:0|-?[1-9]\d{0,17})"
_NUMBER = r"(?!-0\n|-0\Z)-?(?!0\.000000)(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?"
_PLAIN = {
    kind: re.compile(rf"{one}(?:\n{one})*", re.ASCII)
    for kind, one in {"integer": _INTEGER, "number": _NUMBER}.items()
}
_DECODER = msgspec.json.Decoder(msgspec.Raw)
#: The JSON types of a column.
Types = frozenset[str]


def open_lines(content: bytes) -> JsonList | None:
    """Return the values of JSON Lines as they are written, one on each line.

    Return None if anything is unusual; the caller then decodes line by line.
    """
    content = content.removeprefix(BYTE_ORDER_MARK)
    try:
        members = _DECODER.decode_lines(content)
    except (msgspec.MsgspecError, RecursionError):
        return None
    end = b"\r\n" if members and content.startswith(b"\r\n", len(members[0])) else b"\n"
    last, breaks = end_of_members(content, members, end), max(len(members) - 1, 0)
    is_whole = last >= 0 and content[last:] in {b"", end}
    if not is_whole or content.count(b"\n", 0, last) != breaks:
        # A value on two lines, two on one line, a line without one, or spaces around one.
        return None
    returns = content.count(b"\r", 0, last)
    if returns == breaks * end.count(b"\r") and SPACED not in content[:PROBED_BYTES]:
        return JsonList(members)
    return SpacedList(members) if len(content) > LARGE_BYTES else compact(members)


def open_table(
    content: bytes, table: TableFormat, types: Mapping[str, Types] | None = None
) -> JsonList | None:
    """Return the rows of CSV as encoded objects; None if the caller has to decode them.

    ``types`` are those of the columns whose cells are more than strings; if one cell of some
    thousand does not fit, all of them are strings.
    """
    try:
        dialect, content = table.open(content)
        if not content[:PROBED_BYTES].strip():
            return None
        if len(content) > LARGE_BYTES:
            return _LargeTable(content, dialect, types or {})
        rows = _rows(content, dialect)
        return JsonList(_encode(tuple(distinct(next(rows, []))), rows, types or {}))
    except (csv.Error, ValueError, TypeError):
        # For example a row with more or fewer values than there are names.
        return None


class _LargeTable(JsonList):
    """The rows of a large table, encoded in parts when they are read: they are twice as long."""

    def __init__(self, content: bytes, dialect: Dialect, types: Mapping[str, Types]) -> None:
        """Check every row; raise what ``open_table`` catches."""
        self._content, self._dialect, self._types = content, dialect, types
        self._names = tuple(distinct(next(_rows(content, dialect), [])))
        _row_type(self._names)
        self._pieces = list(_pieces(content, dialect.quote.encode()))
        widths = [[*map(len, _rows(content[piece], dialect))] for piece in self._pieces]
        if any({*found} != {len(self._names)} for found in widths) or len(widths[0]) == 1:
            raise ValueError
        self._length = sum(map(len, widths)) - 1

    @cached_property
    def members(self) -> Sequence[bytes | msgspec.Raw]:
        """The encoded rows."""
        return [member for part in self.parts() for member in part.members]

    @property
    def length(self) -> int:
        """How many rows there are."""
        return self._length

    @property
    def size(self) -> int:
        """How many bytes the table has."""
        return len(self._content)

    @cached_property
    def ends(self) -> list[bytes]:
        """The first and the last row."""
        first, last = self._part(0), self._part(len(self._pieces) - 1)
        return [first.ends[0], last.ends[1]]

    def checksum(self) -> bytes:
        """Return a hash that other tables do not have."""
        return blake2b(self._content).digest()

    def parts(self) -> Iterator[JsonList]:
        """Yield the rows in parts."""
        yield from map(self._part, range(len(self._pieces)))

    def _part(self, number: int) -> JsonList:
        rows = _rows(self._content[self._pieces[number]], self._dialect)
        rows = islice(rows, int(not number), None)
        return JsonList(_encode(self._names, rows, self._types))


def _rows(content: bytes, dialect: Dialect) -> Iterator[list[str]]:
    return dialect.rows(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""))


def _pieces(content: bytes, quote: bytes) -> Iterator[slice]:
    """Yield parts of a table that end at a line break outside of quotes.

    With a quote inside a value without quotes one may end in a row: its last value stays open,
    which is an error.
    """
    end = 0
    while end < len(content):
        first, end = end, min(end + PART_BYTES, len(content))
        quotes, is_open = content.count(quote, first, end) if quote else 0, True
        while is_open and end < len(content):
            start, end = end, content.find(b"\n", end) + 1 or len(content)
            quotes += content.count(quote, start, end) if quote else 0
            is_open = quotes % 2 == 1
        yield slice(first, end)


def _encode(
    names: tuple[str, ...], rows: Iterator[list[str]], types: Mapping[str, Types]
) -> list[bytes]:
    row_type, members = _row_type(names), list[bytes]()
    typed = {number: types[name] for number, name in enumerate(names) if name in types}
    # A list of all rows would take many times the memory, and twice the time.
    while part := list(islice(rows, _PART_ROWS)):
        cells = _with_types(part, typed) if typed else part
        members += encode_lines([row_type(*row) for row in cells]).split(b"\n")[:-1]
    return members


def _with_types(
    rows: Sequence[Sequence[str]], types: Mapping[int, Types]
) -> Iterable[Iterable[Any]]:
    """Return rows with the values of each column that fits; raise ValueError if ragged."""
    columns: list[Any] = list(zip(*rows, strict=True))
    if len(columns) <= max(types):
        raise ValueError
    for number, named in types.items():
        columns[number] = _values(columns[number], named)
    return zip(*columns, strict=True)


def _values(cells: Sequence[str], types: Types) -> Iterable[Any]:
    """Return the values of a column's cells, all as they are if one does not fit."""
    has_empty = "null" in types and "" in cells
    there = [*filter(None, cells)] if has_empty else cells
    found: Iterable[Any] | None = there
    if types & _PLAIN.keys():
        found = _numbers(there, "number" if "number" in types else "integer")
    elif "boolean" in types:
        booleans = [BOOLEANS.get(cell.lower()) for cell in there]
        found = None if None in booleans else booleans
    if found is None or not has_empty:
        return cells if found is None else found
    values = iter(found)
    return [next(values) if cell else None for cell in cells]


def _numbers(cells: Sequence[str], kind: str) -> Iterable[msgspec.Raw] | None:
    """Return encoded numbers, None if a cell is no plain one."""
    text = "\n".join(cells)
    # A cell may have a line break itself.
    if _PLAIN[kind].fullmatch(text) and text.count("\n") == len(cells) - 1:
        return map(msgspec.Raw, text.encode().split(b"\n"))
    return None if cells else []


@lru_cache(maxsize=64)
def _row_type(names: tuple[str, ...]) -> Any:
    fields = {f"f{number}": name for number, name in enumerate(names)}
    return msgspec.defstruct("Row", list(fields), rename=fields, gc=False)
