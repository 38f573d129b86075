"""This tap, run by its command."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from comparison.peer import Task, singer_rows, singer_state, write_json
from comparison.scenario import Row

TITLE = "This tap"
PACKAGE = "tap-oauth2-generic"
PYTHON = Path(sys.executable)
#: Names of the columns for values that fit no other: `x__string`, docs/guides/schemas.md.
VARIANTS = ("number", "string", "boolean", "object", "array")


def command(task: Task) -> Sequence[str | Path]:
    """Return the command with its configuration, which a target's last STATE joins."""
    config = write_json(task.folder / "config.json", yaml.safe_load(task.configuration.read_text()))
    return [PYTHON, "-m", "tap_oauth2_generic", "--config", config, *singer_state(task)]


def rows(task: Task) -> Iterator[tuple[str, Row]]:
    """Yield the records, values of variant columns back in their field."""
    for stream, record in singer_rows(task):
        joined: Row = {}
        for name, value in record.items():
            field, _, variant = name.rpartition("__")
            if variant not in VARIANTS:
                joined.setdefault(name, value)
            elif value is not None:
                joined[field] = value
        yield stream, joined
