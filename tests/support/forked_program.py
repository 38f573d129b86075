"""The program as a process that is forked from one with the imports done, which saves time."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tap_oauth2_generic.tap", "tap_oauth2_generic.studio.server"])


class ForkedProgram:
    """A process with the part of ``subprocess.Popen`` that tests of the studio use."""

    def __init__(self, arguments: list[str], folder: Any, env: dict[str, str]) -> None:
        (out, for_out), (errors, for_errors) = (_CONTEXT.Pipe(duplex=False) for _ in range(2))
        self._process = _CONTEXT.Process(
            target=_run, args=(arguments, str(folder), env, for_out, for_errors), daemon=True
        )
        self._process.start()
        for_out.close()
        for_errors.close()
        self.stdout, self._errors = (
            os.fdopen(os.dup(one.fileno()), encoding="utf-8") for one in (out, errors)
        )
        self._found: tuple[str, str] | None = None
        self.kill, self.terminate = self._process.kill, self._process.terminate

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its exit."""
        self._process.join(timeout)
        return self.returncode

    def poll(self) -> int | None:
        """Return its exit status, None while it runs."""
        return self.wait(0)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read its output to the end, and wait for its exit; return the same again."""
        if self._found is None:
            with self.stdout, self._errors:
                self._found = self.stdout.read(), self._errors.read()
        self.wait(timeout)
        return self._found


def _run(arguments: list[str], folder: str, env: dict[str, str], *outputs: Any) -> None:
    from tap_oauth2_generic.__main__ import main  # in the new process

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for number, output in enumerate(outputs, 1):
        os.dup2(output.fileno(), number)
        output.close()
    # The streams of the process before may have been files.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    sys.argv[1:] = arguments
    main()
