"""The module of the Airbyte CDK keeps between runs what Airbyte's platform keeps."""

from __future__ import annotations

import json

import pytest

from comparison.peer import Task
from comparison.peers import airbyte

MANIFEST = "streams: [{name: items, incremental_sync: {}}, {name: others}]"


@pytest.fixture
def second_run(tmp_path):
    """The second of two runs, whose first one was killed in the middle of a line."""
    manifest = tmp_path / "configuration.yaml"
    manifest.write_text(MANIFEST)
    lines = [
        state("items", "2026-01-01"),
        {"type": "CONTROL", "control": {"connectorConfig": {"config": {"refresh_token": "new"}}}},
        {"type": "RECORD", "record": {"stream": "items", "data": {"id": 1}}},
        state("others", "2026-01-03"),
        state("items", "2026-01-02"),
    ]
    first = Task(tmp_path, manifest, "http://127.0.0.1:1", 1)
    first.output.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"type": "ST')
    return Task(tmp_path, manifest, first.api, 2)


def state(stream, value):
    """A STATE message."""
    return {
        "type": "STATE",
        "state": {
            "stream": {"stream_descriptor": {"name": stream}, "stream_state": {"updated_at": value}}
        },
    }


def given(task, option):
    """What the file of an option holds."""
    arguments = airbyte.command(task)
    return json.loads(arguments[arguments.index(option) + 1].read_text())


def test_last_state_of_each_stream_is_kept(second_run):
    kept = [found["stream"] for found in given(second_run, "--state")]
    values = {s["stream_descriptor"]["name"]: s["stream_state"]["updated_at"] for s in kept}
    assert values == {"items": "2026-01-02", "others": "2026-01-03"}


def test_configuration_of_a_control_message_is_kept(second_run):
    assert given(second_run, "--config") == {"refresh_token": "new"}


def test_stream_with_a_cursor_is_read_incrementally(second_run):
    modes = [stream["sync_mode"] for stream in given(second_run, "--catalog")["streams"]]
    assert modes == ["incremental", "full_refresh"]


def test_rows_are_those_of_record_messages(second_run):
    first = Task(second_run.folder, second_run.configuration, second_run.api, 1)
    assert list(airbyte.rows(first)) == [("items", {"id": 1})]
