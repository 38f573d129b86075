"""Syncs and export jobs that are killed by SIGKILL again and again, and resumed.

A kill comes after a random request. Not between a refresh and its first use: the response of the
provider may then be lost on its way, with the only copy of a refresh token.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from tests.kills.figures import Figure
from tests.support.killed_syncs import ROWS_A_RUN, RotatingApi, Syncs
from tests.support.server import ApiServer, Reply

if TYPE_CHECKING:
    from pathlib import Path

_JOB_ROWS, _PAGE, _POLLS = 60, 10, 3
_REQUESTS = 12  # of a run with a job: it is created, polled, read in pages and deleted
_LONGEST_SECONDS = 0.02
_JOB = {
    "create": {"path": "jobs", "body": {"query": "all"}},
    "poll": {"path": "jobs/{job.id}"},
    "status_path": "state",
    "done": ["Completed"],
    "failed": ["Failed"],
    "interval": 0.01,
    "download": {"path": "jobs/{job.id}/results"},
    "delete": {"path": "jobs/{job.id}"},
}
_STREAM = {
    "name": "items",
    "job": _JOB,
    "primary_keys": ["id"],
    "schema": {"properties": {"id": {"type": "integer"}}},
    "pagination": {"style": "offset"},
}


def kill_syncs(kills: int, folder: Path) -> Figure:
    """Kill a sync whose refresh tokens work once; each run goes on from the last STATE."""
    moments, server = random.Random(kills), RotatingApi()  # noqa: S311 - the same in every run
    server.rows = kills * ROWS_A_RUN
    with ApiServer() as api:
        api.token, api.routes["/items"] = server.token, server.items
        syncs = Syncs(api, server, folder)
        for number in range(kills):
            syncs.run(f"run {number}", signal.SIGKILL, moments)
        status = syncs.run("the last run")
    lost = server.rows - len(syncs.ids)
    damaged = len(server.spent) - len(set(server.spent)) + (status != 0)
    return Figure("syncs with rotating tokens", kills, server.rows, lost, syncs.twice, damaged)


class _Jobs:
    """An API with export jobs, which tells when a run has sent so many requests."""

    def __init__(self, api: ApiServer) -> None:
        self._api, self._count, self._left = api, 0, 0
        self._lock = threading.Lock()
        self.reached = threading.Event()
        api.routes["/jobs"] = self._create

    def expect(self, requests: int) -> None:
        """Tell of the last of so many requests."""
        self._left = requests
        self.reached.clear()

    def _seen(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.reached.set()

    def _create(self, _: object) -> object:
        self._seen()
        self._count += 1
        polls = Counter[str]()
        address = f"/jobs/{self._count}"

        def poll(seen: object) -> object:
            self._seen()
            if seen.method == "DELETE":
                return Reply(b"", 204)
            polls["all"] += 1
            return {"state": "Running" if polls["all"] < _POLLS else "Completed"}

        def results(seen: object) -> object:
            self._seen()
            first = int(seen.query["offset"])
            return [{"id": n} for n in range(first, min(first + _PAGE, _JOB_ROWS))]

        self._api.routes[address] = poll
        self._api.routes[f"{address}/results"] = results
        return {"id": self._count, "state": "Queued"}


def kill_jobs(kills: int, folder: Path) -> Figure:
    """Kill a run of an export job; the next one finds the job in the last STATE."""
    moments = random.Random(kills)  # noqa: S311 - the same in every run
    lost = twice = 0
    state: object = {}
    with ApiServer() as api:
        jobs = _Jobs(api)
        for number in range(kills + 1):
            is_last = number == kills
            jobs.expect(0 if is_last else moments.randint(1, _REQUESTS))
            delay = None if is_last else moments.uniform(0, _LONGEST_SECONDS)
            counts, state = _run(api, folder, state, jobs, delay)
            twice += sum(counts.values()) - len(counts)
            lost += _JOB_ROWS - len(counts) if is_last else 0
    return Figure("export jobs", kills, _JOB_ROWS * (kills + 1), lost, twice, 0)


def _run(
    api: ApiServer, folder: Path, state: object, jobs: _Jobs, delay: float | None
) -> tuple[Counter[int], object]:
    """Run the tap and kill it, unless ``delay`` is None; return its rows and last state."""
    config, known = folder / "config.json", folder / "state.json"
    config.write_text(json.dumps(api.config(_STREAM)))
    known.write_text(json.dumps(state))
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", config, "--state", known]
    counts: Counter[int] = Counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        killer = threading.Thread(target=_kill, args=(process, jobs, delay))
        killer.start()
        for line in process.stdout:
            message = json.loads(line) if line.endswith(b"\n") else {}
            if message.get("type") == "STATE":
                state = message["value"]
            elif message.get("type") == "RECORD":
                counts[message["record"]["id"]] += 1
        jobs.reached.set()
        killer.join()
    return counts, state


def _kill(process: subprocess.Popen[bytes], jobs: _Jobs, delay: float | None) -> None:
    jobs.reached.wait(60)
    if delay is not None:
        threading.Event().wait(delay)
        process.kill()
