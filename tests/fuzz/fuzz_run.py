"""Run one engine on one target for some seconds, in a process of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fuzz.fuzz_targets import ROOT, TARGETS

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / ".fuzz"
ENGINES = {"hypothesis": "engine_hypothesis", "atheris": "engine_atheris"}
# Extra time for a process to start and to finish its last input.
_GRACE_SECONDS = 180
_COVERED = re.compile(r"^#\d+\s+\w+\s+cov: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Figure:
    """The result of one campaign.

    ``branches`` are the edges of the tap's code reached by the initial cases and at the end; only
    atheris counts them.
    """

    engine: str
    target: str
    inputs: int
    seconds: float
    faults: int
    branches: tuple[int, int] | None

    @property
    def line(self) -> str:
        """The result in one line."""
        reached = f", branches {self.branches[0]} to {self.branches[1]}" if self.branches else ""
        rate = self.inputs / max(self.seconds, 1)
        return (
            f"{self.target}, {self.engine}: {self.inputs} inputs in {self.seconds:.0f} s, "
            f"{rate:.0f} a second{reached}; {self.faults} broke a rule"
        )


def campaign(engine: str, target: str, seconds: float) -> Figure:
    """Run an engine on a target; a crash is a fault of its last input."""
    name = target.replace(" ", "-")
    faults, tried = FOLDER / "faults", FOLDER / f"{engine}-{name}.json"
    corpus = FOLDER / "corpus" / name
    for folder in (faults, corpus):
        folder.mkdir(parents=True, exist_ok=True)
    _seed_corpus(target, corpus)
    tried.unlink(missing_ok=True)
    log = FOLDER / f"{engine}-{name}.log"
    command = [sys.executable, "-m", f"tests.fuzz.{ENGINES[engine]}"]
    with log.open("wb") as output:
        try:
            status = subprocess.run(
                [*command, target, f"{seconds:g}", str(corpus), str(tried)],
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=seconds + _GRACE_SECONDS,
            ).returncode
        except subprocess.TimeoutExpired:
            status = None
    if not tried.exists():
        print(f"{engine} on {target} did not start; see {log}", file=sys.stderr)
        return Figure(engine, target, 0, 0, 1, None)
    told = json.loads(tried.read_text())
    if status != 0:
        print(f"{engine} on {target} ended with {status}; see {log}", file=sys.stderr)
        shutil.copy(tried.with_suffix(".last"), faults / f"{name}-{engine}-died.json")
    reached = [int(edges) for edges in _COVERED.findall(log.read_text(errors="replace"))]
    return Figure(
        engine,
        target,
        told["inputs"],
        told["seconds"],
        told["faults"] + (status != 0),
        (reached[0], reached[-1]) if reached else None,
    )


def _seed_corpus(target: str, corpus: Path) -> None:
    """Write the initial cases to the corpus."""
    for number, case in enumerate(TARGETS[target].cases):
        (corpus / f"seed-{number}").write_text(json.dumps(case))
