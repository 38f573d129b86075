"""CSV as people export it: how its rows are written, and what their columns are called; pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tap_oauth2_generic.parsing.formats import BYTE_ORDER_MARK

# A field may have any length; the limit holds for the process.
csv.field_size_limit(2**31 - 1)
#: How HTML and JSON begin, which are sent in place of CSV.
_NO_CSV = re.compile(rb"""\s*(?:[<{]|\[\s*[]\[{"])""")
#: Cells that are a boolean without doubt, in small letters.
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# Excel writes the separator of the table into its first line.
_SEPARATOR_LINE = re.compile(rb'"?sep=([\t\x20-\x7e])"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How the values of a row are separated and quoted; without a ``quote`` none is."""

    separator: str = ","
    quote: str = '"'

    @property
    def _options(self) -> Any:
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        return {"delimiter": self.separator, "quotechar": self.quote or None, "quoting": quoting}

    def rows(self, text: Iterable[str]) -> Iterator[list[str]]:
        """Yield the values of each row that is not empty; raise ``csv.Error``."""
        return filter(None, csv.reader(text, strict=True, **self._options))

    def line(self, values: Sequence[str]) -> bytes:
        """Return a row as a line; raise ``csv.Error`` for a value that would need a quote."""
        made = io.StringIO()
        csv.writer(made, lineterminator="\n", **self._options).writerow(values)
        return made.getvalue().encode()


@dataclass(frozen=True)
class TableFormat:
    """The dialect of a table, the lines before it, and its columns if it does not name them."""

    dialect: Dialect = Dialect()
    skip_lines: int = 0
    columns: Sequence[str] = ()

    def open(self, content: bytes) -> tuple[Dialect, bytes]:
        """Return the dialect of a table, and the table from the names of its columns on.

        Raises ValueError for what is no table.
        """
        dialect, content = self.dialect, content.removeprefix(BYTE_ORDER_MARK)
        if named := _SEPARATOR_LINE.match(content):
            dialect = Dialect(named[1].decode(), dialect.quote)
            content = content[named.end() :]
        begin = 0
        for _ in range(self.skip_lines):
            begin = content.find(b"\n", begin) + 1 or len(content)
        content = content[begin:]
        if _NO_CSV.match(content):
            raise ValueError("it is not CSV")
        return dialect, dialect.line(self.columns) + content if self.columns else content

    def names(self, content: bytes) -> list[str]:
        """Return what a table names its columns, [] if nothing; raise ``csv.Error``."""
        dialect, content = self.open(content)
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
        return next(dialect.rows(text), [])

    def read(self, text: Iterable[str]) -> Iterator[dict[str, str]]:
        """Yield the rows of a table of any length, read line by line; raise ValueError."""
        lines, dialect = iter(text), self.dialect
        first = next(lines, "").removeprefix("\ufeff")
        if named := _SEPARATOR_LINE.match(first.encode()):
            dialect = Dialect(named[1].decode(), dialect.quote)
            first = next(lines, "")
        for _ in range(self.skip_lines):
            first = next(lines, "")
        if _NO_CSV.match(first.encode()):
            raise ValueError("it is not CSV")
        rows = dialect.rows(chain([first], lines))
        yield from name_values(chain([list(self.columns)], rows) if self.columns else rows)

    def decode(self, content: bytes) -> list[dict[str, str]]:
        """Decode rows under the names of the columns; every value is a string.

        Each line has the same number of fields (RFC 4180): a shorter one may have been cut off.
        """
        dialect, content = self.open(content)
        try:
            text = content.decode()
        except UnicodeDecodeError as wrong:
            raise ValueError(f"its bytes are not UTF-8 (at byte {wrong.start})") from None
        return list(name_values(dialect.rows(io.StringIO(text, newline=""))))


def name_values(rows: Iterator[list[str]]) -> Iterator[dict[str, str]]:
    """Yield rows under the names in the first one; raise ValueError for one that does not fit."""
    try:
        names = distinct(next(rows, []))
        for number, row in enumerate(rows, 2):
            if len(row) != len(names):
                raise ValueError(f"row {number} has {len(row)} values for {len(names)} columns")
            yield dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise ValueError(f"it is not CSV ({error})") from None


def distinct(names: Sequence[str]) -> list[str]:
    """Return names that differ: a name that comes again has its number at its end.

    A column without a name, such as that of a separator at the end of each line, gets one.
    """
    taken, made = set(names), list[str]()
    for position, name in enumerate(names, 1):
        own = other = name or f"column_{position}"
        number = 2
        while other in made or (other != name and other in taken):
            other, number = f"{own}_{number}", number + 1
        made.append(other)
    return made
