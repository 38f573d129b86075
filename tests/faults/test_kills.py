"""A sync with rotating tokens that is killed again and again, and resumed each time."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest
from server import Drop, Reply

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
PAGE_SIZE = 10
ROWS_A_KILL = 250
USES_OF_A_TOKEN = 30
LONGEST_SECONDS = 0.1
STREAM = {
    "name": "items",
    "path": "items",
    "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
    "replication_key": "at",
    "incremental": {"start_param": "since", "order": "asc"},
    "pagination": {"style": "offset"},
}


class Server:
    """An API whose access tokens last for a few requests and whose refresh tokens serve once.

    ``answered`` is held from the moment in which a refresh token is spent to the first use of
    what it brought: who kills in between takes a token with them that nobody else ever had.
    """

    def __init__(self, rows):
        self.rows = rows
        self.begun = threading.Event()
        self.answered = threading.Lock()
        self.alive = None
        self.spent = []
        self._count, self._uses, self._is_new = 0, 0, False

    def token(self, seen):
        self.answered.acquire(timeout=60)
        if seen.headers["User-Agent"] != self.alive:
            # Whoever asked was killed before this request was looked at.
            self.answered.release()
            return Drop
        self.spent.append(seen.form["refresh_token"])
        if self.spent[-1] != self._refresh_token:
            self.answered.release()
            return Reply({"error": "invalid_grant"}, 400)
        self._count, self._uses, self._is_new = self._count + 1, 0, True
        answer = {"access_token": f"access-token-{self._count}", "expires_in": 3600}
        return {**answer, "refresh_token": self._refresh_token}

    @property
    def _refresh_token(self):
        return f"refresh-token-{self._count}"

    def items(self, seen):
        self.begun.set()
        if seen.headers["Authorization"] != f"Bearer access-token-{self._count}":
            return Reply({}, 401)
        if self._is_new:
            self._is_new = False
            self.answered.release()
        self._uses += 1
        if self._uses > USES_OF_A_TOKEN:
            return Reply({}, 401)
        since = seen.query.get("since")
        at = datetime.fromisoformat(since.replace("Z", "+00:00")) if since else BEGIN
        first = (at - BEGIN) // timedelta(hours=1) * 3 + int(seen.query["offset"])
        return [row(n) for n in range(first, min(first + PAGE_SIZE, self.rows))]


def row(number):
    return {"id": number, "at": (BEGIN + timedelta(hours=number // 3)).isoformat()}


class Target:
    """Takes in whole lines; what it has and the last STATE outlive every run."""

    def __init__(self):
        self.ids, self.state = set(), {}

    def take(self, line):
        if not line.endswith(b"\n"):
            return
        message = json.loads(line)
        if message["type"] == "STATE":
            self.state = message["value"]
        elif message["type"] == "RECORD":
            self.ids.add(message["record"]["id"])


@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_nothing_is_lost_by_any_number_of_kills(api, tmp_path, kills):
    """Killed at random moments and resumed, a sync brings every row, and spends no token twice."""
    moments = random.Random(kills)  # noqa: S311 - the same moments in every test run
    server, target = Server(kills * ROWS_A_KILL), Target()
    api.token, api.routes["/items"] = server.token, server.items
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    settings = {"grant_type": "refresh_token", "refresh_token": "refresh-token-0"}
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", config, "--state", state]

    def run(name, seconds):
        """Run the tap, for so many seconds after its first request if not to its end."""
        config.write_text(json.dumps(api.config(STREAM, user_agent=name, **settings)))
        state.write_text(json.dumps(target.state))
        server.alive = name
        server.begun.clear()
        with (
            (tmp_path / "errors").open("w") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
        ):

            def kill():
                server.begun.wait(60)
                threading.Event().wait(seconds)
                server.answered.acquire(timeout=60)
                server.alive = None
                process.kill()
                server.answered.release()

            killer = threading.Thread(target=kill)
            if seconds is not None:
                killer.start()
            for line in process.stdout:
                target.take(line)
            if seconds is not None:
                killer.join()
        return process.returncode

    statuses = [run(f"run-{n}", moments.uniform(0, LONGEST_SECONDS)) for n in range(kills)]
    assert set(statuses) == {-signal.SIGKILL}
    assert 0 < len(target.ids) < server.rows
    assert run("the last run", None) == 0, (tmp_path / "errors").read_text()
    assert target.ids == set(range(server.rows))
    assert len(server.spent) == len(set(server.spent)) > kills / 8
    before = len(target.ids)
    assert run("one more run", None) == 0
    assert len(target.ids) == before
