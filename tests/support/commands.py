"""Run the program as a process, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

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


def send_signal(process: subprocess.Popen[Any], signum: int, *, times: int = 1) -> None:
    """Send a signal to a process that waits in a system call.

    Python notices one that arrives just before the call only when that returns.
    """
    stat = Path(f"/proc/{process.pid}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.001)
    for _ in range(times):
        process.send_signal(signum)


def error_lines(errors: str) -> list[str]:
    """Return the lines about errors, logged or from the command line's parser."""
    starts = ("ERROR", "Error")
    return [line for line in errors.splitlines() if "| ERROR" in line or line.startswith(starts)]
