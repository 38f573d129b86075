"""Whether time per page or partition, and memory, stay constant as their number grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Measured, Server, measured, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

PART = "growth"


@dataclass(frozen=True)
class Series:
    """One stream that grows: its name, how many of what, and the stream for each number."""

    name: str
    counts: Sequence[int]
    stream: Callable[[int], Mapping[str, Any]]


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure rising numbers of tiny pages, then of partitions with one page."""
    with server(records=1) as api:
        idle_bytes = measured(contenders.tap(api.address, folder, contenders.TINY)).peak_bytes
        yield from _grown(api, folder, Series("pages", size.pages, paged), idle_bytes)
        partitions = Series("partitions", size.partitions, partitioned)
        yield from _grown(api, folder, partitions, idle_bytes)


def paged(count: int) -> Mapping[str, Any]:
    """Return the stream with so many pages of one record."""
    return {**contenders.TINY, "path": f"0/tiny/{count}"}


def partitioned(count: int) -> Mapping[str, Any]:
    """Return the incremental stream with so many partitions of one page."""
    partitions = [{"owner": number} for number in range(count)]
    return {**contenders.TINY, "path": "0/tiny/1/{partition.owner}", "partitions": partitions}


def _grown(api: Server, folder: Path, series: Series, idle_bytes: int) -> Iterator[Figure]:
    base, fewest = 0.0, f"{series.counts[0]:,}"
    for count in series.counts:
        run, seconds = _timed(api, contenders.tap(api.address, folder, series.stream(count)))
        each = seconds / count
        base = base or each
        above = max(0, run.peak_bytes - idle_bytes) / 1e6
        detail = f"{each * 1000:.2f} ms each, {above:.0f} MB above an idle tap"
        name = f"{count:,} {series.name}"
        yield Figure(PART, name, each / base, f"times each of {fewest}", detail)


def _timed(api: Server, arguments: Sequence[str]) -> tuple[Measured, float]:
    """Run, and return the seconds from the first page request to the last response."""
    api.counters()
    run = measured(arguments)
    counted = api.counters()
    return run, counted["last_page_at"] - counted["first_page_at"]
