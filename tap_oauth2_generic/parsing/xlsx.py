"""The rows of a sheet of an Excel workbook; only here the package for it is imported."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date, time
from importlib.util import find_spec
from itertools import islice
from typing import Any

from tap_oauth2_generic.parsing.archive import read_members
from tap_oauth2_generic.parsing.spool import Spool
from tap_oauth2_generic.parsing.table import distinct


def missing_package() -> list[str]:
    """Return a sentence if the package is not installed."""
    if find_spec("python_calamine") is not None:
        return []
    needed = "'tap-oauth2-generic[xlsx]'"
    return [f"xlsx needs a package that is not installed; run pip install {needed}"]


def read_sheet(source: Spool, sheet: str | None, skip_rows: int) -> Iterator[dict[str, Any]]:
    """Yield the rows under the names in the first one; raise ValueError.

    Dates are ISO 8601 strings, whole numbers integers, and empty cells null.
    """
    from python_calamine import CalamineError, CalamineWorkbook  # an extra

    if not source.head.startswith(b"PK"):
        raise ValueError("it is no xlsx file")
    # A workbook is a zip archive, which may be cut off or a bomb.
    deque(read_members(source, "*"), maxlen=0)
    try:
        book = CalamineWorkbook.from_filelike(source.open())
        if sheet is not None and sheet not in book.sheet_names:
            raise ValueError(f"xlsx_sheet {sheet!r} is not in it; it has {book.sheet_names}")
        rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).iter_rows()
        values = ([*map(_value, row)] for row in islice(rows, skip_rows, None))
        full = (row for row in values if any(one is not None for one in row))
        heads = ["" if one is None else str(one) for one in next(full, [])]
        names = distinct(heads)
        for row in full:
            cells = zip(heads, names, row, strict=False)
            yield {name: value for head, name, value in cells if head or value is not None}
    except CalamineError as error:
        raise ValueError(f"it is no readable xlsx file ({error})") from None


def _value(cell: Any) -> Any:
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    return None if cell == "" else cell
