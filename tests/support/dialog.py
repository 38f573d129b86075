"""The dialog of ``import`` without a source, on a terminal of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from pathlib import Path

from tests.support.commands import PROGRAM

DEADLINE_SECONDS = 60


class Dialog:
    """The program on a terminal of its own; ``said`` is all that it has shown."""

    def __init__(self, folder, *options, env=None):
        self._own, far_end = pty.openpty()
        bare = {n: v for n, v in (env or os.environ).items() if n not in {"BROWSER", "DISPLAY"}}
        self._process = subprocess.Popen(
            [*PROGRAM, "import", *options], stdin=far_end, stdout=far_end, stderr=far_end,
            cwd=folder, env=bare, start_new_session=True,
            # Its controlling terminal, so that Ctrl-C there is a signal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )  # fmt: skip
        os.close(far_end)
        self.said = ""
        self.answers = 0
        self._at = 0

    def wait_for(self, pattern):
        """Read until the pattern is shown after the last one; return its match."""
        end = time.monotonic() + DEADLINE_SECONDS
        while not (found := re.search(pattern, self.said[self._at :])):
            assert self._read(end), f"{pattern!r} is not in:\n{self.said}"
        self._at += found.end()
        return found

    def answer(self, question, text):
        """Type a line once the question is shown."""
        self.wait_for(re.escape(question))
        self.answers += 1
        os.write(self._own, f"{text}\n".encode())

    def interrupt(self):
        """Press Ctrl-C once the program waits: one just before is noticed with the next key."""
        stat_file = Path(f"/proc/{self._process.pid}/stat")
        while stat_file.read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.001)
        os.write(self._own, b"\x03")

    def end(self):
        """Read to the end, and return the exit status."""
        end = time.monotonic() + DEADLINE_SECONDS
        while self._read(end):
            pass
        os.close(self._own)
        return self._process.wait(DEADLINE_SECONDS)

    def _read(self, end):
        ready, _, _ = select.select([self._own], [], [], max(0, end - time.monotonic()))
        with contextlib.suppress(OSError):  # the far end is closed
            if ready and (content := os.read(self._own, 4096)):
                self.said += content.decode().replace("\r\n", "\n")
                return True
        return False
