"""Runs that are killed, and the run that resumes from their last STATE."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from itertools import islice

import pytest

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
ROWS = [{"id": n, "at": (BEGIN + timedelta(hours=n // 3)).isoformat()} for n in range(400)]


class Taken:
    """The messages that a target received before the run was killed."""

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


@pytest.mark.parametrize("order", ["none", "asc"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_nothing_is_missing_after_a_kill(api, tmp_path, order, how):
    """After a kill, a signal or a closed stdout, the next run emits the missing records."""

    def answer(seen):
        since = seen.query.get("since")
        start = int(seen.query["offset"])
        rows = [r for r in ROWS if since is None or r["at"] >= since.replace("Z", "+00:00")]
        return rows[start : start + 10]

    api.routes["/items"] = answer
    stream = {
        "name": "items",
        "path": "items",
        "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
        "replication_key": "at",
        "incremental": {"start_param": "since", "order": order},
        "pagination": {"style": "offset"},
    }
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    config.write_text(json.dumps(api.config(stream, requests_per_second=100)))
    state.write_text("{}")
    command = [
        sys.executable,
        "-m",
        "tap_oauth2_generic",
        "--config",
        str(config),
        "--state",
        str(state),
    ]
    taken = Taken()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for line in islice(process.stdout, 120):
            taken.take(line)
        if how is None:
            process.stdout.close()
        else:
            process.send_signal(how)
            for line in process.stdout:
                taken.take(line)
    assert process.returncode != 0
    assert len(taken.ids) < len(ROWS)
    state.write_text(json.dumps(taken.state))
    done = subprocess.run(command, capture_output=True, check=True)
    again = [json.loads(line) for line in done.stdout.splitlines()]
    found = {m["record"]["id"] for m in again if m["type"] == "RECORD"}
    assert taken.ids | found == {row["id"] for row in ROWS}
    if order == "asc":
        assert len(found) < len(ROWS)


@pytest.mark.parametrize("given", [{}, {"bookmarks": {"other": {"replication_key_value": 5}}}])
def test_given_state_is_sent_before_any_progress(api, tap, given):
    """A target that applies the first STATE to streams it has not written yet loses nothing."""
    api.serve("/items", ROWS[:5])
    stream = {"name": "items", "path": "items", "replication_key": "at", "incremental": {}}
    run = tap.ok(api.config(stream), state=given)
    first, *_, last = [m["value"] for m in run.messages if m["type"] == "STATE"]
    assert first == {"bookmarks": {}} | given
    assert last["bookmarks"]["items"]["replication_key_value"] == ROWS[4]["at"]
