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
SHOWN = ("--version", "--help")


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure all in turn, and keep the shortest of each."""
    imported: list[float] = []
    found: dict[str, list[float]] = {name: [] for name in (*SHOWN, "first request")}
    with server(records=1) as api:
        tap = contenders.tap(api.address, folder, contenders.TINY)
        for _ in range(size.rounds * 3):
            imported.append(measure(IMPORT).seconds)
            for option in SHOWN:
                found[option].append(measure((*contenders.TAP, option)).seconds)
            # A stored token would save this run its first request.
            (folder / "tokens.sqlite").unlink(missing_ok=True)
            started_at = measure(tap).started_at
            found["first request"].append(api.counters()["first_request_at"] - started_at)
    least = min(imported)
    for name, seconds in found.items():
        detail = f"{min(seconds) * 1000:.0f} ms; the import alone {least * 1000:.0f} ms"
        yield Figure(PART, name, min(seconds) / least, OF_IMPORT, detail)
