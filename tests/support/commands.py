"""Run the program as a process, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = [sys.executable, "-m", "tap_oauth2_generic"]
TIMEOUT_SECONDS = 60


def write_config(folder: Path, config: Any) -> Path:
    """Write a configuration file and return its path."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def run_program(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program to its end; ``options`` are those of ``subprocess.run``.

    Without the warnings of Python and of an old SDK, such as the end of life of a Python.
    """
    options = {"stdout": subprocess.PIPE, "timeout": TIMEOUT_SECONDS, **options}
    options["env"] = {**(options.get("env") or os.environ), "PYTHONWARNINGS": "ignore"}
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)


def error_lines(errors: str) -> list[str]:
    """Return the lines about errors, logged or from the command line's parser."""
    starts = ("ERROR", "Error")
    return [line for line in errors.splitlines() if "| ERROR" in line or line.startswith(starts)]
