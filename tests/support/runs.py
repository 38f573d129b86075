"""Run the tap's command inside the test process, and read its output."""

from __future__ import annotations

import json
import logging
import signal
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.__main__ import run as run_tap

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Run:
    """One run of the tap: exit status, standard output and standard error."""

    status: int
    output: str
    errors: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        lines = self.output.splitlines()  # as a careless reader would
        return [json.loads(line, parse_float=Decimal) for line in lines]

    def records(self, stream: str = "items") -> list[dict[str, Any]]:
        return [
            m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream
        ]

    def ids(self, stream: str = "items") -> list[Any]:
        return [record["id"] for record in self.records(stream)]

    def schemas(self, stream: str = "items") -> list[dict[str, Any]]:
        return [
            m["schema"] for m in self.messages if m["type"] == "SCHEMA" and m["stream"] == stream
        ]

    @property
    def states(self) -> list[dict[str, Any]]:
        return [m["value"] for m in self.messages if m["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1]

    def bookmark(self, stream: str = "items") -> Any:
        return self.state["bookmarks"].get(stream, {}).get("replication_key_value")

    def partitions(self, stream: str) -> list[dict[str, Any]]:
        """Return the bookmarks of a stream's partitions in the last STATE."""
        return self.state["bookmarks"].get(stream, {}).get("partitions", [])

    @property
    def error_lines(self) -> list[str]:
        """Messages logged at ERROR, without time and logger name."""
        return self._logged("ERROR")

    @property
    def warnings(self) -> list[str]:
        return self._logged("WARNING")

    def _logged(self, level: str) -> list[str]:
        found = [line for line in self.errors.splitlines() if f"| {level}" in line]
        return [line.split("|", 3)[3].strip() for line in found]


class TapRunner:
    """The fixture ``tap``: run the tap with a configuration, and optionally state and catalog.

    ``tap(config)`` returns a run of any status, ``tap.ok(config)`` requires exit status 0.
    """

    def __init__(self, folder: Path, captured: Any) -> None:
        self._folder = folder
        self._captured = captured

    def __call__(self, config: dict[str, Any], *options: str, **files: Any) -> Run:
        arguments = ["--config", self._write("config.json", config), *options]
        for option, content in files.items():
            arguments += [f"--{option}", self._write(f"{option}.json", content)]
        return self.run(arguments)

    def run(self, arguments: list[str]) -> Run:
        """Run the program with these arguments."""
        self._captured.readouterr()
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.excepthook
        try:
            status = run_tap(arguments)
        finally:
            _restore(*before)
        output, errors = self._captured.readouterr()
        return Run(status, output.decode(), errors.decode())

    def ok(self, config: dict[str, Any], *options: str, **files: Any) -> Run:
        """Run the tap and assert that it succeeds."""
        run = self(config, *options, **files)
        assert run.status == 0, run.errors
        return run

    def _write(self, name: str, content: Any) -> str:
        path = self._folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, default=str))
        return str(path)


def _restore(on_interrupt: Any, on_term: Any, excepthook: Any) -> None:
    """Undo what the command sets for its whole process."""
    signal.signal(signal.SIGINT, on_interrupt)
    signal.signal(signal.SIGTERM, on_term)
    sys.excepthook = excepthook
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if type(h) is not logging.StreamHandler]
    logging.captureWarnings(capture=False)
