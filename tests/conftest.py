"""What tests share: a scripted API, the tap run as a user runs it, and what came of it."""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_oauth2_generic.__main__ import run as run_tap
from tests.support.server import ApiServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Run:
    """What one run of the tap left: exit status, standard output and standard error."""

    status: int
    output: str
    errors: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        lines = self.output.splitlines()  # as a careless reader would
        return [json.loads(line, parse_float=Decimal) for line in lines]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [
            m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream
        ]

    def schemas(self, stream: str) -> list[dict[str, Any]]:
        return [
            m["schema"] for m in self.messages if m["type"] == "SCHEMA" and m["stream"] == stream
        ]

    @property
    def state(self) -> dict[str, Any]:
        return [m["value"] for m in self.messages if m["type"] == "STATE"][-1]

    def bookmark(self, stream: str) -> Any:
        return self.state["bookmarks"].get(stream, {}).get("replication_key_value")

    @property
    def error_lines(self) -> list[str]:
        """The lines at ERROR, without the time and the logger's name."""
        found = [line for line in self.errors.splitlines() if "| ERROR" in line]
        return [line.split("|", 3)[3].strip() for line in found]

    @property
    def warnings(self) -> list[str]:
        found = [line for line in self.errors.splitlines() if "| WARNING" in line]
        return [line.split("|", 3)[3].strip() for line in found]


class SleepingClock:
    """A clock that only sleeping moves; ``waits`` are the seconds it was asked to sleep."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> SleepingClock:
    return SleepingClock()


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def own_address() -> str:
    """Give an address of this machine that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address beside loopback")
        return str(probe.getsockname()[0])


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep each test's tokens to itself, and the machine's proxies out."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"


@pytest.fixture
def tap(tmp_path: Path, capfdbinary: Any) -> Iterator[Callable[..., Run]]:
    """Run the tap's command with a configuration, and optionally a state and a catalog."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.excepthook

    def run(config: dict[str, Any], *options: str, **files: Any) -> Run:
        arguments = ["--config", _file(tmp_path / "config.json", config), *options]
        for option, content in files.items():
            arguments += [f"--{option}", _file(tmp_path / f"{option}.json", content)]
        capfdbinary.readouterr()
        try:
            status = run_tap(arguments)
        finally:
            logging.getLogger().handlers[:] = [
                handler
                for handler in logging.getLogger().handlers
                if type(handler) is not logging.StreamHandler
            ]
            logging.captureWarnings(capture=False)
        output, errors = capfdbinary.readouterr()
        return Run(status, output.decode(), errors.decode())

    yield run
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])
    sys.excepthook = before[2]


def _file(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, default=str))
    return str(path)
