"""tap-rest-api-msdk, a Singer tap for any REST API, run by its command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from comparison.peer import ENVIRONMENTS, Task, singer_rows, singer_state

TITLE = "tap-rest-api-msdk"
PACKAGE = "tap-rest-api-msdk"
PYTHON = ENVIRONMENTS / "msdk" / "bin" / "python"

rows = singer_rows


def command(task: Task) -> Sequence[str | Path]:
    """Return the command with its configuration, which a target's last STATE joins."""
    program = PYTHON.with_name("tap-rest-api-msdk")
    return [program, "--config", task.configuration, *singer_state(task)]
