"""Read and write figures in docs, between the markers of their name."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PERFORMANCE = ROOT / "docs" / "explanation" / "performance.md"
#: The name of the table of all speed figures.
SPEED = "speed"
README = ROOT / "README.md"
SOAK = ROOT / "docs" / "explanation" / "soak-and-fuzz.md"


def markers(name: str) -> tuple[str, str]:
    """Return the markers around the figures of a name."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def get(name: str, path: Path) -> str:
    """Return the text between its markers in a page."""
    begin, end = markers(name)
    return path.read_text().split(begin, 1)[1].split(end, 1)[0]


def put(name: str, text: str, path: Path) -> None:
    """Write text between its markers in a page."""
    begin, end = markers(name)
    whole = path.read_text()
    before, rest = whole.split(begin, 1)
    _, after = rest.split(end, 1)
    path.write_text(f"{before}{begin}{text}{end}{after}")


def machine() -> str:
    """Return the Python version and machine of a run."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
