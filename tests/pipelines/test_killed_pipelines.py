"""Pipelines killed while they load, and the run after that."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.pipelines.warehouses import ids, nested_value

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
WAIT_SECONDS = 60
#: Rows per batch of a loader that has such a setting; more than the small stream has.
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


SMALL, LARGE = "beginnings", "changes"


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
    """An API that delays its response to one page while it is shut."""

    def __init__(self, api):
        self.reached, self.opened = threading.Event(), threading.Event()
        self.served = {SMALL: rows(15), LARGE: []}
        self._held_offset = 0
        for name in self.served:
            api.routes[f"/{name}"] = lambda seen, name=name: self._page(seen, self.served[name])

    def shut(self, offset):
        self._held_offset = offset
        self.reached.clear()
        self.opened.clear()

    def _page(self, seen, records):
        start, since = int(seen.query["offset"]), seen.query.get("since", "")
        if start == self._held_offset and not self.opened.is_set():
            self.reached.set()
            self.opened.wait(WAIT_SECONDS)
        return from_time(records, since)[start : start + 10]


def from_time(records, time):
    """Return the records of that time or later."""
    return [row for row in records if row["at"] >= time.replace("Z", "+00:00")]


def wait_until(condition):
    """Poll until the condition holds; it depends on another process."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.05)


@pytest.fixture
def pipeline(api, warehouse, loading_project):
    """A project whose loader writes small batches, and whose API can be shut."""
    loading_project.configure(api.config(stream(SMALL), stream(LARGE)))
    variable = f"{warehouse.loader.upper().replace('-', '_')}_BATCH_SIZE_ROWS"
    loading_project.environment[variable] = str(BATCH_ROWS)
    return loading_project


def kill(pipeline, warehouse, gate):
    """Kill a run after its first loaded rows, or its first state if the loader saves midway."""
    loaded, state = len(warehouse.rows(LARGE)), bookmark(pipeline)
    gate.shut(150)
    with pipeline.start(
        *("run", "--no-install", "--force", "tap-oauth2-generic", warehouse.loader),
        stderr=subprocess.DEVNULL,
    ) as process:
        assert gate.reached.wait(WAIT_SECONDS)
        if warehouse.saves_midway:
            wait_until(lambda: bookmark(pipeline) != state)
        else:
            wait_until(lambda: len(warehouse.rows(LARGE)) > loaded)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    gate.opened.set()


def bookmark(pipeline):
    """Return the bookmark of the large stream in Meltano's state."""
    found = (pipeline.saved_state() or {}).get("bookmarks", {}).get(LARGE, {})
    return found.get("replication_key_value", "")


def test_killed_pipeline_loses_no_rows(api, warehouse, pipeline):
    """A run after a killed one completes the tables, with a saved state and without one.

    The saved state never covers a row that is not loaded, and the next run resumes from it.
    """
    gate = Gate(api)
    for count in (200, 400):
        gate.served[LARGE] = everything = rows(count)
        kill(pipeline, warehouse, gate)
        saved, loaded = bookmark(pipeline), set(ids(warehouse.rows(LARGE)))
        assert len(loaded) < count
        left = from_time(everything, saved)
        assert {str(row["id"]) for row in everything if row not in left} <= loaded

        # Meltano considers the killed run active until it was silent for five minutes.
        again = pipeline.run(warehouse.loader, "--force")

        assert again.fetched[LARGE] == len(left)
        for name, records in gate.served.items():
            check_table(warehouse, name, records)
    assert len(left) < count


def check_table(warehouse, name, records):
    """Compare a table with the API: each row, with its nested value."""
    loaded = warehouse.rows(name)
    assert set(ids(loaded)) == {str(row["id"]) for row in records}, name
    assert {(str(row["id"]), str(nested_value(row, "in", "n"))) for row in loaded} == {
        (str(row["id"]), str(row["in"]["n"])) for row in records
    }
    if not warehouse.keeps_versions:
        assert len(loaded) == len(records)
