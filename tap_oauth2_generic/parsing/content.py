"""The settings of what a response is written in, and how its body is decoded; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any

from tap_oauth2_generic.parsing.charset import ENCODING, decode_pieces, find_encoding, to_utf8
from tap_oauth2_generic.parsing.formats import (
    BYTE_ORDER_MARK,
    decode,
    decode_lines,
    open_envelope,
)
from tap_oauth2_generic.parsing.json_list import JsonList
from tap_oauth2_generic.parsing.lines import Types, open_lines, open_table
from tap_oauth2_generic.parsing.spool import Source, as_json_list, as_spool
from tap_oauth2_generic.parsing.table import Dialect, TableFormat
from tap_oauth2_generic.parsing.unpacking import pieces_of, unpack
from tap_oauth2_generic.parsing.xlsx import missing_package, read_sheet
from tap_oauth2_generic.parsing.xml_reader import XmlReader, find_xml_encoding
from tap_oauth2_generic.settings.field_types import NAME, NAMES, enum, integer
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting
from tap_oauth2_generic.settings.paths import DottedPath, Path, parse_path
from tap_oauth2_generic.settings.values import text

#: The formats, and the Accept header that asks for each.
ACCEPT = {
    "json": "application/json",
    "jsonl": "application/x-ndjson, application/jsonl, application/json;q=0.5",
    "csv": "text/csv",
    "xml": "application/xml, text/xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
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


def _element(value: Any) -> tuple[str, ...]:
    path = parse_path(text(value).replace("[*]", ""))
    keys = path.keys if isinstance(path, DottedPath) else ()
    if not keys or not all(isinstance(key, str) for key in keys):
        raise ValueError("must be a path of names")
    return tuple(map(str, keys))


_skip = partial(deque[Any], maxlen=0)


class ContentSettings(Settings):
    """What responses are written in."""

    response_format: str = setting(
        enum(*ACCEPT),
        "Format of the responses: JSON, JSON Lines, CSV, XML or Excel, compressed or not.",
        default="json",
    )
    archive_member: str | None = setting(
        NAME,
        "The response is a zip or tar archive: the glob of the names of the files to read, such "
        "as `*.csv`. `response_format` is that of each file.",
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
    xml_list_paths: Sequence[tuple[str, ...]] = setting(
        FieldType(NAMES.schema, lambda value: [_element(one) for one in NAMES.parse(value)]),
        "Paths of XML elements that are lists even if one or none came; `records_path` is one.",
        default=[],
    )
    xlsx_sheet: str | None = setting(NAME, "Name of the sheet; by default the first one.")
    xlsx_skip_rows: int = setting(
        integer(0), "Rows of the sheet before the names of the columns.", default=0
    )

    def contradictions(self) -> list[str]:
        """Return what is not installed, in a sentence."""
        return missing_package() if self.response_format == "xlsx" else []

    @property
    def is_streamed(self) -> bool:
        """Whether responses are read in parts, from disk if they are large."""
        return self.response_format in {"xml", "xlsx"} or bool(self.archive_member)

    @property
    def is_text(self) -> bool:
        """Whether every value is a string, whatever it stands for."""
        return self.response_format in {"csv", "xml"}

    @property
    def accept(self) -> str:
        """The Accept header."""
        return "*/*" if self.archive_member else ACCEPT[self.response_format]

    @property
    def streamed_keys(self) -> tuple[str, ...]:
        """The names that lead to the records, if those can be read one by one."""
        return ()

    @property
    def list_keys(self) -> list[tuple[str, ...]]:
        """The names that lead to lists of XML elements."""
        return [*self.xml_list_paths]

    @cached_property
    def table(self) -> TableFormat:
        """How tables are written."""
        dialect = Dialect(self.csv_separator, self.csv_quote)
        return TableFormat(dialect, self.csv_skip_lines, self.csv_columns)

    def decode(
        self, source: Source, charset: str = "", note_nan: Callable[[], object] = object
    ) -> Any:
        """Decode a response of this stream; raise ValueError that says what is wrong."""
        if self.archive_member:
            return None if source == b"" else []
        if self.is_streamed or not isinstance(source, bytes):
            return self._stream(source, charset)
        content = self.utf8(source, charset)
        if self.response_format == "csv":
            return self.table.decode(content)
        decoder = decode if self.response_format == "json" else decode_lines
        return decoder(content, note_nan)

    def decode_rest(
        self, source: Source, charset: str = "", note_nan: Callable[[], object] = object
    ) -> Any:
        """Decode a response, a large one without the records, if those can be read one by one."""
        if isinstance(source, bytes) or not self.streamed_keys:
            return self.decode(source, charset, note_nan)
        return self._stream(source, charset, self.streamed_keys)

    def open_list(
        self, source: Source, charset: str, path: Path, types: Mapping[str, Types] | None = None
    ) -> tuple[Any, JsonList | None] | None:
        """Return the rest of a response and its records, still encoded; no records if none match.

        ``types`` are those of ``open_table``. None if it has to be decoded as a whole. Raises
        ValueError that says what is wrong.
        """
        if self.is_streamed or not isinstance(source, bytes):
            return self._open_streamed(source, charset, path)
        try:
            content = self.utf8(source, charset)
        except ValueError:
            return None
        if self.response_format == "json":
            return open_envelope(content, path)
        if not isinstance(path, DottedPath) or path.keys:
            return None
        if self.response_format == "csv":
            written = open_table(content, self.table, types)
        else:
            written = open_lines(content)
        return None if written is None else ([], written)

    def _open_streamed(
        self, source: Source, charset: str, path: Path
    ) -> tuple[Any, JsonList | None] | None:
        if self.response_format == "xlsx" and path.text == "$" and source != b"":
            return [], as_json_list(self._sheet(source))
        if not self.streamed_keys or source == b"":
            return None
        lists: list[JsonList] = []
        take = lambda values: lists.append(as_json_list(values))  # noqa: E731
        body = self._stream(source, charset, self.streamed_keys, take)
        is_there = path.find(body) == []
        if lists[0].length and not is_there:
            raise ValueError("records_path leads through a list; write [*] where it does")
        return body, lists[0] if is_there else None

    def _stream(
        self,
        source: Source,
        charset: str,
        keys: tuple[str, ...] = (),
        take: Callable[[Iterator[Any]], object] = _skip,
    ) -> Any:
        """Return the body of an XML document; ``take`` takes the records at the keys."""
        if source == b"":
            return None
        if self.response_format == "xlsx":
            return list(self._sheet(source))
        spooled = as_spool(source)
        pieces = pieces_of(spooled.open(), spooled.size)
        head = next(pieces, b"").lstrip()  # some servers begin with an empty line
        encoding = self.encoding or find_xml_encoding(head, charset)
        reader = XmlReader(self.list_keys, keys)
        take(reader.read(decode_pieces(chain([head], pieces), encoding, self.encoding_errors)))
        return reader.body

    def _sheet(self, source: Source) -> Iterator[dict[str, Any]]:
        return read_sheet(as_spool(source), self.xlsx_sheet, self.xlsx_skip_rows)

    def utf8(self, content: bytes, charset: str) -> bytes:
        """Return a body unpacked, as UTF-8 and without its prefix."""
        content = unpack(content)
        encoding = self.encoding or find_encoding(content, charset)
        content = to_utf8(content, encoding, self.encoding_errors)
        if self.json_prefix and self.response_format == "json":
            begun = content.removeprefix(BYTE_ORDER_MARK).lstrip()
            content = begun.removeprefix(self.json_prefix.encode())
        return content
