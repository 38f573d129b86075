"""An API that takes 100 ms for each page: what concurrent requests save.

Times run from the first page request to the end of the process; start-up is measured separately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Server, measured, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PART = "latency"
LATENCY_MS = 100
PAGE_SIZE = 200
IN_FLIGHT = 8
OF_SEQUENTIAL = "of the sequential time"
OF_LONGER = "times the slower of the two alone"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure reads whose next request is known ahead, then reads whose responses name it."""
    count = size.delayed_pages
    with server(count * PAGE_SIZE, PAGE_SIZE) as api:
        for name, streams in known_ahead(count).items():
            yield _several_at_once(api, folder, name, streams)
    with server(count // 2 * PAGE_SIZE, PAGE_SIZE) as api:
        for name in ("cursor", "next_url"):
            yield _overlapped(api, folder, name)


def known_ahead(count: int) -> dict[str, list[dict[str, Any]]]:
    """Return the streams with so many pages, by how their next request is known."""
    tiny = {**contenders.TINY, "name": "owned"}
    path = f"{LATENCY_MS}/tiny/1"
    partitions = [{"owner": number} for number in range(count)]
    owners = {
        "name": "owners",
        "path": f"{LATENCY_MS}/owners/{count}",
        "records_path": "data",
        "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    }
    parent = {"stream": "owners", "keys": {"owner": "id"}}
    return {
        "page_number": [paged("page_number", LATENCY_MS)],
        "offset": [paged("offset", LATENCY_MS)],
        "partitions": [{**tiny, "path": f"{path}/{{partition.owner}}", "partitions": partitions}],
        "children": [owners, {**tiny, "path": f"{path}/{{parent.owner}}", "parent": parent}],
    }


def paged(style: str, latency_ms: int) -> dict[str, Any]:
    """Return the stream of full records in one style."""
    path, pagination = f"{latency_ms}/orders", contenders.STYLES[style]
    return {**contenders.ORDERS, "path": path, "pagination": pagination}


@dataclass(frozen=True)
class Read:
    """One read: its seconds, and its most concurrent requests."""

    seconds: float
    most_under_way: int


def _several_at_once(
    api: Server, folder: Path, name: str, streams: Sequence[Mapping[str, Any]]
) -> Figure:
    alone, several = (
        _read(api, contenders.tap(api.address, folder, *streams, max_in_flight=count))
        for count in (1, IN_FLIGHT)
    )
    counts = f"at most {several.most_under_way} concurrent, {alone.most_under_way} with 1"
    detail = f"{several.seconds:.2f} s of {alone.seconds:.2f} s; {counts}"
    return Figure(PART, name, several.seconds / alone.seconds, OF_SEQUENTIAL, detail)


def _overlapped(api: Server, folder: Path, style: str) -> Figure:
    """Compare a delayed API before a slow reader with each of the two alone."""
    delayed = contenders.tap(api.address, folder / "delayed", paged(style, LATENCY_MS))
    prompt = contenders.tap(api.address, folder / "prompt", paged(style, 0))
    output = folder / "output.jsonl"
    fetched = _read(api, delayed, output=output)
    rate = output.stat().st_size / fetched.seconds
    emitted = _read(api, prompt, bytes_per_second=rate)
    both = _read(api, delayed, bytes_per_second=rate)
    longer = max(fetched.seconds, emitted.seconds)
    detail = f"{both.seconds:.2f} s; fetching {fetched.seconds:.2f} s, "
    detail += f"a loader as slow {emitted.seconds:.2f} s"
    return Figure(PART, style, both.seconds / longer, OF_LONGER, detail)


def _read(api: Server, arguments: Sequence[str], **how: Any) -> Read:
    api.counters()
    run = measured(arguments, **how)
    counted = api.counters()
    return Read(run.ended_at - counted["first_page_at"], counted["most_under_way"])
