"""Compare the rows of contenders: equal work, or no figure."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.processes import BenchmarkError, measure, server
from benchmarks.records import STREAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path as Folder

    from benchmarks.paths import Path, Row

RECORDS = 450  # three pages, the last one short


def check(paths: Iterable[Path], folder: Folder) -> None:
    """Run each path and its limit over a few records; raises BenchmarkError if they differ."""
    with server(RECORDS) as api:
        for path in paths:
            read = rows(path.limit(api.address), folder)
            delivered = rows(path.tap(api.address, folder / "tap"), folder)
            compare(path.name, expected_rows(path, read), delivered)


def check_template(folder: Folder) -> None:
    """Run the template's tap and the limit over a few records; raises BenchmarkError."""
    with server(RECORDS) as api:
        read = rows(contenders.limit(api.address), folder)
        delivered = rows(contenders.template_tap(api.address, folder), folder)
        compare("tap of the SDK's template", read, delivered)


def expected_rows(path: Path, read: Iterable[Row]) -> list[Row]:
    """Return the rows that a path makes of those that the limit read."""
    return [row for row in map(path.expected, read) if row is not None]


def rows(arguments: Sequence[str], folder: Folder, streams: Sequence[str] = (STREAM,)) -> list[Row]:
    """Run a contender, and return its rows of the streams that all deliver."""
    output = folder / "rows.jsonl"
    measure(arguments, output=output)
    with output.open("rb") as lines:
        messages: list[dict[str, Any]] = [json.loads(line) for line in lines]
    found = [one for one in messages if one["type"] == "RECORD" and one["stream"] in streams]
    return [_timeless(message["record"]) for message in found]


def compare(name: str, expected: Sequence[Row], delivered: Sequence[Row]) -> None:
    """Raise BenchmarkError with the first row that differs, if any."""
    for number, pair in enumerate(zip_longest(expected, delivered)):
        if pair[0] != pair[1]:
            shown = " but delivered ".join(json.dumps(row)[:1000] for row in pair)
            raise BenchmarkError(f"{name}: row {number} should be {shown}")


def _timeless(row: Row) -> Row:
    """Return a row with whether, not when, it was marked as deleted."""
    marked = "_sdc_deleted_at"
    return {**row, marked: row[marked] is not None} if marked in row else row
