"""Load: many streams, many partitions, and a soak; nothing here is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict

import pytest

from benchmarks import contenders, growth, soak, soak_api, soak_studio
from benchmarks.processes import measure, server

STREAMS = [150, pytest.param(500, marks=pytest.mark.slow)]
PARTITIONS = [2_000, pytest.param(10_000, marks=pytest.mark.slow)]


@pytest.fixture
def run(tmp_path):
    """Run the tap from a state; return its records and its last state."""

    def run(arguments, state):
        output, given = tmp_path / "messages.jsonl", tmp_path / "state.json"
        given.write_text(json.dumps(state))
        measure([*arguments, "--state", str(given)], output=output)
        messages = [json.loads(line) for line in output.read_bytes().splitlines()]
        states = [message["value"] for message in messages if message["type"] == "STATE"]
        return [message for message in messages if message["type"] == "RECORD"], states[-1]

    return run


@pytest.mark.parametrize("count", STREAMS)
def test_each_of_many_streams_is_read_and_resumed(api, tap, count):
    """Each stream emits its rows and has a bookmark from which the next run resumes."""
    rows = [{"id": n, "at": f"2024-01-0{n}T00:00:00Z"} for n in range(1, 6)]

    def page(seen):
        found = [row for row in rows if row["at"] >= seen.query.get("since", "")]
        first = (int(seen.query["page"]) - 1) * 2
        return found[first : first + 2]

    streams = [
        {
            "name": f"stream_{number}",
            "path": f"items/{number}",
            "replication_key": "at",
            "primary_keys": ["id"],
            "incremental": {"start_param": "since"},
            "pagination": {"style": "page_number"},
        }
        for number in range(count)
    ]
    api.routes |= {f"/items/{number}": page for number in range(count)}
    state = {}
    for expected in ([1, 2, 3, 4, 5], [5]):
        run = tap.ok(api.config(*streams), state=state)
        found, state = defaultdict(list), run.state
        for message in run.messages:
            if message["type"] == "RECORD":
                found[message["stream"]].append(message["record"]["id"])
        assert found == {stream["name"]: expected for stream in streams}


@pytest.mark.parametrize("count", PARTITIONS)
def test_each_of_many_partitions_is_read_and_resumed(run, tmp_path, count):
    """Each partition emits its row, and a run from all their bookmarks keeps them."""
    with server(records=1) as serving:
        arguments = contenders.tap(serving.address, tmp_path, *growth.partitioned_stream(count))
        state = {}
        for _ in range(2):
            records, state = run(arguments, state)
            assert [message["record"]["owner"] for message in records] == list(range(count))
            partitions = state["bookmarks"]["tiny"]["partitions"]
            assert [found["context"]["owner"] for found in partitions] == list(range(count))
            assert {found["replication_key_value"] for found in partitions} == {
                "2024-01-02T00:00:00Z"
            }


def test_context_without_a_bookmark_leaves_nothing_in_memory(tmp_path):
    """After three thousand children the process holds as many objects as after a hundred."""
    command = [sys.executable, "-m", "tests.support.object_counts"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    few, many = map(int, done.stdout.split())
    assert many - few < 1500


def test_soak_loses_nothing_and_does_not_grow(tmp_path):
    """Through faults and rotated tokens each record is emitted once, and memory does not grow."""
    done = soak.run_soak(tmp_path, 100, 0, fault_every=20, token_uses=60, max_wait=0.05)
    assert list(done.failures()) == []
    assert set(done.counted["faults"]) == set(soak_api.FAULTS)
    assert done.counted["tokens"] > 5


def test_studio_shows_as_many_records_each_time(tmp_path):
    phase = soak_studio.soak_studio(tmp_path, soak.SOAKED[:1], 0)
    assert phase.misplaced == 0
    assert phase.records["studio"] > 1
