"""dlt's `rest_api` source, loaded into DuckDB.

dlt appends, so that rows delivered twice can be counted; by default a merge would fold them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from comparison.peer import ENVIRONMENTS, PROGRAMS, Task
from comparison.scenario import Row

TITLE = "dlt `rest_api`"
PACKAGE = "dlt"
PYTHON = ENVIRONMENTS / "dlt" / "bin" / "python"
PIPELINE = PROGRAMS / "dlt_pipeline.py"


def command(task: Task) -> Sequence[str | Path]:
    """Return the script that runs a pipeline with the configuration."""
    return [PYTHON, PIPELINE, "run", task.configuration]


def rows(task: Task) -> Iterator[tuple[str, Row]]:
    """Yield what the run loaded, read from the tables."""
    arguments = [str(PYTHON), str(PIPELINE), "show", str(task.folder)]
    shown = subprocess.check_output(arguments, cwd=task.folder)  # nosec B603
    before = {load for run in range(1, task.run) for load in _loads(task.folder, run)}
    loads = set()
    for line in shown.splitlines():
        found = json.loads(line, parse_float=Decimal)
        loads.add(found["load"])
        if found["load"] not in before:
            yield found["stream"], found["row"]
    (task.folder / f"loads-{task.run}.json").write_text(json.dumps(sorted(loads)))


def _loads(folder: Path, run: int) -> list[str]:
    found: list[str] = json.loads((folder / f"loads-{run}.json").read_text())
    return found
