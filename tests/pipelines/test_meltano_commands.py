"""Meltano's commands around the tap, as the README names them."""

from __future__ import annotations

import json

import pytest

TAP = "tap-oauth2-generic"


@pytest.fixture
def configured(demo, project):
    """A project whose tap reads two streams of the demo."""
    project.configure({
        "base_url": f"{demo.url}/api/v1",
        "access_token_url": f"{demo.url}/oauth/token",
        "grant_type": "client_credentials",
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "streams": [
            {"name": "countries", "path": "countries", "primary_keys": ["id"]},
            {"name": "lists", "path": "lists", "records_path": "value", "primary_keys": ["id"]},
        ],
    })  # fmt: skip
    return project


def succeeded(project, *arguments):
    done = project.meltano(*arguments)
    assert done.status == 0, done.said
    return done.output


def test_what_is_set_reaches_the_tap_and_secrets_are_masked(configured):
    """`meltano config` sets, shows and unsets what the tap is given; a secret is not shown."""
    secret = configured.environment["TAP_OAUTH2_GENERIC_CLIENT_SECRET"]
    succeeded(configured, "config", "set", TAP, "timeout", "7.5")
    succeeded(configured, "config", "set", TAP, "retry_statuses", "[429, 503]")
    shown = json.loads(succeeded(configured, "config", "print", TAP))
    assert shown["timeout"] == "7.5"  # the tap reads the number in it
    assert shown["retry_statuses"] == [429, 503]
    assert [stream["name"] for stream in shown["streams"]] == ["countries", "lists"]
    assert secret not in json.dumps(shown)
    whole = json.loads(succeeded(configured, "config", "--unsafe", "print", TAP))
    assert whole["client_secret"] == secret
    succeeded(configured, "config", "unset", TAP, "timeout")
    assert "timeout" not in json.loads(succeeded(configured, "config", "print", TAP))


def test_discovery_prints_the_catalog(configured):
    """`meltano invoke tap-oauth2-generic --discover` prints a catalog with inferred schemas."""
    printed = succeeded(configured, "invoke", "--no-install", TAP, "--discover")
    found = {stream["tap_stream_id"]: stream for stream in json.loads(printed)["streams"]}
    assert found.keys() == {"countries", "lists"}
    assert "object" in found["countries"]["schema"]["properties"]["capital"]["type"]


def test_the_preview_shows_records(configured):
    """`meltano invoke tap-oauth2-generic:preview` shows what was asked and what came."""
    preview = ("invoke", "--no-install", f"{TAP}:preview", "--stream", "lists", "--json")
    printed = json.loads(succeeded(configured, *preview))
    assert "Liste № 1" in json.dumps(printed, ensure_ascii=False)


def test_what_is_not_selected_is_not_read(configured):
    """`meltano select` narrows a run to streams and fields, and lists what is selected."""
    succeeded(configured, "select", "--no-install", TAP, "countries", "name")
    listed = succeeded(configured, "select", "--no-install", TAP, "--list")
    assert "countries.name" in listed
    assert "lists.displayName" not in listed
    lines = succeeded(configured, "invoke", "--no-install", TAP).splitlines()
    records = [m for m in map(json.loads, lines) if m["type"] == "RECORD"]
    assert {message["stream"] for message in records} == {"countries"}
    # A key is always read.
    assert {name for message in records for name in message["record"]} == {"id", "name"}
