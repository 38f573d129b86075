"""A tap made from the Singer SDK's cookiecutter template, finished for each scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from comparison.peer import ENVIRONMENTS, Task, singer_rows, singer_state, write_json
from comparison.world import CLIENT_SECRET

TITLE = "SDK template"
PACKAGE = "singer-sdk"
PYTHON = ENVIRONMENTS / "template" / "bin" / "python"

rows = singer_rows


def command(task: Task) -> Sequence[str | Path]:
    """Return the tap, which is Python, with its connection as configuration."""
    settings = {"api_url": task.api, "client_id": "comparison", "client_secret": CLIENT_SECRET}
    config = write_json(task.folder / "config.json", settings)
    return [PYTHON, task.configuration, "--config", config, *singer_state(task)]
