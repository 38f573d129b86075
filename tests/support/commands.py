"""Run a command of the project as a process, as a user does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 60


def write_config(folder: Path, config: Any) -> Path:
    """Write a configuration file and return its path."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def run_module(module: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a module of the package to its end; ``options`` are those of ``subprocess.run``."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "timeout": TIMEOUT_SECONDS, **options}
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)
