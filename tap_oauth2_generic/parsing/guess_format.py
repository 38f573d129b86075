"""Guess what a response is written in; pure.

For a person to check: a sync never guesses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from tap_oauth2_generic.parsing.archive import list_members, read_members
from tap_oauth2_generic.parsing.charset import charset_of
from tap_oauth2_generic.parsing.content import ContentSettings
from tap_oauth2_generic.parsing.spool import as_spool
from tap_oauth2_generic.parsing.unpacking import unpack
from tap_oauth2_generic.parsing.xlsx import missing_package, read_sheet

_HTML = re.compile(rb"\s*(?:<[?!][^>]*>\s*)*<html", re.IGNORECASE)
_SEPARATORS = (",", ";", "\t", "|")
_WORKBOOK = "xl/workbook.xml"
# A title, an empty line and the like above the names of a sheet.
_ROWS_ABOVE, _SEEN_ROWS = 10, 50
_DATA = re.compile(r"\.(?:csv|tsv|json|jsonl|ndjson|xml|xlsx)(?:\.(?:gz|bz2|xz))?$", re.IGNORECASE)
_Headers = Mapping[str, str]
#: Settings that fit, and the body as they decode it; None for one that needs a package.
Guess = tuple[dict[str, Any], Any]


def guess_format(content: bytes, headers: _Headers) -> Guess | None:
    """Return the settings of the format of a response with its body, None if it is unknown."""
    with suppress(ValueError):
        content = unpack(content)
    for guess in (_json, _json_lines, _archive, _xml, _table):
        with suppress(ValueError):
            if (found := guess(content, headers)) is not None:
                return found
    return None


def _decode(content: bytes, headers: _Headers, **settings: Any) -> Guess:
    return settings, ContentSettings(**settings).decode(content, charset_of(headers))


def _json(content: bytes, headers: _Headers) -> Guess | None:
    _, body = _decode(content, headers, response_format="json")
    return ({}, body) if isinstance(body, dict | list) else None


def _json_lines(content: bytes, headers: _Headers) -> Guess | None:
    found = _decode(content, headers, response_format="jsonl")
    return found if _is_table(found[1]) else None


def _xml(content: bytes, headers: _Headers) -> Guess | None:
    found = None if _HTML.match(content) else _decode(content, headers, response_format="xml")
    return found if found and isinstance(found[1], dict) else None


def _table(content: bytes, headers: _Headers) -> Guess | None:
    """Guess the separator that makes the most columns: any text is a table of one."""
    is_declared = "csv" in headers.get("Content-Type", "").lower()
    found = list[Guess]()
    for separator in _SEPARATORS:
        more: dict[str, Any] = {} if separator == "," else {"csv_separator": separator}
        with suppress(ValueError):
            found.append(_decode(content, headers, response_format="csv", **more))
    tables = [one for one in found if _is_table(one[1]) and (is_declared or len(one[1][0]) > 1)]
    return max(tables, key=lambda one: len(one[1][0]), default=None)


def _is_table(body: Any) -> bool:
    return isinstance(body, list) and body != [] and all(isinstance(row, dict) for row in body)


def _archive(content: bytes, _: _Headers) -> Guess | None:
    """Guess the files by the ending that most have, and their format by the first one."""
    source = as_spool(content)
    names = list_members(source)
    if _WORKBOOK in names:
        return _sheet(content)
    endings = Counter(found[0] for name in names if (found := _DATA.search(name)))
    pattern = f"*{endings.most_common(1)[0][0]}" if endings else "".join(names[:1])
    if len(names) > 1 and not endings:
        return None
    member = next(read_members(source, pattern))[1]
    settings, body = guess_format(member.read(), {}) or ({}, None)
    return {**settings, "archive_member": pattern}, body


def _sheet(content: bytes) -> Guess:
    """Guess the row with the names: the first one with a name for each value below it."""
    found: dict[str, Any] = {"response_format": "xlsx"}
    for skipped in range(0 if missing_package() else _ROWS_ABOVE):
        rows = list(islice(read_sheet(as_spool(content), None, skipped), _SEEN_ROWS))
        if rows and not any(name.startswith("column_") for name in rows[0]):
            return found | ({"xlsx_skip_rows": skipped} if skipped else {}), rows
    return found, None
