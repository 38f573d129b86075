"""Pipelines that are killed while they load, and the run after."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.pipelines.warehouses import dig, ids

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
    """An API that holds back its answer to one page for as long as it is shut."""

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
    """Give the records of that time or a later one, as the API and the bookmark write it."""
    return [row for row in records if row["at"] >= time.replace("Z", "+00:00")]


def wait_until(condition):
    """Wait for what another process does, which tells nobody."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.05)


@pytest.fixture
def pipeline(api, warehouse, loading_project):
    """A project whose loader writes a few rows at once, before an API that can be shut."""
    loading_project.configure(api.config(stream(SMALL), stream(LARGE)))
    variable = f"{warehouse.loader.upper().replace('-', '_')}_BATCH_SIZE_ROWS"
    loading_project.environment[variable] = str(BATCH_ROWS)
    return loading_project


def kill(pipeline, warehouse, gate):
    """Run until rows are loaded, and their state saved where that is done midway, and kill it."""
    loaded, state = len(warehouse.rows(LARGE)), bookmark(pipeline)
    gate.shut(150)
    with pipeline.started(
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
    """Give the time up to which Meltano's state says that the large stream is loaded."""
    found = (pipeline.saved_state() or {}).get("bookmarks", {}).get(LARGE, {})
    return found.get("replication_key_value", "")


def test_a_killed_pipeline_loses_nothing(api, warehouse, pipeline):
    """Killed while it loads, first without a state and then with one, and run again: all is there.

    The saved state speaks of no row that is not loaded, and the next run goes on from it.
    """
    gate = Gate(api)
    for count in (200, 400):
        gate.served[LARGE] = everything = rows(count)
        kill(pipeline, warehouse, gate)
        saved, loaded = bookmark(pipeline), set(ids(warehouse.rows(LARGE)))
        assert len(loaded) < count
        left = from_time(everything, saved)
        assert {str(row["id"]) for row in everything if row not in left} <= loaded

        # Meltano takes the killed run for one that goes on until it was silent for five minutes.
        again = pipeline.run(warehouse.loader, "--force")

        assert again.fetched[LARGE] == len(left)
        for name, records in gate.served.items():
            holds(warehouse, name, records)
    assert len(left) < count


def holds(warehouse, name, records):
    """Hold what is loaded against the API: every row, with its nested value."""
    loaded = warehouse.rows(name)
    assert set(ids(loaded)) == {str(row["id"]) for row in records}, name
    assert {(str(row["id"]), str(dig(row, "in", "n"))) for row in loaded} == {
        (str(row["id"]), str(row["in"]["n"])) for row in records
    }
    if not warehouse.keeps_versions:
        assert len(loaded) == len(records)
