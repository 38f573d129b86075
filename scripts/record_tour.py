"""`make recording`: run the tour of README.md and draw its output as docs/tour.svg.

The commands and their output are real. The recording leaves out `meltano install`, Meltano's own
log lines and timestamps, and shortens pauses. It uses the plugins of `make demo`, not the network.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "docs" / "tour.svg"
PLUGINS = ROOT / ".meltano"
BINS = (ROOT / ".demo/venv/bin", PLUGINS / "extractors/tap-oauth2-generic/venv/bin")
FENCE = re.compile(
    r"<!-- (?P<note>[^\n]+) -->\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
COMMAND = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[\w+ *\] (?P<plugin>\S+) +(?P<message>.*)")
NOISE = re.compile("METRIC|tap-oauth2-generic v")
TITLE = "<title>A terminal recording of the tour in README.md</title>"
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
    """Record the tour in a temporary folder."""
    tour = (ROOT / "README.md").read_text().split("<!-- tour -->")[1].split("<!-- /tour -->")[0]
    with tempfile.TemporaryDirectory() as name:
        RECORDING.write_text(svg([*record(tour, Path(name))]))


def record(tour: str, folder: Path) -> Iterator[Shown]:
    """Run the commands of the tour and yield their lines."""
    port = free_port()
    for block in FENCE.finditer(tour):
        if block["note"].startswith("file: "):
            path = folder / block["note"].removeprefix("file: ")
            path.write_text(block["text"].replace("8765", port))
    link_plugins(folder)
    environment = environment_for(folder)
    demo, *commands = COMMAND.findall(tour)
    now = AFTER_PROMPT
    with running(f"exec {demo} --port {port}", folder, environment) as server:
        try:
            if server.stdout is None or not server.stdout.readline():
                sys.exit("the demo API did not start")
            for command in commands:
                if command == "meltano install":
                    continue
                yield from (Shown(now, text, "command") for text in f"$ {command}".split("\n"))
                now += AFTER_PROMPT
                run = command.replace("8765", port).replace(
                    "meltano run", "meltano run --no-install"
                )
                for waited, text in output(run, folder, environment):
                    now += min(waited, LONGEST_PAUSE)
                    yield Shown(now, text.replace(port, "8765"), "output")
                now += LONGEST_PAUSE
        finally:
            server.terminate()


def output(command: str, folder: Path, environment: dict[str, str]) -> Iterator[tuple[float, str]]:
    """Run a command; yield its lines, each with the seconds that it took."""
    with running(command, folder, environment) as process:
        before = time.monotonic()
        for line in process.stdout or ():
            found = LOG_LINE.match(line)
            text = f"{found['plugin']} {found['message']}" if found else line.rstrip()
            is_noise = found and (found["plugin"] == "meltano" or NOISE.match(found["message"]))
            if text and not is_noise:
                yield time.monotonic() - before, text
                before = time.monotonic()
    if process.returncode:
        sys.exit(f"failed: {command}")


def running(command: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command of the tour."""
    return subprocess.Popen(  # nosec B603 # commands of README.md
        ["/bin/bash", "-c", command], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def link_plugins(folder: Path) -> None:
    """Let the project use the plugins that `make demo` installed."""
    for plugin in ("extractors/tap-oauth2-generic", "loaders/target-duckdb"):
        link = folder / ".meltano" / plugin
        link.parent.mkdir(parents=True)
        link.symlink_to(PLUGINS / plugin)


def environment_for(folder: Path) -> dict[str, str]:
    """Return the environment of the commands, without settings of the caller."""
    ours = ("TAP_OAUTH2_GENERIC_", "TARGET_DUCKDB_", "MELTANO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = os.pathsep.join([*map(str, BINS), os.environ["PATH"]])
    added = {"PATH": path, "XDG_STATE_HOME": str(folder / "state"), "NO_PROXY": "127.0.0.1"}
    return kept | added | {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


def free_port() -> str:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


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
