"""The studio command as a process, and requests to it as a browser sends them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from pathlib import Path

import requests

from tests.support.forked_program import ForkedProgram

TIMEOUT_SECONDS = 120


def saved(folder):
    """Return the configuration that a studio has saved in its folder."""
    return json.loads((folder / "config.json").read_text())


class StudioProcess:
    """One run of the command; ``address`` has the one-time key, ``origin`` does not.

    ``program`` starts a process of its own; without it, one with the imports done is forked.
    """

    def __init__(self, folder, *options, env=None, program=()):
        arguments = ["studio", "--no-browser", *map(str, options)]
        env = {**os.environ, **(env or {})}
        if program:
            self.process = subprocess.Popen(
                [*program, *arguments],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=env,
            )
        else:
            self.process = ForkedProgram(arguments, folder, env)
        # A silent command must not block the test.
        self._guard = threading.Timer(TIMEOUT_SECONDS, self.process.kill)
        self._guard.start()
        self.said = ""
        self.address = self.origin = self.errors = ""
        for line in self.process.stdout:
            self.said += line
            if found := re.match(r"\s+((http://\S+)/\?key=\S+)\s*$", line):
                self.address, self.origin = found[1], found[2]
                break

    @property
    def peak_bytes(self):
        """The most memory that the process has had so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def end(self):
        """Stop it as Ctrl-C does; return the exit status."""
        self.process.terminate()
        rest, self.errors = self.process.communicate(timeout=TIMEOUT_SECONDS)
        self._guard.cancel()
        self.said += rest
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class StudioClient:
    """A client that has opened the address."""

    def __init__(self, studio):
        self.origin = studio.origin
        self.http = requests.Session()
        self.http.trust_env = False
        self.opening = self.http.get(studio.address, timeout=10)
        found = re.search(r'name="form-token" content="([^"]+)"', self.get("/").text)
        self.form_token = found[1] if found else ""
        #: The headers of a change from the page itself.
        self.own = {"Origin": self.origin, "X-Form-Token": self.form_token}

    def get(self, path, **headers):
        return self.http.get(self.origin + path, headers=headers, timeout=10)

    def post(self, path, data=None, **headers):
        """Send a form as the page does; None leaves a header out."""
        own = {**self.own, **headers}
        return self.http.post(self.origin + path, data=data or {}, headers=own, timeout=30)
