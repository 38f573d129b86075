"""The Singer messages of a sync of the sample configuration, line by line."""

from __future__ import annotations

import gc
import json
from urllib.request import Request, urlopen

import jsonschema
import pytest

from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support import ROOT

SAMPLE = ROOT / "sample_config.json"


@pytest.fixture
def sample(demo):
    return json.loads(SAMPLE.read_text().replace("http://127.0.0.1:8765", demo.url))


def counts(demo, path="/demo/counts", method="GET"):
    with urlopen(Request(demo.url + path, method=method)) as answer:
        return json.load(answer)


def test_every_line_is_a_valid_singer_message(demo, sample, tap):
    """Each line is a message of the specification; a SCHEMA precedes the records that fit it."""
    run = tap.ok(sample)
    schemas = {}
    for message in run.messages:
        if message["type"] == "SCHEMA":
            jsonschema.Draft7Validator.check_schema(message["schema"])
            assert set(message["key_properties"]) <= message["schema"]["properties"].keys()
            assert (
                set(message.get("bookmark_properties", []))
                <= message["schema"]["properties"].keys()
            )
            schemas[message["stream"]] = jsonschema.Draft7Validator(message["schema"])
        elif message["type"] == "RECORD":
            schemas[message["stream"]].validate(message["record"])
            assert (
                message["record"].keys() <= schemas[message["stream"]].schema["properties"].keys()
            )
            assert message["time_extracted"].endswith("Z")
        else:
            assert message["type"] == "STATE"
            assert message["value"].keys() == {"bookmarks"}
    assert run.messages[-1]["type"] == "STATE"
    assert set(schemas) == {stream["name"] for stream in sample["streams"]}


def test_every_row_arrives_once_then_only_changes(demo, sample, tap):
    """The first run emits every row once, the next only changes, or all without a bookmark."""
    first = tap(sample)
    there = counts(demo)
    for stream in sample["streams"]:
        ids = [record["id"] for record in first.records(stream["name"])]
        assert len(ids) == len(set(ids)) == there[stream["name"]]
    due = counts(demo, "/demo/change", "POST")
    whole = {s["name"] for s in sample["streams"] if "replication_key" not in s}
    second = tap(sample, state=first.state)
    there = counts(demo)
    for name in due:
        assert len(second.records(name)) == (there if name in whole else due)[name]
    third = tap(sample, state=second.state)
    assert third.state == second.state
    assert {m["stream"] for m in third.messages if m["type"] == "RECORD"} == whole == {"lists"}


def test_exact_decimals_reach_the_output(sample, tap):
    """Digits that no float holds are in the RECORD line as the API wrote them."""
    assert '"amount_exact":12345678901234567890.123456789' in tap(sample).output


def conformers():
    """Return those of all pipelines, also of other tests."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, Conform)]


def test_stream_that_has_ended_holds_no_pipeline(api):
    """Nor does its child stream: the decoders of a thousand streams would add up."""
    api.serve("/owners", [{"id": 1}, {"id": 2}])
    api.routes |= dict.fromkeys(("/owners/1", "/owners/2"), lambda _: [{"x": 1}])
    child = {"parent": {"stream": "owners", "keys": {"owner": "id"}}}
    streams = (
        {"name": "owners", "path": "owners"},
        {"name": "notes", "path": "owners/{parent.owner}", **child},
    )
    others = conformers()
    tap = TapOAuth2Generic(config=api.config(*streams))
    tap.sync_all()
    assert tap.streams["notes"].failures.stats.records == 2
    assert [one for one in conformers() if one not in others] == []
