"""The login command as a process, and a person at a browser over real HTTP."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading

import requests

PROGRAM = (sys.executable, "-m", "tap_oauth2_generic")
USER = {"username": "demo", "password": "demo-password"}
TIMEOUT_SECONDS = 30


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def config(url, **settings):
    """Return a configuration for the demo's provider."""
    return {
        "base_url": f"{url}/api/v1",
        "authorize_url": f"{url}/oauth/authorize",
        "access_token_url": f"{url}/oauth/token",
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "redirect_uri": f"http://127.0.0.1:{free_port()}/callback",
        "max_retries": 0,
        "streams": [{"name": "lists", "path": "lists", "records_path": "value"}],
        **settings,
    }


class Login:
    """One run of the command; ``address`` is the URL to open."""

    def __init__(self, folder, settings, *options, typed=None, env=None, program=PROGRAM):
        path = folder / "config.json"
        path.write_text(json.dumps(settings))
        self.redirect_uri = settings.get("redirect_uri", "")
        command = [*program, "login", "--config", str(path), *options]
        bare = {k: v for k, v in os.environ.items() if k not in {"BROWSER", "DISPLAY"}}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**bare, **(env or {})},
        )
        self.said = ""
        self.address = None
        self._typed = typed
        # A silent command must not block the test.
        self._guard = threading.Timer(TIMEOUT_SECONDS, self.process.kill)
        self._guard.start()

    def wait_for_address(self, start="http"):
        """Read output until the address is shown."""
        for line in self.process.stdout:
            self.said += line
            if found := re.match(rf"\s+({start}\S+)\s*$", line):
                self.address = found[1]
                return self
        raise AssertionError(self.said + self.process.stderr.read())

    def type(self, text):
        """Type a line at the terminal."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self):
        """Wait for the end and return status, standard output and standard error."""
        rest, errors = self.process.communicate(timeout=TIMEOUT_SECONDS)
        self._guard.cancel()
        self.said += rest
        return self.process.returncode, self.said, errors


class Person:
    """A person at a browser, on the demo's login and consent page."""

    def __init__(self):
        self.http = requests.Session()
        self.http.trust_env = False

    def decide(self, address, decision="allow"):
        """Log in, press a button, and return the redirect URL."""
        page = self.http.get(address, timeout=TIMEOUT_SECONDS)
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
        answer = self.http.post(
            address.split("?")[0],
            data={"ticket": ticket, "decision": decision, **USER},
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        )
        return answer.headers["Location"]

    def visit(self, address):
        """Follow the redirect to the listener, and return the response."""
        return self.http.get(address, timeout=TIMEOUT_SECONDS)
