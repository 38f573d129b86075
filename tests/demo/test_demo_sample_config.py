"""``sample_config.json`` fits the demo unchanged."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.support import ROOT
from tests.support.demo_pages import read_all

CONFIG = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
STREAMS = {stream["name"]: stream for stream in CONFIG["streams"]}


def test_urls_are_those_of_the_demo_on_its_default_port():
    assert CONFIG["base_url"] == "http://127.0.0.1:8765/api/v1"
    assert CONFIG["access_token_url"] == "http://127.0.0.1:8765/oauth/token"


def test_every_collection_has_a_stream(client):
    assert set(STREAMS) == set(client.counts())


def test_child_is_incremental_and_its_parent_is_not():
    """Otherwise a child that changes alone would be missed."""
    (child,) = (stream for stream in STREAMS.values() if "parent" in stream)
    assert "replication_key" in child
    assert "replication_key" not in STREAMS[child["parent"]["stream"]]


def test_every_paging_style_is_used():
    styles = {stream.get("pagination", {}).get("style", "none") for stream in STREAMS.values()}
    assert styles == {
        "none",
        "page_number",
        "offset",
        "cursor",
        "next_url",
        "link_header",
        "last_record",
    }


@pytest.mark.parametrize("name", STREAMS)
def test_each_stream_finds_its_records(client, name):
    """Path, method, page size, filter, records path and key fields match the demo."""
    stream = STREAMS[name]
    paging = stream.get("pagination", {})
    grant = {key: CONFIG[key] for key in ("client_id", "client_secret")}
    assert client.token(CONFIG["grant_type"], client=grant).ok
    params = {}
    if "incremental" in stream:
        params[stream["incremental"]["start_param"]] = CONFIG["start_date"]
    if "page_size" in paging:
        *outer, size = paging["page_size_param"].split(".")
        params |= {outer[0]: {size: paging["page_size"]}} if outer else {size: paging["page_size"]}
    path = stream["path"]
    if "parent" in stream:
        (first, *_) = read_all(client, stream["parent"]["stream"])
        for key, field in stream["parent"]["keys"].items():
            path = path.replace(f"{{parent.{key}}}", quote(first[field], safe=""))
    answer = client.call(path, method=stream.get("method", "GET"), **params).json()
    records = answer[stream["records_path"]] if "records_path" in stream else answer
    expected = min(paging.get("page_size", 10_000), client.counts()[name])
    assert len(records) == expected
    keys = {*stream["primary_keys"], stream.get("replication_key", "id")}
    for record in records:
        added = {"updated_at": record["fields"]["updated"]} if "add_fields" in stream else {}
        assert keys <= {*record, *added}
