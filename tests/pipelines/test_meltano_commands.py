"""Meltano's own commands, run with the tap."""

from __future__ import annotations

import json

import pytest
from meltano_log import parse_line

from tests.pipelines.meltano_project import Project

TAP = "tap-oauth2-generic"


def config(demo, *streams):
    """Return a configuration that reads streams of the demo API."""
    return {
        "base_url": f"{demo.url}/api/v1",
        "access_token_url": f"{demo.url}/oauth/token",
        "grant_type": "client_credentials",
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "streams": streams,
    }


@pytest.fixture
def configured(demo, project):
    """A project whose tap reads two streams of the demo API."""
    countries = {"name": "countries", "path": "countries", "primary_keys": ["id"]}
    lists = {"name": "lists", "path": "lists", "records_path": "value", "primary_keys": ["id"]}
    project.configure(config(demo, countries, lists))
    return project


def run(project, *arguments):
    done = project.meltano(*arguments)
    assert done.status == 0, done.log_tail
    return done.output


def test_config_command_sets_values_and_masks_secrets(configured):
    """`meltano config` sets, prints and unsets a setting, and masks secrets."""
    secret = configured.environment["TAP_OAUTH2_GENERIC_CLIENT_SECRET"]
    run(configured, "config", "set", TAP, "timeout", "7.5")
    run(configured, "config", "set", TAP, "retry_statuses", "[429, 503]")
    shown = json.loads(run(configured, "config", "print", TAP))
    assert shown["timeout"] == "7.5"  # the tap reads the number in it
    assert shown["retry_statuses"] == [429, 503]
    assert [stream["name"] for stream in shown["streams"]] == ["countries", "lists"]
    assert secret not in json.dumps(shown)
    whole = json.loads(run(configured, "config", "--unsafe", "print", TAP))
    assert whole["client_secret"] == secret
    run(configured, "config", "unset", TAP, "timeout")
    assert "timeout" not in json.loads(run(configured, "config", "print", TAP))


def test_invoke_discover_prints_the_catalog(configured):
    """`meltano invoke tap-oauth2-generic --discover` prints a catalog with inferred schemas."""
    printed = run(configured, "invoke", "--no-install", TAP, "--discover")
    found = {stream["tap_stream_id"]: stream for stream in json.loads(printed)["streams"]}
    assert found.keys() == {"countries", "lists"}
    assert "object" in found["countries"]["schema"]["properties"]["capital"]["type"]


def test_invoke_preview_prints_records(configured):
    """`meltano invoke tap-oauth2-generic:preview` prints records of a stream."""
    preview = ("invoke", "--no-install", f"{TAP}:preview", "--stream", "lists", "--json")
    printed = json.loads(run(configured, *preview))
    assert "Liste № 1" in json.dumps(printed, ensure_ascii=False)


def test_warnings_and_errors_show_as_such(demo, tmp_path):
    """With structured-logging, Meltano shows each line of the tap at its level."""
    project = Project(tmp_path, "target-jsonl")
    contacts = {"name": "contacts", "path": "contacts", "records_path": "data"}
    nowhere = {"name": "nowhere", "path": "nowhere"}
    project.configure({**config(demo, contacts, nowhere), "max_retries": 0})
    done = project.meltano("run", "--no-install", TAP, "target-jsonl")
    assert done.status == 1
    entries = [parse_line(line) for line in done.log.splitlines()]
    for event, level in [("failed; continuing", "warning"), ("returned status 404", "error")]:
        assert {entry["level"] for entry in entries if event in entry["event"]} == {level}


def test_select_limits_streams_and_fields(configured):
    """`meltano select` limits a run to streams and fields, and lists the selection."""
    run(configured, "select", "--no-install", TAP, "countries", "name")
    listed = run(configured, "select", "--no-install", TAP, "--list")
    assert "countries.name" in listed
    assert "lists.displayName" not in listed
    lines = run(configured, "invoke", "--no-install", TAP).splitlines()
    records = [m for m in map(json.loads, lines) if m["type"] == "RECORD"]
    assert {message["stream"] for message in records} == {"countries"}
    # Primary keys are always emitted.
    assert {name for message in records for name in message["record"]} == {"id", "name"}
