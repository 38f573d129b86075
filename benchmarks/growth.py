"""Time per page, partition and stream, and memory, as their number grows; the part of STATE.

Time is that of the whole process, without that of one that reads a page. The part of STATE is that
of all STATE messages in the output, where each partition or stream has a page of full records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Measurement, Server, measure, server
from benchmarks.records import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

PART = "growth"


@dataclass(frozen=True)
class Series:
    """A read that grows: what it has more of, the counts, and the streams for each count."""

    name: str
    counts: Sequence[int]
    streams: Callable[[int], Sequence[Mapping[str, Any]]]


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Read growing numbers of tiny pages, then of partitions and of streams of one page."""
    with server(records=1) as api:
        idle = measure(contenders.tap(api.address, folder, contenders.TINY))
        for series in (
            Series("pages", size.pages, paged_stream),
            Series("partitions", size.partitions, partitioned_stream),
            Series("streams", size.streams, many_streams),
        ):
            yield from _measure_growth(api, folder, series, idle)
        for series in (
            Series("partitions", size.partitions[1:2], owned_partitions),
            Series("streams", size.streams[-1:], owned_streams),
        ):
            yield from _measure_states(api, folder, series)


def paged_stream(count: int) -> Sequence[Mapping[str, Any]]:
    """Return the stream with ``count`` pages of one record."""
    return [{**contenders.TINY, "path": f"0/tiny/{count}"}]


def partitioned_stream(count: int) -> Sequence[Mapping[str, Any]]:
    """Return the incremental stream with ``count`` partitions of one page."""
    partitions = [{"owner": number} for number in range(count)]
    return [{**contenders.TINY, "path": "0/tiny/1/{partition.owner}", "partitions": partitions}]


def many_streams(count: int) -> Sequence[Mapping[str, Any]]:
    """Return ``count`` incremental streams of one page."""
    return [{**contenders.TINY, "name": f"tiny_{number}"} for number in range(count)]


def owned_partitions(count: int) -> Sequence[Mapping[str, Any]]:
    """Return the incremental stream with ``count`` partitions of a page of full records."""
    (tiny,) = partitioned_stream(count)
    columns = {**SCHEMA["properties"], "owner": {"type": "integer"}}
    owned = {"path": "0/owned/{partition.owner}", "schema": {**SCHEMA, "properties": columns}}
    return [{**tiny, **owned}]


def owned_streams(count: int) -> Sequence[Mapping[str, Any]]:
    """Return ``count`` incremental streams of a page of full records."""
    return [
        {**contenders.ORDERS, "name": f"orders_{number}", "path": f"0/owned/{number}"}
        for number in range(count)
    ]


def _measure_growth(
    api: Server, folder: Path, series: Series, idle: Measurement
) -> Iterator[Figure]:
    base, fewest = 0.0, f"{series.counts[0]:,}"
    for count in series.counts:
        streams = series.streams(count)
        run = measure(contenders.tap(api.address, folder, *streams))
        each = (run.seconds - idle.seconds) / count
        base = base or each
        above = max(0, run.peak_bytes - idle.peak_bytes) / 1e6
        detail = f"{each * 1000:.2f} ms each, {above:.0f} MB above an idle tap"
        name = f"{count:,} {series.name}"
        yield Figure(PART, name, each / base, f"times each of {fewest}", detail)


def _measure_states(api: Server, folder: Path, series: Series) -> Iterator[Figure]:
    output = folder / "output.jsonl"
    for count in series.counts:
        measure(contenders.tap(api.address, folder, *series.streams(count)), output=output)
        with output.open("rb") as lines:
            lengths = [(len(line), line.startswith(b'{"type":"STATE"')) for line in lines]
        states, total = [n for n, is_state in lengths if is_state], sum(n for n, _ in lengths)
        detail = f"{len(states)} messages, the last one {states[-1] / total:.1%} of the output"
        name = f"STATE of {count:,} {series.name}"
        yield Figure(PART, name, sum(states) / total, "of the output", detail)
