"""Rows that vanish at the API, in a table of target-postgres that deletes or flags them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from tests.pipelines.meltano_project import plugin_folder
from tests.pipelines.warehouses import SCHEMA, PostgreSQL
from tests.support.server import Reply

WAIT_SECONDS = 60
TEXT = {"type": ["string", "null"]}
COLUMNS = {"id": {"type": "integer"}, "region": TEXT, "state": TEXT, "at": {"type": "integer"}}
REGIONS = ["north", "south"]
PAGES = {"style": "page_number", "page_size": 2}
IGNORE = [{"status": 404, "action": "ignore"}]


def stream(name, **settings):
    schema = {"type": "object", "properties": COLUMNS}
    fixed = {"name": name, "path": name, "schema": schema, "primary_keys": ["id"]}
    return {**fixed, "pagination": PAGES, **settings}


def regions(name, **settings):
    path = f"{name}/{{partition.region}}"
    return stream(name, path=path, partitions={"region": REGIONS}, **settings)


WHOLE = stream("whole")
#: Streams of whose rows a part is not read on the second night, each in its own way.
PARTIAL = [
    stream("failing"),
    stream("cut"),
    regions("ignoring", response_rules=IGNORE),
]
#: An incremental stream whose API flags deleted records.
FLAGS = stream("flags", replication_key="at", deleted={"path": "state", "equals": "gone"})
SPLIT, KILLED = regions("split"), stream("killed")


class Pipeline:
    """The tap and target-postgres, as two processes; ``hard`` deletes rows, else flags them."""

    def __init__(self, api, url, folder, *, hard):
        self._api, self._folder, self.hard = api, folder, hard
        self._tables = PostgreSQL(url)
        target = {
            "sqlalchemy_url": self._tables.environment["TARGET_POSTGRES_SQLALCHEMY_URL"],
            "default_target_schema": SCHEMA,
            "hard_delete": hard,
        }
        self._target = plugin_folder("loaders", "target-postgres") / "venv/bin/target-postgres"
        self._target_config = self._write("target.json", target)

    def _write(self, name, content):
        path = self._folder / name
        path.write_text(json.dumps(content))
        return str(path)

    def config(self, *streams):
        store = f"sqlite:///{self._folder / 'tokens.sqlite'}"
        settings = {"emit_activate_version_messages": True, "max_retries": 0, "token_store": store}
        return self._api.config(*streams, **settings)

    def run(self, config, kill_after=None):
        """Run both to their end, or kill the tap after an event; return the tap's exit status."""
        command = [sys.executable, "-m", "tap_oauth2_generic"]
        command += ["--config", self._write("config.json", config)]
        log, state = self._folder / "log", self._folder / "state.json"
        if state.exists():
            command += ["--state", str(state)]
        with (
            log.open("wb") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as tap,
        ):
            target = subprocess.Popen(
                [self._target, "--config", self._target_config],
                stdin=tap.stdout,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            tap.stdout.close()
            if kill_after is not None:
                assert kill_after.wait(WAIT_SECONDS), log.read_text()
                tap.kill()
            output, _ = target.communicate(timeout=WAIT_SECONDS)
        assert target.returncode == 0, log.read_text()
        for line in output.decode().splitlines():
            state.write_text(line)
        return tap.returncode

    def ids(self, name):
        """Return the ids in the table that are not flagged as deleted."""
        rows = self._tables.rows(name)
        return sorted(row["id"] for row in rows if row["_sdc_deleted_at"] is None)

    def count(self, name):
        """Return how many rows the table has, flagged ones included."""
        return len(self._tables.rows(name))

    def close(self):
        self._tables.close()


@pytest.fixture(params=[True, False], ids=["hard delete", "soft delete"])
def pipeline(request, api, postgres_url, tmp_path):
    made = Pipeline(api, postgres_url, tmp_path, hard=request.param)
    yield made
    made.close()


def serve(api, path, *pages):
    found = [page if isinstance(page, Reply) else [{"id": i} for i in page] for page in pages]
    api.routes[f"/{path}"] = lambda seen: [*found, [], []][int(seen.query["page"]) - 1]


def serve_all(api, numbers):
    """Serve rows of each stream, in two pages or two regions."""
    first, last = numbers[:2], numbers[2:]
    for one in [WHOLE, *PARTIAL, SPLIT, KILLED]:
        serve(api, one["name"], first, last)
        serve(api, f"{one['name']}/north", first)
        serve(api, f"{one['name']}/south", last)


def serve_states(api, *states):
    found = [{"id": n, "at": n, "state": state} for n, state in enumerate(states, 1)]
    api.routes["/flags"] = lambda seen: found if seen.query["page"] == "1" else []


def test_row_vanishes_only_after_a_complete_read(api, pipeline):
    """A run that fails, is cut, ignores a 404, reads a shard or is killed deletes nothing."""
    streams = [WHOLE, *PARTIAL, SPLIT, KILLED]
    serve_all(api, [1, 2, 3, 4])
    serve_states(api, "new", "new")
    assert pipeline.run(pipeline.config(FLAGS, *streams)) == 0
    assert pipeline.ids("flags") == [1, 2]
    assert [pipeline.ids(one["name"]) for one in streams] == [[1, 2, 3, 4]] * len(streams)

    # The rows 1 and 4 are gone from every stream.
    serve_all(api, [2, 3])
    serve(api, "failing", [2, 3], Reply({"message": "no"}, 500))
    serve(api, "ignoring/south", Reply({"message": "no"}, 404))
    cut = {"pagination": {**PAGES, "max_pages": 1}}
    partial = [one | (cut if one["name"] == "cut" else {}) for one in PARTIAL]
    serve_states(api, "gone", "new")
    assert pipeline.run(pipeline.config(FLAGS, WHOLE, *partial)) == 1
    assert pipeline.ids("whole") == [2, 3]
    assert pipeline.count("whole") == (2 if pipeline.hard else 4)
    assert pipeline.ids("flags") == [2]
    assert [pipeline.ids(one["name"]) for one in PARTIAL] == [[1, 2, 3, 4]] * len(PARTIAL)

    assert pipeline.run(first_shard(pipeline, SPLIT)) == 0
    assert pipeline.ids("split") == [1, 2, 3, 4]

    reached, opened = threading.Event(), threading.Event()

    def hold(seen):
        if seen.query["page"] == "1":
            return [{"id": 2}, {"id": 3}]
        reached.set()
        opened.wait(WAIT_SECONDS)
        return []

    api.routes["/killed"] = hold
    assert pipeline.run(pipeline.config(KILLED), kill_after=reached) < 0
    opened.set()
    assert pipeline.ids("killed") == [1, 2, 3, 4]
    wait_for_later_second()

    # The next complete read: row 1 is back, 3 and 4 are gone.
    serve_all(api, [1, 2])
    serve_states(api, "restored", "new")
    assert pipeline.run(pipeline.config(FLAGS, *streams)) == 0
    assert pipeline.ids("flags") == [1, 2]
    assert [pipeline.ids(one["name"]) for one in streams] == [[1, 2]] * len(streams)


def wait_for_later_second():
    """Return once a run that begins has a higher version than each run before.

    Versions are whole seconds, and a run that was killed leaves no state that names its own: in
    the same second its row 3 would have the version of the last run.
    """
    second = int(time.time())
    while int(time.time()) <= second:
        time.sleep(0.05)


def first_shard(pipeline, one):
    """Return the configuration of a worker that reads one of two regions."""
    command = [sys.executable, "-m", "tap_oauth2_generic", "shard", "--shards", "2", "--config"]
    command.append(pipeline._write("whole.json", pipeline.config(one)))
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return pipeline.config() | found[0]["config"]
