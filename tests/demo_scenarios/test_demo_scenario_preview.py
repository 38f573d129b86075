"""Preview, suggestions and discovery against the demo."""

from __future__ import annotations

import json

import pytest

from tests.support import ROOT
from tests.support.commands import run_program, write_config

SAMPLE = ROOT / "sample_config.json"
BARE = ["countries", "contacts", "issues", "people", "messages", "events", "charges"]


@pytest.fixture
def preview(tmp_path):
    def run(config, *options):
        return run_program("preview", "--config", write_config(tmp_path, config), *options)

    return run


@pytest.fixture
def sample(demo):
    streams = json.loads(SAMPLE.read_text())["streams"]
    return demo.config(*streams, headers={"X-Api-Key": "key-of-the-test"})


def test_json_preview_shows_every_stream(sample, preview):
    """With request, status, records, paging, schema and candidates."""
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
    assert told["countries"]["paging"] == "ends: no pagination is configured"
    assert told["people"]["replication_key_candidates"] == ["updated_at"]


def test_preview_of_one_stream_shows_tables_and_no_secret(sample, preview):
    done = preview(sample, "--stream", "contacts", "--records", "2")
    assert done.returncode == 0, done.stderr
    for text in ("/contacts", "status 200", "paging goes on:", "page=2", "first_name", "record 2"):
        assert text in done.stdout
    assert "countries" not in done.stdout
    for secret in ("demo-secret", "key-of-the-test"):
        assert secret not in done.stdout + done.stderr


def test_wrong_records_path_names_the_keys_of_the_response(demo, preview):
    done = preview(demo.config({"name": "x", "path": "/contacts", "records_path": "rows"}))
    assert done.returncode == 1
    assert "data, info" in done.stdout


def test_pasted_suggestion_reads_every_record_once(demo, preview, tap):
    bare = [{"name": name, "path": f"/{name}"} for name in BARE]
    done = preview(demo.config(*bare), "--suggest", "--json")
    assert done.returncode == 0, done.stderr
    streams = [one["suggestion"]["stream"] for one in json.loads(done.stdout)]
    run = tap.ok(demo.config(*streams))
    counts = demo.counts()
    for name in BARE:
        ids = {record["id"] for record in run.records(name)}
        assert len(ids) == len(run.records(name)) == counts[name], name


def test_discovery_of_a_bare_path_lists_its_fields(demo, tap):
    run = tap.ok(demo.config({"name": "countries", "path": "/countries"}), "--discover")
    (entry,) = json.loads(run.output)["streams"]
    assert {"id", "name", "capital", "updated_at"} <= entry["schema"]["properties"].keys()


def test_sync_guesses_no_records_path(demo, tap):
    """A response without records_path is one record."""
    run = tap.ok(demo.config({"name": "contacts", "path": "/contacts"}))
    (record,) = run.records("contacts")
    assert record.keys() == {"data", "info"}
