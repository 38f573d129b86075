"""A test read takes the path of a sync, and who watches it sees its end, however slow."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.studio.access import Access
from tap_oauth2_generic.studio.pages import Studio
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.read_limits import ReadLimits
from tap_oauth2_generic.studio.streams_page import show
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


def wait_for(trial):
    """Watch a test read to its end."""
    for _ in trial.watch():
        pass


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
    wait_for(trial)
    assert (trial.state, trial.error) == ("done", "")
    run = tap.ok(config)
    assert trial.sampled
    assert without_times(trial.sampled) == without_times(run.records("items"))
    columns = {*trial.schema["properties"]}
    assert columns <= {*run.schemas("items")[0]["properties"]}


def test_export_job_is_read_and_deleted(api, capfd):
    """A read that ends at its limit deletes the job, too; no message is written."""
    api.serve("/jobs", {"id": "1"})
    api.serve("/jobs/1", {"state": "Completed"})
    api.serve("/jobs/1/results", [{"id": 1}, {"id": 2}])
    job = {
        "create": {"path": "jobs"},
        "poll": {"path": "jobs/{job.id}"},
        "status_path": "state",
        "done": ["Completed"],
        "download": {"path": "jobs/{job.id}/results"},
        "delete": {"path": "jobs/{job.id}"},
    }
    trial = Trial("items", ReadLimits(pages=1))
    trial.begin(api.config({"name": "items", "job": job}))
    wait_for(trial)
    assert trial.error == ""
    assert [record["id"] for record in trial.records] == [1, 2]
    assert [seen.method for seen in api.requests("/jobs/1")] == ["GET", "DELETE"]
    assert capfd.readouterr().out == ""


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


def test_page_follows_a_read_that_ends_while_it_is_rendered(api, tmp_path):
    """The page would stay as it was, without the last records, and look complete."""
    config = api.config({"name": "items", "path": "items"})
    (tmp_path / "config.json").write_text(json.dumps(config))
    studio, trial = Studio(Project(tmp_path / "config.json"), Access(1)), Trial("items")

    class Ending(list):
        """Records whose read ends when they are shown."""

        def __iter__(self):
            trial.state = "done"
            return super().__iter__()

    trial.records = Ending([{"id": 1}])
    studio.trials["items"] = trial
    assert b"data-events" in show(studio, {"index": "0"}).body
