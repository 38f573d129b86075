"""Pipelines that are killed while they load, and the run after."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

from warehouses import dig, ids

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
WAIT_SECONDS = 60
#: Rows that a loader writes at once, where that can be set: more than the small stream has.
BATCH_ROWS = 20


def rows(count):
    return [
        {
            "id": number,
            "at": (BEGIN + timedelta(hours=number // 3)).isoformat(),
            "in": {"n": number},
        }
        for number in range(count)
    ]


STREAMS = {"beginnings": rows(15), "changes": rows(400)}


def stream(name):
    properties = {"id": "integer", "at": "string", "in": "object"}
    schema = {"properties": {key: {"type": kind} for key, kind in properties.items()}}
    schema["properties"]["at"]["format"] = "date-time"
    schema["properties"]["in"]["properties"] = {"n": {"type": "integer"}}
    return {
        "name": name,
        "path": name,
        "schema": schema,
        "primary_keys": ["id"],
        "replication_key": "at",
        "incremental": {"start_param": "since", "order": "asc"},
        "pagination": {"style": "offset"},
    }


class Gate:
    """An API whose answer to one page does not come before the gate is opened."""

    def __init__(self, api, held_offset):
        self.reached, self.opened = threading.Event(), threading.Event()
        self._held_offset = held_offset
        for name, records in STREAMS.items():
            api.routes[f"/{name}"] = lambda seen, records=records: self._page(seen, records)

    def _page(self, seen, records):
        start, since = int(seen.query["offset"]), seen.query.get("since", "")
        if start == self._held_offset and not self.opened.is_set():
            self.reached.set()
            self.opened.wait(WAIT_SECONDS)
        changed = [row for row in records if row["at"] >= since.replace("Z", "+00:00")]
        return changed[start : start + 10]


def wait_until(condition):
    """Wait for what another process does, which tells nobody."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.05)


def test_a_killed_pipeline_loses_nothing(api, warehouse, loading_project):
    """Killed while it loads and run again, a pipeline has every row, buffered ones included."""
    gate = Gate(api, held_offset=300)
    loading_project.configure(api.config(*map(stream, STREAMS)))
    loading_project.environment[f"{warehouse.loader.upper().replace('-', '_')}_BATCH_SIZE_ROWS"] = (
        str(BATCH_ROWS)
    )

    with loading_project.started(
        "run", "--no-install", "tap-oauth2-generic", warehouse.loader, stderr=subprocess.DEVNULL
    ) as process:
        assert gate.reached.wait(WAIT_SECONDS)
        if warehouse.saves_midway:
            wait_until(loading_project.saved_state)
        else:
            wait_until(lambda: warehouse.rows("changes"))
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    gate.opened.set()
    assert len(ids(warehouse.rows("changes"))) < len(STREAMS["changes"])

    # Meltano takes the killed run for one that goes on until it was silent for five minutes.
    again = loading_project.run(warehouse.loader, "--force")

    for name, records in STREAMS.items():
        loaded = warehouse.rows(name)
        assert set(ids(loaded)) == set(ids(records)), name
        assert {(str(row["id"]), str(dig(row, "in", "n"))) for row in loaded} == {
            (str(row["id"]), str(row["in"]["n"])) for row in records
        }
        if not warehouse.keeps_versions:
            assert len(loaded) == len(records)
    if warehouse.saves_midway:
        assert again.fetched["changes"] < len(STREAMS["changes"])
