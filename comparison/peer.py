"""Run a tool in a scenario: its configuration with the servers' addresses, its process, its rows.

A tool is one module of ``comparison.peers`` with the names of ``Peer``, and one configuration for
each scenario: ``configurations/SCENARIO/TOOL.*``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from comparison.scenario import Row, Scenario
from comparison.verdict import Delivery, Verdict, judge
from comparison.world import World, open_world

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATIONS = Path(__file__).resolve().parent / "configurations"
#: Where each tool has an environment of its own.
ENVIRONMENTS = ROOT / ".compare"
PROGRAMS = Path(__file__).resolve().parent / "programs"
LONGEST_SECONDS = 120
#: The suffix of a file that says why a tool has no configuration for a scenario.
NOT_POSSIBLE = ".not-possible.md"


@dataclass(frozen=True)
class Task:
    """One run of a tool; the folder is empty at first and kept between runs."""

    folder: Path
    #: The tool's configuration of the scenario, addresses filled in.
    configuration: Path
    #: The address of the API.
    api: str
    run: int

    @property
    def output(self) -> Path:
        """Standard output of this run."""
        return self.folder / f"run-{self.run}.out"

    @property
    def log(self) -> Path:
        """Standard error of this run."""
        return self.folder / f"run-{self.run}.log"


class Peer(Protocol):
    """What a module of ``comparison.peers`` has."""

    #: Heading of its column.
    TITLE: str
    #: Its package, whose version the page shows.
    PACKAGE: str
    #: The Python of its environment.
    PYTHON: Path

    def command(self, task: Task) -> Sequence[str | Path]:
        """Return the arguments of the process of a run."""

    def rows(self, task: Task) -> Iterator[tuple[str, Row]]:
        """Yield the stream and the row of everything that the run delivered."""


def name(peer: Peer) -> str:
    """Return the name of a peer's module, which its configurations have too."""
    return str(peer.__name__).rsplit(".", 1)[-1]  # type: ignore[attr-defined]


def version(peer: Peer) -> str:
    """Return the version that is installed."""
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    command = [str(peer.PYTHON), "-c", code, peer.PACKAGE]
    return subprocess.check_output(command, text=True).strip()  # nosec B603


def configuration(peer: Peer, scenario: type[Scenario]) -> Path:
    """Return the configuration, or the file that says why there is none."""
    found = sorted((CONFIGURATIONS / scenario.name).glob(f"{name(peer)}.*"))
    if len(found) != 1:
        raise FileNotFoundError(f"{scenario.name}: {name(peer)} needs one configuration")
    return found[0]


def compare(peer: Peer, scenario: type[Scenario], folder: Path) -> Verdict | None:
    """Run a tool in a scenario as often as it takes; None if that is not possible."""
    source = configuration(peer, scenario)
    if source.name.endswith(NOT_POSSIBLE):
        return None
    folder.mkdir(parents=True)
    with open_world() as world:
        acted = scenario(world)
        target = folder / f"configuration{source.suffix}"
        target.write_text(_fill(source.read_text(), world, folder))
        deliveries = []
        for run in range(1, scenario.runs + 1):
            acted.before(run)
            deliveries.append(_run(peer, Task(folder, target, world.api.url, run), world))
        return judge(acted, deliveries)


def _fill(text: str, world: World, folder: Path) -> str:
    """Replace the addresses that configurations use."""
    for placeholder, value in (
        ("${API}", world.api.url),
        ("${FOREIGN}", world.foreign_url),
        ("${FOLDER}", str(folder)),
    ):
        text = text.replace(placeholder, value)
    return text


def _run(peer: Peer, task: Task, world: World) -> Delivery:
    world.start_run()
    with task.output.open("wb") as output, task.log.open("wb") as log:
        process = subprocess.Popen(  # nosec B603 # the tools to compare
            [str(argument) for argument in peer.command(task)],
            cwd=task.folder,
            env=_environment(task.folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            start_new_session=True,
        )
        status = _wait(process, world)
    return Delivery(list(peer.rows(task)), status)


def _wait(process: subprocess.Popen[bytes], world: World) -> int | None:
    """Return the exit status; None if the scenario or the time had the process killed."""
    ends_at = time.monotonic() + LONGEST_SECONDS
    while process.poll() is None:
        if world.kill.wait(0.05) or time.monotonic() > ends_at:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            world.killed.set()
            return None
    return process.returncode


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment without variables that would change a tool; its home is the folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(folder), "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}


def read_messages(path: Path, **options: Any) -> Iterator[dict[str, Any]]:
    """Yield lines of JSON; a killed process may have cut the last one."""
    for line in path.read_bytes().splitlines():
        try:
            yield json.loads(line, **options)
        except ValueError:
            return


def singer_rows(task: Task) -> Iterator[tuple[str, Row]]:
    """Yield stream and record of each RECORD message."""
    for message in read_messages(task.output, parse_float=Decimal):
        if message["type"] == "RECORD":
            yield message["stream"], message["record"]


def singer_state(task: Task) -> list[str]:
    """Return the option with the last STATE of the runs before, as a target would keep it."""
    for run in range(task.run - 1, 0, -1):
        before = replace(task, run=run)
        found = [m["value"] for m in read_messages(before.output) if m["type"] == "STATE"]
        if found:
            path = task.folder / f"state-{task.run}.json"
            path.write_text(json.dumps(found[-1]))
            return ["--state", str(path)]
    return []


def write_json(path: Path, content: Any) -> Path:
    """Write a file, and return its path."""
    path.write_text(json.dumps(content, indent=2))
    return path
