"""Time per page and partition, and memory, as their number grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Measurement, Server, measure, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

PART = "growth"


@dataclass(frozen=True)
class Series:
    """A stream that grows: what it has more of, the counts, and the stream for each count."""

    name: str
    counts: Sequence[int]
    stream: Callable[[int], Mapping[str, Any]]


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Read growing numbers of tiny pages, then of partitions of one page."""
    with server(records=1) as api:
        idle_bytes = measure(contenders.tap(api.address, folder, contenders.TINY)).peak_bytes
        yield from _measure_growth(
            api, folder, Series("pages", size.pages, paged_stream), idle_bytes
        )
        partitions = Series("partitions", size.partitions, partitioned_stream)
        yield from _measure_growth(api, folder, partitions, idle_bytes)


def paged_stream(count: int) -> Mapping[str, Any]:
    """Return the stream with ``count`` pages of one record."""
    return {**contenders.TINY, "path": f"0/tiny/{count}"}


def partitioned_stream(count: int) -> Mapping[str, Any]:
    """Return the incremental stream with ``count`` partitions of one page."""
    partitions = [{"owner": number} for number in range(count)]
    return {**contenders.TINY, "path": "0/tiny/1/{partition.owner}", "partitions": partitions}


def _measure_growth(api: Server, folder: Path, series: Series, idle_bytes: int) -> Iterator[Figure]:
    base, fewest = 0.0, f"{series.counts[0]:,}"
    for count in series.counts:
        run, seconds = _time(api, contenders.tap(api.address, folder, series.stream(count)))
        each = seconds / count
        base = base or each
        above = max(0, run.peak_bytes - idle_bytes) / 1e6
        detail = f"{each * 1000:.2f} ms each, {above:.0f} MB above an idle tap"
        name = f"{count:,} {series.name}"
        yield Figure(PART, name, each / base, f"times each of {fewest}", detail)


def _time(api: Server, arguments: Sequence[str]) -> tuple[Measurement, float]:
    """Run, and return the seconds from the first page request to the last response."""
    api.counters()
    run = measure(arguments)
    counted = api.counters()
    return run, counted["last_page_at"] - counted["first_page_at"]
