"""The records of JSON Lines and CSV as encoded lists: what is unusual is left to ``formats``."""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from tap_oauth2_generic.parsing.formats import (
    BYTE_ORDER_MARK,
    NO_CSV,
    PROBED_BYTES,
    SPACED,
    JsonList,
    as_list,
)
from tap_oauth2_generic.runtime.json_encoder import encode_lines

_PART_ROWS = 2000
_LIST_DECODER = msgspec.json.Decoder(list[msgspec.Raw])
_DECODER = msgspec.json.Decoder(msgspec.Raw)


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
    lines = end.join(members)
    breaks = max(len(members) - 1, 0)
    is_whole = content.startswith(lines) and content[len(lines) :] in {b"", end}
    if not is_whole or lines.count(b"\n") != breaks:
        # A value on two lines, two on one line, a line without one, or spaces around one.
        return None
    if lines.count(b"\r") == breaks * end.count(b"\r") and SPACED not in content[:PROBED_BYTES]:
        return JsonList(members)
    text = msgspec.json.format(as_list(members), indent=-1)
    return JsonList(_LIST_DECODER.decode(text))


def open_table(content: bytes) -> JsonList | None:
    """Return the rows of CSV as encoded objects; None if the caller has to decode them."""
    head = content[:PROBED_BYTES].decode("utf-8-sig", "ignore").lstrip()
    if not head or head.startswith(NO_CSV):
        return None
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    rows = filter(None, csv.reader(text, strict=True))
    members: list[bytes] = []
    try:
        row_type = _row_type(tuple(next(rows, ())))
        # A list of all rows would take many times the memory, and twice the time.
        while part := [row_type(*row) for row in islice(rows, _PART_ROWS)]:
            members += encode_lines(part).split(b"\n")[:-1]
    except (csv.Error, ValueError, TypeError):
        # For example a row with more or fewer values than there are names.
        return None
    return JsonList(members)


@lru_cache(maxsize=64)
def _row_type(names: tuple[str, ...]) -> Any:
    fields = {f"f{number}": name for number, name in enumerate(names)}
    return msgspec.defstruct("Row", list(fields), rename=fields, gc=False)
