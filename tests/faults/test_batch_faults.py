"""BATCH files under kills and full disks: no STATE is ahead of what named files hold."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.faults.test_full_disks import FULL, TAP, error_line, run
from tests.support.batches import batch_settings, load_with_sdk
from tests.support.commands import write_config

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
ROWS = [
    # What no compression makes smaller.
    {"id": n, "at": (BEGIN + timedelta(hours=n)).isoformat(), "noise": os.urandom(200).hex()}
    for n in range(400)
]
PROPERTIES = {"id": {"type": "integer"}, "at": {"type": "string"}, "noise": {"type": "string"}}
STREAM = {
    "name": "items",
    "path": "items",
    "schema": {"properties": PROPERTIES},
    "replication_key": "at",
    "incremental": {"start_param": "since", "order": "asc"},
    "pagination": {"style": "offset"},
}
COMMAND = [sys.executable, *TAP]


@pytest.fixture
def serve(api):
    """Serve the rows in pages of ten; ``before`` is called with the offset of each page."""

    def serve_rows(before=lambda _: None):
        def items(seen):
            since, start = seen.query.get("since"), int(seen.query["offset"])
            before(start)
            rows = [r for r in ROWS if since is None or r["at"] >= since.replace("Z", "+00:00")]
            return rows[start : start + 10]

        api.routes["/items"] = items

    return serve_rows


class Loader:
    """What a target has after the full lines of one or more runs."""

    def __init__(self):
        self.ids, self.state, self.output = set(), {}, ""

    def take(self, output):
        lines = [line for line in output.decode().splitlines(keepends=True) if line.endswith("\n")]
        kept = [line for line in lines if line.startswith("{")]
        loaded = load_with_sdk("".join(kept))
        self.ids |= {row["id"] for row in loaded.get("items", [])}
        states = [m["value"] for m in map(json.loads, kept) if m["type"] == "STATE"]
        self.state = states[-1] if states else self.state
        return loaded.get("items", [])


def write_state(folder, state):
    path = folder / "state.json"
    path.write_text(json.dumps(state))
    return ["--state", str(path)]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_row_is_lost_by_kills_at_any_moment(api, serve, tmp_path, how, kind):
    """Each run continues from the last STATE that the killed one sent."""
    chance = random.Random(f"{how} {kind}")  # noqa: S311 - only to vary
    ends_at, reached = [0], threading.Event()

    def before(start):
        if start >= ends_at[0]:
            reached.set()

    serve(before)
    settings = batch_settings(tmp_path / "files", size=25, format=kind)
    config = write_config(tmp_path, api.config(STREAM, requests_per_second=200, **settings))
    loader, kills = Loader(), 0
    for attempt in range(6):
        reached.clear()
        ends_at[0] = chance.randrange(20, 150) if attempt < 5 else 10**9
        options = write_state(tmp_path, loader.state)
        with subprocess.Popen(
            [*COMMAND, str(config), *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            killer = threading.Thread(
                target=end, args=(process, reached, how, chance.random() * 0.02)
            )
            killer.start()
            output = process.stdout.read()
        reached.set()
        killer.join()
        kills += process.returncode != 0
        loader.take(output)
        reach = loader.state.get("bookmarks", {}).get("items", {})
        reach = reach.get("progress_markers", reach).get("replication_key_value", "")
        assert loader.ids >= {row["id"] for row in ROWS if row["at"] <= reach}
    assert kills >= 3
    assert loader.ids == {row["id"] for row in ROWS}
    if how == signal.SIGTERM:
        assert not [*(tmp_path / "files").glob(".*.part")]


def end(process, reached, how, delay):
    reached.wait(60)
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(how)


def test_kill_between_rename_and_batch_loses_no_row(api, serve, tmp_path):
    """The file is there, but nobody was told: the next run reads its records again."""
    is_full = threading.Event()
    serve(lambda start: start >= 10 and is_full.wait(60))
    settings = batch_settings(tmp_path / "files", size=25)
    config = write_config(tmp_path, api.config(STREAM, max_in_flight=1, **settings))
    source, sink = os.pipe()
    with subprocess.Popen(
        [*COMMAND, str(config)], stdout=sink, stderr=subprocess.DEVNULL
    ) as process:
        schema = os.read(source, 2**16)
        # From here on stdout takes nothing, so the tap stops before its first BATCH.
        fcntl.fcntl(sink, fcntl.F_SETFL, os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while os.write(sink, b"#" * 4096):
                pass
        fcntl.fcntl(sink, fcntl.F_SETFL, 0)
        is_full.set()
        deadline = time.monotonic() + 60
        while not [*(tmp_path / "files").glob("*.gz")] and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    os.close(sink)
    with os.fdopen(source, "rb") as rest:
        assert b"BATCH" not in schema + rest.read()
    loader = Loader()
    done = subprocess.run([*COMMAND, str(config)], capture_output=True, check=True)
    assert sorted(row["id"] for row in loader.take(done.stdout)) == [row["id"] for row in ROWS]


@pytest.mark.parametrize("encoding", ["jsonl none", "jsonl gzip", "jsonl zstd", "parquet gzip"])
def test_full_disk_is_one_line_and_no_batch(api, serve, tmp_path, encoding):
    """What no BATCH names is read again by the next run."""
    serve()
    kind, compression = encoding.split()
    folder = tmp_path / "files"
    settings = batch_settings(folder, size=200, format=kind, compression=compression)
    config = write_config(tmp_path, api.config(STREAM, **settings))
    done = run(FULL.format(size=40_000), *TAP, str(config))
    line = error_line(done)
    assert "batch_config: cannot write to" in line
    assert "File too large" in line
    assert "Exception ignored" not in done.stderr
    assert "BATCH" not in done.stdout
    assert "STATE" not in done.stdout
    assert not [*folder.iterdir()]
    again = run("0", *TAP, str(config))
    assert again.returncode == 0, again.stderr
    if compression != "zstd":
        assert [row["id"] for row in Loader().take(again.stdout.encode())] == [*range(400)]
