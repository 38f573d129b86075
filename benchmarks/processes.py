"""Run and measure contenders as processes, next to the API's process.

Imports the standard library only: a process inherits the peak memory of its parent, so the parent
must stay smaller than any process it measures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

ROOT = Path(__file__).resolve().parent.parent

_LONGEST_SECONDS = 900
# ru_maxrss is in KiB on Linux and in bytes on macOS.
_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class BenchmarkError(Exception):
    """A contender failed; the message ends with its last output."""


@dataclass(frozen=True)
class Measurement:
    """Time and memory of a process, start-up included; ``started_at`` is monotonic."""

    started_at: float
    seconds: float
    peak_bytes: int

    @property
    def ended_at(self) -> float:
        """End of the process by the same clock."""
        return self.started_at + self.seconds


def measure(
    arguments: Sequence[str], *, output: Path | None = None, bytes_per_second: float = 0
) -> Measurement:
    """Run Python with these arguments to its end; raises BenchmarkError.

    Standard output goes to a file or nowhere, or with a rate to a reader of that speed.
    """
    with tempfile.TemporaryFile() as errors, Path(output or os.devnull).open("wb") as target:
        started_at = time.monotonic()
        process = _start(arguments, subprocess.PIPE if bytes_per_second else target, errors)
        with _kill_on_exit(process):
            if process.stdout is not None:
                _drain(process.stdout, bytes_per_second)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started_at
        if process.returncode != 0:
            raise BenchmarkError(_failure(arguments, errors))
    return Measurement(started_at, seconds, usage.ru_maxrss * _RSS_UNIT_BYTES)


def watch_process(
    arguments: Sequence[str], read: Callable[[IO[bytes], int], None], longest_seconds: float
) -> None:
    """Run Python with these arguments to its end; raises BenchmarkError.

    ``read`` receives its output, which it reads to the end, and its process id.
    """
    with tempfile.TemporaryFile() as errors:
        process = _start(arguments, subprocess.PIPE, errors)
        with _kill_on_exit(process, longest_seconds):
            if process.stdout is not None:
                read(process.stdout, process.pid)
                process.stdout.close()
            process.wait()
        if process.returncode != 0:
            raise BenchmarkError(_failure(arguments, errors))


def measure_pipe(commands: Sequence[Sequence[str]], log: Path) -> Measurement:
    """Run commands, each with the output of the one before as input; raises BenchmarkError."""
    with log.open("wb") as errors, ExitStack() as stack:
        started_at, processes = time.monotonic(), []
        source: IO[bytes] | int = subprocess.DEVNULL
        for command in commands:
            last = command is commands[-1]
            process = subprocess.Popen(  # nosec B603 # programs of this project
                command,
                cwd=ROOT,
                env=_environment(),
                stdin=source,
                stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                stderr=errors,
            )
            processes.append(stack.enter_context(_kill_on_exit(process)))
            _close(source)  # so that a command that ends early ends the one before
            source = process.stdout or subprocess.DEVNULL
        statuses = [process.wait() for process in processes]
    if any(statuses):
        raise BenchmarkError(f"{commands[-1][0]}: {log.read_text(errors='replace')[-1000:]}")
    return Measurement(started_at, time.monotonic() - started_at, 0)


def _close(source: IO[bytes] | int) -> None:
    if not isinstance(source, int):
        source.close()


def _start(
    arguments: Sequence[str], output: int | IO[bytes], errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # nosec B603 # this Python, our own arguments
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
    )


@contextmanager
def _kill_on_exit(
    process: subprocess.Popen[bytes], longest_seconds: float = _LONGEST_SECONDS
) -> Iterator[subprocess.Popen[bytes]]:
    """Kill the process at the end of the block or after ``longest_seconds``."""
    alarm = threading.Timer(longest_seconds, process.kill)
    alarm.start()
    try:
        yield process
    finally:
        alarm.cancel()
        if process.returncode is None:
            process.kill()
            process.wait()


def _drain(source: IO[bytes], bytes_per_second: float) -> None:
    """Read like a slow loader: never faster than the rate, without catching up."""
    free_at = time.monotonic()
    with source:
        while chunk := os.read(source.fileno(), 1 << 16):
            free_at = max(free_at, time.monotonic()) + len(chunk) / bytes_per_second
            time.sleep(max(0.0, free_at - time.monotonic()))


def _failure(arguments: Sequence[str], errors: IO[bytes]) -> str:
    errors.seek(0)
    last = errors.read().decode(errors="replace").strip().splitlines()[-5:]
    return "\n   ".join([f"failed: python {' '.join(arguments)}", *last])


def _environment() -> dict[str, str]:
    """Return the environment without variables that would change a contender."""
    ours = ("TAP_", "PYTHON", "SINGER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {name: v for name, v in kept.items() if "proxy" not in name.lower()}


@dataclass(frozen=True)
class Server:
    """The API in its own process."""

    address: str

    def counters(self) -> dict[str, Any]:
        """Return the counters since the last call."""
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"{self.address}/counters", timeout=30) as response:
            counted: dict[str, Any] = json.load(response)
        return counted


def server(records: int, page_size: int = 200) -> AbstractContextManager[Server]:
    """Run an API with ``records`` records."""
    return serving("benchmarks.server", records=records, page_size=page_size)


@contextmanager
def serving(module: str, **options: float | str) -> Iterator[Server]:
    """Run a module's API with these command-line options."""
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    with subprocess.Popen(  # nosec B603 # this Python, our own arguments
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,  # it exits when this closes, so also with us
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise BenchmarkError("the API has no pipes")
        address = process.stdout.readline().strip()
        if not address:
            raise BenchmarkError("the API did not start")
        try:
            yield Server(address)
        finally:
            process.stdin.close()
