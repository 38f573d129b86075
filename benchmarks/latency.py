"""Concurrent requests over a network of 20 ms, and to an API that takes 100 ms for each page.

Times run from the first page request to the end of the process; start-up is measured separately.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Server, measure, server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PART = "latency"
LATENCY_MS = 100
PAGE_SIZE = 200
IN_FLIGHT = 8
# Times as many pages over the network, where each takes less.
MORE_PAGES = 4
OF_SEQUENTIAL = "of the sequential time"
OF_LONGER = "times the slower of the two alone"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure paging with predictable requests, then with tokens from each response."""
    count = size.delayed_pages
    pages = count * MORE_PAGES
    with (
        server(pages * PAGE_SIZE, PAGE_SIZE) as api,
        serving("benchmarks.network", api=api.address) as network,
    ):
        for name, streams in known_ahead(pages).items():
            yield _concurrent(api, network.address, folder, name, streams)
    with server(count // 2 * PAGE_SIZE, PAGE_SIZE) as api:
        for name in ("cursor", "next_url"):
            yield _overlap(api, folder, name)


def known_ahead(count: int) -> dict[str, list[dict[str, Any]]]:
    """Return the streams with predictable requests, each of ``count`` pages."""
    tiny = {**contenders.TINY, "name": "owned"}
    path = "0/tiny/1"
    partitions = [{"owner": number} for number in range(count)]
    owners = contenders.owners(count)
    parent = {"stream": "owners", "keys": {"owner": "id"}}
    return {
        "page_number": [paged_stream("page_number", 0)],
        "offset": [paged_stream("offset", 0)],
        "partitions": [{**tiny, "path": f"{path}/{{partition.owner}}", "partitions": partitions}],
        "children": [owners, {**tiny, "path": f"{path}/{{parent.owner}}", "parent": parent}],
    }


def paged_stream(style: str, latency_ms: int) -> dict[str, Any]:
    """Return the stream of full records in one style."""
    path, pagination = f"{latency_ms}/orders", contenders.STYLES[style]
    return {**contenders.ORDERS, "path": path, "pagination": pagination}


def _concurrent(
    api: Server, address: str, folder: Path, name: str, streams: Sequence[Mapping[str, Any]]
) -> Figure:
    alone, several = (
        _read(api, contenders.tap(address, folder, *streams, max_in_flight=count))
        for count in (1, IN_FLIGHT)
    )
    detail = f"{several:.2f} s of {alone:.2f} s"
    return Figure(PART, name, several / alone, OF_SEQUENTIAL, detail)


def _overlap(api: Server, folder: Path, style: str) -> Figure:
    """Compare a slow API with a slow loader to each of the two alone."""
    delayed = contenders.tap(api.address, folder / "delayed", paged_stream(style, LATENCY_MS))
    prompt = contenders.tap(api.address, folder / "prompt", paged_stream(style, 0))
    output = folder / "output.jsonl"
    fetched = _read(api, delayed, output=output)
    rate = output.stat().st_size / fetched
    emitted = _read(api, prompt, bytes_per_second=rate)
    both = _read(api, delayed, bytes_per_second=rate)
    longer = max(fetched, emitted)
    detail = f"{both:.2f} s; fetching {fetched:.2f} s, a loader as slow {emitted:.2f} s"
    return Figure(PART, style, both / longer, OF_LONGER, detail)


def _read(api: Server, arguments: Sequence[str], **how: Any) -> float:
    """Return the seconds from the first page request to the end."""
    api.counters()
    run = measure(arguments, **how)
    first_page_at: float = api.counters()["first_page_at"]
    return run.ended_at - first_page_at
