"""`make recording`: run the commands for the demo of README.md and draw them as docs/tour.svg.

The commands and their output are real; pauses are shortened.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "docs" / "tour.svg"
COMMAND = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)
TITLE = "<title>A terminal recording of make demo</title>"
COLUMNS = 118
LONGEST_PAUSE, AFTER_PROMPT = 1.2, 0.8  # seconds in the recording
CHARACTER, LINE, MARGIN = 7.8, 20, 18  # pixels
STYLE = """text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#d7e1e5;white-space:pre}
.command{fill:#ffffff;font-weight:600}.page{fill:#16232b}text{animation:hidden 0s step-end}
@keyframes hidden{from,to{opacity:0}}@media(prefers-reduced-motion:reduce){text{animation:none}}"""


class Shown(NamedTuple):
    """One line of the recording, the second at which it appears, and its style."""

    at: float
    text: str
    kind: str


def main() -> None:
    """Record the commands of the section in this folder."""
    section = (ROOT / "README.md").read_text().split("<!-- demo -->")[1].split("<!-- /demo -->")[0]
    RECORDING.write_text(svg([*record(section)]))


def record(section: str) -> Iterator[Shown]:
    """Run the commands and yield their lines."""
    now = AFTER_PROMPT
    for command in COMMAND.findall(section):
        yield from (Shown(now, text, "command") for text in f"$ {command}".split("\n"))
        now += AFTER_PROMPT
        if not command.startswith("cd "):
            for waited, text in output(command):
                now += min(waited, LONGEST_PAUSE)
                yield Shown(now, text, "output")
            now += LONGEST_PAUSE


def output(command: str) -> Iterator[tuple[float, str]]:
    """Run a command; yield its lines, each with the seconds that it took."""
    # As if this make had not started that one, which would name its folder.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**kept, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # nosec B603 # commands of README.md
        ["/bin/bash", "-c", command], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        before = time.monotonic()
        for line in process.stdout or ():
            if text := line.rstrip():
                yield time.monotonic() - before, text
                before = time.monotonic()
    if process.returncode:
        sys.exit(f"failed: {command}")


def svg(lines: list[Shown]) -> str:
    """Draw the lines; each is hidden until its time, and without animation all are visible."""
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    drawn = [
        f'<text class="{line.kind}" x="{MARGIN}" y="{MARGIN + 13 + number * LINE}"'
        f' style="animation-duration:{line.at:.2f}s">{escape(line.text[:COLUMNS])}</text>'
        for number, line in enumerate(lines)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{TITLE}'
    page = f'<rect class="page" width="{width}" height="{height}" rx="8"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", page, *drawn, "</svg>", ""])


if __name__ == "__main__":
    main()
