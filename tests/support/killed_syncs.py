"""A sync with rotating tokens that is interrupted again and again, and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

from tests.support.server import Drop, Reply

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
PAGE_SIZE = 10
USES_OF_A_TOKEN = 25
MOST_REQUESTS = 20  # of a run before the signal
FURTHER_REQUESTS = 15  # served meanwhile, so that no run completes
LONGEST_SECONDS = 0.02
ROWS_A_RUN = (MOST_REQUESTS + FURTHER_REQUESTS + 5) * PAGE_SIZE
STREAM = {
    "name": "items",
    "path": "items",
    "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
    "replication_key": "at",
    "incremental": {"start_param": "since", "order": "asc"},
    "pagination": {"style": "offset"},
}


class RotatingApi:
    """An API whose access tokens last for a few requests and whose refresh tokens work once.

    ``refreshing`` is held from a refresh until its access token is first used. A kill in between
    would lose the only copy of the new refresh token.
    """

    def __init__(self):
        self.rows = 0
        self.refreshing = threading.Lock()
        self.alive = None
        self.reached, self.ended = threading.Event(), threading.Event()
        self.spent = []
        self._count, self._uses, self._is_new = 0, 0, False
        self._left, self._counting = None, threading.Lock()

    def expect(self, run, requests):
        """Serve another run, which is ended after ``requests`` requests unless that is None."""
        self.alive, self._left = run, requests
        self.reached.clear()
        self.ended.clear()

    def token(self, seen):
        self.refreshing.acquire(timeout=60)
        if seen.headers["User-Agent"] != self.alive:
            # The process was killed before this request was handled.
            self.refreshing.release()
            return Drop
        self.spent.append(seen.form["refresh_token"])
        if self.spent[-1] != self._refresh_token:
            self.refreshing.release()
            return Reply({"error": "invalid_grant"}, 400)
        self._count, self._uses, self._is_new = self._count + 1, 0, True
        answer = {"access_token": f"access-token-{self._count}", "expires_in": 3600}
        return {**answer, "refresh_token": self._refresh_token}

    @property
    def _refresh_token(self):
        return f"refresh-token-{self._count}"

    def items(self, seen):
        if seen.headers["Authorization"] != f"Bearer access-token-{self._count}":
            return Reply({}, 401)
        if self._is_new:
            self._is_new = False
            self.refreshing.release()
        self._uses += 1
        if self._uses > USES_OF_A_TOKEN:
            return Reply({}, 401)
        self._wait_for_the_end(seen.headers["User-Agent"])
        since = seen.query.get("since")
        at = datetime.fromisoformat(since.replace("Z", "+00:00")) if since else BEGIN
        first = (at - BEGIN) // timedelta(hours=1) * 3 + int(seen.query["offset"])
        return [row(n) for n in range(first, min(first + PAGE_SIZE, self.rows))]

    def _wait_for_the_end(self, run):
        with self._counting:
            if run != self.alive or self._left is None:
                # Requests of the previous run may arrive late.
                return
            self._left -= 1
            left = self._left
        if left <= 0:
            self.reached.set()
        if left < -FURTHER_REQUESTS:
            self.ended.wait(60)


def row(number):
    return {"id": number, "at": (BEGIN + timedelta(hours=number // 3)).isoformat()}


class Syncs:
    """Consecutive runs of one configuration, and the records of all of them."""

    def __init__(self, api, server, folder):
        self.ids, self.state, self.cut_lines = set(), {}, 0
        #: Records that one run emitted twice.
        self.twice = 0
        self._of_run = set()
        self.errors = ""
        self._api, self._server, self._folder = api, server, folder

    def run(self, name, signum=None, moments=None):
        """Run the tap to its end, or send it a signal at a random moment."""
        self._of_run = set()
        self._server.expect(name, moments.randint(1, MOST_REQUESTS) if moments else None)
        seconds = moments.uniform(0, LONGEST_SECONDS) if moments else 0.0
        with (
            (self._folder / "errors").open("w+") as errors,
            subprocess.Popen(self._command(name), stdout=subprocess.PIPE, stderr=errors) as process,
        ):
            ending = threading.Thread(target=self._end, args=(process, signum, seconds))
            if signum is not None:
                ending.start()
            for line in process.stdout:
                self._take(line)
            if signum is not None:
                ending.join()
            process.wait()
            errors.seek(0)
            self.errors = errors.read()
        return process.returncode

    def _command(self, name):
        seeded = {"grant_type": "refresh_token", "refresh_token": "refresh-token-0"}
        config = self._api.config(STREAM, user_agent=name, **seeded)
        command = [sys.executable, "-m", "tap_oauth2_generic"]
        for option, content in (("config", config), ("state", self.state)):
            path = self._folder / f"{option}.json"
            path.write_text(json.dumps(content))
            command += [f"--{option}", path]
        return command

    def _end(self, process, signum, seconds):
        self._server.reached.wait(60)
        threading.Event().wait(seconds)
        if signum != signal.SIGKILL:
            # The tap itself makes sure that no token is lost.
            process.send_signal(signum)
        else:
            with self._server.refreshing:
                self._server.alive = None
                process.kill()
        self._server.ended.set()

    def _take(self, line):
        if not line.endswith(b"\n"):
            self.cut_lines += 1
            return
        message = json.loads(line)
        if message["type"] == "STATE":
            self.state = message["value"]
        elif message["type"] == "RECORD":
            number = message["record"]["id"]
            self.twice += number in self._of_run
            self._of_run.add(number)
            self.ids.add(number)
