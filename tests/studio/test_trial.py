"""A test read takes the path of a sync, and who watches it sees its end, however slow."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.studio.trial import Trial
from tests.support.server import Reply

ROWS = [
    {"id": n, "at": f"2024-01-{n:02}T00:00:00Z", "kind": "ab"[n % 2], "more": {"n": n}}
    for n in range(1, 10)
]
#: Settings that change which records there are, or what they hold.
SETTINGS = {
    "plain": {},
    "added fields": {"add_fields": {"n": "more.n"}},
    "keep": {"keep": [{"path": "kind", "equals": "a"}]},
    "partitions": {"partitions": {"region": ["north", "south"]}},
    "JSONPath": {"records_path": "$.data[?(@.id > 3)]"},
    "deleted": {"deleted": {"path": "kind", "equals": "a"}},
    "incremental": {"replication_key": "at", "incremental": {"drop_older": True}},
}


def without_times(rows):
    """Return records without the time of the run."""
    shown = [{**row, "_sdc_deleted_at": row.get("_sdc_deleted_at") is not None} for row in rows]
    return json.loads(json.dumps(shown, default=str))


@pytest.mark.parametrize("kind", SETTINGS)
def test_records_are_those_of_a_sync(api, tap, kind):
    def respond(seen):
        first = 3 * int(seen.query["page"]) - 3
        return Reply({"data": ROWS[first : first + 3]})

    api.routes["/items"] = respond
    stream = {"name": "items", "path": "items", "records_path": "data"}
    stream |= {"pagination": {"style": "page_number"}, **SETTINGS[kind]}
    config = api.config(stream, start_date="2024-01-04T00:00:00Z")
    trial = Trial("items")
    trial.begin(config)
    for _ in trial.watch():
        pass
    assert (trial.state, trial.error) == ("done", "")
    run = tap.ok(config)
    assert trial.sampled
    assert without_times(trial.sampled) == without_times(run.records("items"))
    columns = {*trial.schema["properties"]}
    assert columns <= {*run.schemas("items")[0]["properties"]}


def test_end_between_two_looks_is_shown():
    """It ends while the change before is shown: the end is one more change."""
    trial = Trial("items")
    watched = trial.watch()
    next(watched)
    trial.stop()
    next(watched)
    assert trial.state == "stopped"
    assert [*watched] == []


def test_ended_read_is_shown_once():
    trial = Trial("items")
    trial.stop()
    assert [*trial.watch()] == [True]
