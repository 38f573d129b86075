"""The Singer messages of a whole sync of the sample configuration, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import Request, urlopen

import jsonschema
import pytest

from tap_oauth2_generic.demo import DemoServer

SAMPLE = Path(__file__).parent.parent / "sample_config.json"


@pytest.fixture
def demo():
    with DemoServer(port=0) as server:
        yield server


@pytest.fixture
def sample(demo):
    return json.loads(SAMPLE.read_text().replace("http://127.0.0.1:8765", demo.url))


def counts(demo, path="/demo/counts", method="GET"):
    with urlopen(Request(demo.url + path, method=method)) as answer:
        return json.load(answer)


def test_every_line_is_a_valid_singer_message(demo, sample, tap):
    """Each line is a message of the specification; a SCHEMA goes before records that fit it."""
    run = tap(sample)
    assert run.status == 0, run.errors
    schemas = {}
    for message in run.messages:
        if message["type"] == "SCHEMA":
            jsonschema.Draft7Validator.check_schema(message["schema"])
            assert set(message["key_properties"]) <= message["schema"]["properties"].keys()
            assert set(message["bookmark_properties"]) <= message["schema"]["properties"].keys()
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


def test_every_row_arrives_once_and_later_only_what_changed(demo, sample, tap):
    """The first sync gives every row of every collection once, the next one what changed since."""
    first = tap(sample)
    there = counts(demo)
    for stream in sample["streams"]:
        ids = [record["id"] for record in first.records(stream["name"])]
        assert len(ids) == len(set(ids)) == there[stream["name"]]
    changed = counts(demo, "/demo/change", "POST")
    second = tap(sample, state=first.state)
    for stream in sample["streams"]:
        assert len(second.records(stream["name"])) == changed[stream["name"]]
    third = tap(sample, state=second.state)
    assert third.state == second.state
    assert all(message["type"] != "RECORD" for message in third.messages)


def test_exact_decimals_survive_the_whole_way(sample, tap):
    """Digits that no float holds stand in the RECORD line as the API wrote them."""
    assert '"amount_exact":12345678901234567890.123456789' in tap(sample).output
