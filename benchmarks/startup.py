"""Start-up time relative to the import of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import measure, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = "start-up"
OF_IMPORT = "times `import singer_sdk`"
IMPORT = ("-c", "import singer_sdk")
VERSION = (*contenders.TAP, "--version")


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure all three in turn, and keep the shortest of each."""
    imported, versions, requests = [], [], []
    with server(records=1) as api:
        tap = contenders.tap(api.address, folder, contenders.TINY)
        for _ in range(size.rounds * 3):
            imported.append(measure(IMPORT).seconds)
            versions.append(measure(VERSION).seconds)
            # A stored token would save this run its first request.
            (folder / "tokens.sqlite").unlink(missing_ok=True)
            started_at = measure(tap).started_at
            requests.append(api.counters()["first_request_at"] - started_at)
    least = min(imported)
    for name, seconds in (("--version", min(versions)), ("first request", min(requests))):
        detail = f"{seconds * 1000:.0f} ms; the import alone {least * 1000:.0f} ms"
        yield Figure(PART, name, seconds / least, OF_IMPORT, detail)
