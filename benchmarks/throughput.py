"""Many full records on every path: wall time to the limit, memory to an idle tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import contenders, equality
from benchmarks.pairs import Pair, measure_pairs, most_memory
from benchmarks.paths import FULL_READ, INCREMENTAL, paths
from benchmarks.processes import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as Folder

    from benchmarks.figures import Figure, Size
    from benchmarks.paths import Path

PART = "throughput"
TEMPLATE = "tap of the SDK's template"


def figures(size: Size, folder: Folder) -> Iterator[Figure]:
    """Check that all deliver the same rows, then measure each right after the limit."""
    equality.check_template(folder)
    equality.check(paths(), folder)
    with server(size.records) as api:
        idle_bytes = contenders.idle_bytes(api.address, folder)
        pairs = _pairs(api.address, folder)
        limit = contenders.limit(api.address)
        template = contenders.template_tap(api.address, folder)
        others = measure_pairs({TEMPLATE: Pair(limit, template)}, min(size.rounds, 2))
        measured = measure_pairs(pairs, size.rounds)
    for name, result in (measured | others).items():
        yield result.figure(PART, name)
    yield from _large(size, folder)
    yield most_memory(measured, idle_bytes, "all paths")


def _pairs(address: str, folder: Folder) -> dict[str, Pair]:
    """Return all paths, each with a folder of its own."""
    return {
        path.name: Pair(path.limit(address), path.tap(address, folder / str(number)))
        for number, path in enumerate(paths())
    }


def large_name(path: Path, size: Size) -> str:
    """Return the name of a path over many records."""
    return f"{path.name}, {size.many_records:,} records"


def _large(size: Size, folder: Folder) -> Iterator[Figure]:
    """Measure the straight paths over so many records that start-up is no part of it."""
    with server(size.many_records) as api:
        pairs = {
            large_name(path, size): Pair(
                path.limit(api.address), path.tap(api.address, folder / f"large-{path.name}")
            )
            for path in (FULL_READ, INCREMENTAL)
        }
        for name, result in measure_pairs(pairs, size.rounds).items():
            yield result.figure(PART, name)
