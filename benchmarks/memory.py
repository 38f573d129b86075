"""Peak memory of large pages in a row above an idle tap, in sizes of one: 100 MB in a full run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

from benchmarks import contenders, paths
from benchmarks.figures import Figure, Size
from benchmarks.processes import measure, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = "memory"
_PAGES = 3
# Its values are strings, and one page of it takes longer than three of JSON.
_XML = {
    "response_format": "xml",
    "records_path": "order",
    "pagination": {"style": "none"},
    "schema": None,
}


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Read the pages of each format."""
    with server(_PAGES * size.page_records, size.page_records) as api:
        idle_bytes = contenders.idle_bytes(api.address, folder)
        for name, path, arguments in runs(api.address, folder):
            page_bytes = _length(f"{api.address}/{path}?page=1")
            above = measure(arguments).peak_bytes - idle_bytes
            detail = f"{above / 1e6:.0f} MB above an idle tap for {page_bytes / 1e6:.0f} MB"
            yield Figure(
                PART, f"a large page, {name}", above / page_bytes, "times the page", detail
            )


def runs(address: str, folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what is read, the path of its page, not compressed, and the arguments of the tap."""
    names = "incremental", "incremental, schema inferred", "keep", "CSV", "JSON Lines"
    for path in paths.paths():
        if path.name in names:
            yield path.name, path.reads[0], path.tap(address, folder / path.name)
    paged = {"pagination": {"style": "page_number"}}
    for name, read, more in (
        ("gzip", "0/zipped", {}),
        ("JSON with spaces", "0/orders.json", paged),
        ("XML", "0/orders.xml", _XML),
    ):
        sent = contenders.ORDERS_PATH if name == "gzip" else read
        stream = {**contenders.ORDERS, "path": read, **more}
        yield name, sent, contenders.tap(address, folder / name, stream)


def _length(url: str) -> int:
    opener = build_opener(ProxyHandler({}))
    with opener.open(url, timeout=60) as response:
        return int(response.headers["Content-Length"])
