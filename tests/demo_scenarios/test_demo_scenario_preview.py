"""The preview, its suggestions and discovery, against the demo."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support import ROOT

SAMPLE = ROOT / "sample_config.json"
BARE = ["countries", "contacts", "issues", "people", "messages", "events", "charges"]


@pytest.fixture
def preview(tmp_path):
    def run(config, *options):
        path = tmp_path / "preview.json"
        path.write_text(json.dumps(config))
        command = [sys.executable, "-m", "tap_oauth2_generic", "preview", "--config", str(path)]
        return subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def sample(demo):
    streams = json.loads(SAMPLE.read_text())["streams"]
    return demo.config(*streams, headers={"X-Api-Key": "key-of-the-test"})


def test_every_stream_is_previewed_for_programs(sample, preview):
    """--json tells of each stream the request, status, records, paging, schema and candidates."""
    done = preview(sample, "--json", "--records", "3")
    assert done.returncode == 0, done.stderr
    told = {one["stream"]: one for one in json.loads(done.stdout)}
    assert told.keys() == {stream["name"] for stream in sample["streams"]}
    for one in told.values():
        assert one["ok"]
        (page, *_) = one["pages"]
        assert (page["status"], page["found"]) == (200, True)
        assert page["request"]["headers"]["X-Api-Key"] == "***"
        assert len(one["records"]) == 3
        assert one["records"][0].keys() <= one["schema"]["properties"].keys()
        assert one["primary_key_candidates"][0] == "id"
    assert told["contacts"]["paging"] == "goes on: per_page=50, page=2"
    assert told["countries"]["paging"] == "ends: no pagination is set, so one answer is all"
    assert told["people"]["replication_key_candidates"] == ["updated_at"]


def test_one_stream_is_previewed_for_people(sample, preview):
    """A single stream is shown as tables, with status, the next page and no secret."""
    done = preview(sample, "--stream", "contacts", "--records", "2")
    assert done.returncode == 0, done.stderr
    for text in ("/contacts", "status 200", "paging goes on:", "page=2", "first_name", "record 2"):
        assert text in done.stdout
    assert "countries" not in done.stdout
    for secret in ("demo-secret", "key-of-the-test"):
        assert secret not in done.stdout + done.stderr


def test_the_keys_that_were_there_instead_are_told(demo, preview):
    """Where nothing is found, the keys of the answer are told, and the status is 1."""
    done = preview(demo.config({"name": "x", "path": "/contacts", "records_path": "rows"}))
    assert done.returncode == 1
    assert "data, info" in done.stdout


def test_suggestions_read_everything_when_pasted(demo, preview, tap):
    """Of a bare path --suggest makes a definition with which a sync reads every record once."""
    bare = [{"name": name, "path": f"/{name}"} for name in BARE]
    done = preview(demo.config(*bare), "--suggest", "--json")
    assert done.returncode == 0, done.stderr
    streams = [one["suggestion"]["stream"] for one in json.loads(done.stdout)]
    run = tap(demo.config(*streams))
    assert run.status == 0, run.errors
    counts = demo.counts()
    for name in BARE:
        ids = {record["id"] for record in run.records(name)}
        assert len(ids) == len(run.records(name)) == counts[name], name


def test_discovery_of_a_bare_path_is_useful(demo, tap):
    """--discover on a connection and a path alone prints a catalog with the fields there are."""
    run = tap(demo.config({"name": "countries", "path": "/countries"}), "--discover")
    assert run.status == 0, run.errors
    (entry,) = json.loads(run.output)["streams"]
    assert {"id", "name", "capital", "updated_at"} <= entry["schema"]["properties"].keys()


def test_a_sync_guesses_nothing(demo, tap):
    """A sync does not do what --suggest would: an answer without records_path is one record."""
    run = tap(demo.config({"name": "contacts", "path": "/contacts"}))
    assert run.status == 0, run.errors
    (record,) = run.records("contacts")
    assert record.keys() == {"data", "info"}
