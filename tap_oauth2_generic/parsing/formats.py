"""The formats of a response, each decoded into JSON-like data with exact numbers."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.parsing.json_text import decode

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP = b"\x1f\x8b"
# A field may have any length; the limit holds for the process.
csv.field_size_limit(2**31 - 1)


def _jsonl(content: bytes) -> list[Any]:
    lines = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                lines.append(decode(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return lines


def _csv(content: bytes) -> list[dict[str, str | None]]:
    """Decode rows under the names of the first line; every value is a string (RFC 4180)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise ValueError(f"its bytes are not UTF-8 (at byte {wrong.start})") from None
    if text.lstrip().startswith(("<", "{")):
        raise ValueError("it is not CSV")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(f"it is not CSV ({error})") from None
    rows = [row for row in rows if row]
    return [_row(rows[0], row, number) for number, row in enumerate(rows[1:], 2)] if rows else []


def _row(names: list[str], row: list[str], number: int) -> dict[str, str | None]:
    if len(row) > len(names) or len(set(names)) != len(names):
        message = f"row {number} has {len(row)} values for {len(set(names))} different names"
        raise ValueError(message)
    return dict(zip(names, [*row, *[None] * (len(names) - len(row))], strict=True))


#: What decodes each format, and the Accept header that asks for it.
FORMATS: dict[str, tuple[Callable[[bytes], Any], str]] = {
    "json": (decode, "application/json"),
    "jsonl": (_jsonl, "application/x-ndjson, application/jsonl, application/json;q=0.5"),
    "csv": (_csv, "text/csv"),
}


def unpack(content: bytes) -> bytes:
    """Decompress a body that is itself a gzip file; raise ValueError if it is corrupt."""
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise ValueError("it is a corrupt gzip file") from None
