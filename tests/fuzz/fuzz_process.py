"""Run a command on files, in this process or in its own."""

from __future__ import annotations

import faulthandler
import io
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.__main__ import run
from tap_oauth2_generic.runtime import redaction
from tests.fuzz.fuzz_checks import Hang, Outcome
from tests.fuzz.fuzz_studio import send_forms

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Limits of one input: CPU seconds and wall-clock seconds.
CPU_SECONDS, CLOCK_SECONDS = 10.0, 60.0


def as_process(arguments: list[str], environment: dict[str, str], folder: Path) -> Outcome:
    """Run a command as a user does; raises Hang."""
    command = [sys.executable, "-m", "tap_oauth2_generic", *_without_tap(arguments)]
    surroundings = {**os.environ, **environment}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=surroundings,
            capture_output=True,
            check=False,
            timeout=CLOCK_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Hang(" ".join(arguments)) from None
    return Outcome(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def in_process(arguments: list[str], environment: dict[str, str], folder: Path) -> Outcome:
    """Run a command in this process as a fresh process would."""
    redaction._REDACTOR.__init__()  # type: ignore[misc]
    before = client_threads()
    with _isolated(environment, folder) as (output, errors), bounded():
        status = (
            send_forms(arguments[1:]) if arguments[0] == "studio" else run(_without_tap(arguments))
        )
        # A request still in flight would log its secrets into the next run, which masks others.
        for thread in client_threads() - before:
            thread.join()
    return Outcome(status, output.getvalue(), errors.getvalue().decode("utf-8", "replace"))


def client_threads() -> set[threading.Thread]:
    """Return all threads but the server's, one for each connection that is still open."""
    return {one for one in threading.enumerate() if "process_request" not in one.name}


def _without_tap(arguments: list[str]) -> list[str]:
    return arguments[1:] if arguments[0] == "tap" else arguments


@contextmanager
def _isolated(environment: dict[str, str], folder: Path) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """Replace streams, environment, folder, signals and log handlers, and restore them."""
    before = sys.stdout, sys.stderr, dict(os.environ), Path.cwd(), sys.excepthook
    handlers = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)]
    root = logging.getLogger()
    logs, level, root.handlers = root.handlers, root.level, []
    output, errors = _Kept(), _Kept()
    sys.stdout = io.TextIOWrapper(output, "utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(errors, "utf-8", "backslashreplace", write_through=True)
    os.environ.update(environment)
    os.chdir(folder)
    try:
        yield output, errors
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr, environ, cwd, sys.excepthook = before
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(cwd)
        root.handlers, root.level = logs, level
        logging.captureWarnings(capture=False)
        for signum, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
            signal.signal(signum, handler)


class _Kept(io.BytesIO):
    """Stays readable when the stream around it closes."""

    def close(self) -> None:
        pass


@contextmanager
def bounded(cpu_seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Raise Hang in a block that exceeds its time."""

    def late(signum: int, frame: Any) -> None:
        raise Hang(signal.Signals(signum).name)

    before = [signal.signal(signum, late) for signum in (signal.SIGPROF, signal.SIGALRM)]
    # For C code that never returns to the interpreter.
    faulthandler.dump_traceback_later(2 * CLOCK_SECONDS, exit=True, file=sys.__stderr__)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, CLOCK_SECONDS)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)
        for signum, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(signum, handler)
