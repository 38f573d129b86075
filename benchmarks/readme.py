"""Where figures stand in README.md: between the markers of their name. Knows no figure."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"


def markers(name: str) -> tuple[str, str]:
    """Give what stands before and after the figures of a name."""
    return f"<!-- {name} -->\n", f"<!-- /{name} -->\n"


def put(name: str, text: str, path: Path = README) -> None:
    """Put a text between its markers."""
    begin, end = markers(name)
    whole = path.read_text()
    before, rest = whole.split(begin, 1)
    _, after = rest.split(end, 1)
    path.write_text(f"{before}{begin}{text}{end}{after}")


def machine() -> str:
    """Say what a run was made on, so far as it bears on its figures."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
