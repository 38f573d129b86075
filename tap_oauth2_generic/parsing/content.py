"""The settings of what a response is written in, and how its body is decoded; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from tap_oauth2_generic.parsing.charset import ENCODING, find_encoding, to_utf8
from tap_oauth2_generic.parsing.formats import (
    BYTE_ORDER_MARK,
    decode,
    decode_lines,
    open_envelope,
    unpack,
)
from tap_oauth2_generic.parsing.json_list import JsonList
from tap_oauth2_generic.parsing.lines import open_lines, open_table
from tap_oauth2_generic.parsing.table import Dialect, TableFormat
from tap_oauth2_generic.settings.field_types import NAME, NAMES, enum, integer
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting
from tap_oauth2_generic.settings.paths import DottedPath, Path
from tap_oauth2_generic.settings.values import text

#: The formats, and the Accept header that asks for each.
ACCEPT = {
    "json": "application/json",
    "jsonl": "application/x-ndjson, application/jsonl, application/json;q=0.5",
    "csv": "text/csv",
}


def _character(value: Any) -> str:
    written = text(value)
    if len(written) != 1 or not written.isascii() or written in "\r\n":
        raise ValueError(f"must be one ASCII character, not {written!r}")
    return written


def _columns(value: Any) -> list[str]:
    names: list[str] = NAMES.parse(value)
    if not names or len(set(names)) != len(names):
        raise ValueError("must be different names")
    return names


_CHARACTER = FieldType({"type": "string"}, _character, empty_is_absent=False)
_QUOTE = FieldType(
    {"type": "string"}, lambda value: value and _character(value), empty_is_absent=False
)


class ContentSettings(Settings):
    """What responses are written in."""

    response_format: str = setting(
        enum(*ACCEPT),
        "Format of the responses: JSON, JSON Lines or CSV, compressed or not.",
        default="json",
    )
    encoding: str | None = setting(
        ENCODING,
        "Encoding of the responses, such as `latin-1`; by default what a byte order mark or the "
        "charset of the response says, else UTF-8.",
    )
    encoding_errors: str = setting(
        enum("strict", "replace"),
        "What to do with bytes that are not in that encoding: strict fails, replace puts U+FFFD.",
        default="strict",
    )
    json_prefix: str | None = setting(
        NAME, "Text to cut off the beginning of JSON, such as `)]}',`."
    )
    csv_separator: str = setting(
        _CHARACTER,
        "Character between the values of a CSV row. A first line such as `sep=;` overrides it.",
        default=",",
    )
    csv_quote: str = setting(
        _QUOTE, "Character around quoted values of CSV; an empty one means none.", default='"'
    )
    csv_skip_lines: int = setting(
        integer(0), "Lines before the names of the columns, or before the rows.", default=0
    )
    csv_columns: Sequence[str] = setting(
        FieldType(NAMES.schema, _columns),
        "Names of the columns of CSV without a line of names.",
        default=[],
    )

    @cached_property
    def _table(self) -> TableFormat:
        dialect = Dialect(self.csv_separator, self.csv_quote)
        return TableFormat(dialect, self.csv_skip_lines, self.csv_columns)

    def decode(
        self, content: bytes, charset: str = "", note_nan: Callable[[], object] = object
    ) -> Any:
        """Decode a response of this stream; raise ValueError that says what is wrong."""
        content = self.utf8(content, charset)
        if self.response_format == "csv":
            return self._table.decode(content)
        decoder = decode if self.response_format == "json" else decode_lines
        return decoder(content, note_nan)

    def open_list(self, content: bytes, charset: str, path: Path) -> tuple[Any, JsonList] | None:
        """Return the rest of a response and its records, still encoded; None if it has no list.

        Raises ValueError that says what is wrong.
        """
        content = self.utf8(content, charset)
        if self.response_format == "json":
            return open_envelope(content, path)
        if not isinstance(path, DottedPath) or path.keys:
            return None
        if self.response_format == "csv":
            written = open_table(content, self._table)
        else:
            written = open_lines(content)
        return None if written is None else ([], written)

    def utf8(self, content: bytes, charset: str) -> bytes:
        """Return a body unpacked, as UTF-8 and without its prefix."""
        content = unpack(content)
        encoding = self.encoding or find_encoding(content, charset)
        content = to_utf8(content, encoding, self.encoding_errors)
        if self.json_prefix and self.response_format == "json":
            begun = content.removeprefix(BYTE_ORDER_MARK).lstrip()
            content = begun.removeprefix(self.json_prefix.encode())
        return content
