"""How long a user waits before anything happens, compared with the import of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import measured, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = "start-up"
OF_IMPORT = "times `import singer_sdk`"
IMPORT = ("-c", "import singer_sdk")
VERSION = (*contenders.TAP, "--version")


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Alternate all three, so that they meet the same machine; the shortest of each counts."""
    imported, versions, requests = [], [], []
    with server(records=1) as api:
        tap = contenders.tap(api.address, folder, contenders.TINY)
        for _ in range(size.rounds * 3):
            imported.append(measured(IMPORT).seconds)
            versions.append(measured(VERSION).seconds)
            # A token stored by an earlier run would save this one its first request.
            (folder / "tokens.sqlite").unlink(missing_ok=True)
            started_at = measured(tap).started_at
            requests.append(api.counters()["first_request_at"] - started_at)
    least = min(imported)
    for name, seconds in (("--version", min(versions)), ("first request", min(requests))):
        detail = f"{seconds * 1000:.0f} ms; the import alone {least * 1000:.0f} ms"
        yield Figure(PART, name, seconds / least, OF_IMPORT, detail)
