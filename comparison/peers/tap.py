"""This tap, run by its command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from comparison.peer import Task, singer_rows, singer_state, write_json

TITLE = "This tap"
PACKAGE = "tap-oauth2-generic"
PYTHON = Path(sys.executable)

rows = singer_rows


def command(task: Task) -> Sequence[str | Path]:
    """Return the command with its configuration, which a target's last STATE joins."""
    config = write_json(task.folder / "config.json", yaml.safe_load(task.configuration.read_text()))
    return [PYTHON, "-m", "tap_oauth2_generic", "--config", config, *singer_state(task)]
