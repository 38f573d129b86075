"""A test read of a huge page: its head is shown, and it takes little more memory than it must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.server import Reply

ROW = json.dumps({"id": 123, "at": "2024-01-01T00:00:00Z", "text": "x" * 200}).encode()
# What one event may hold, so that the page does not freeze.
MAX_EVENT = 200_000


def huge(size):
    return b'{"data": [' + b", ".join([ROW] * (size // len(ROW))) + b"]}"


@pytest.fixture
def written(api, write, request):
    size, more = request.param
    api.serve("/items", Reply(huge(size)))
    write(api.config({"name": "items", "path": "items", **more}), secret=None)
    return size


def events(client):
    """Begin a test read and return its events."""
    client.post("/streams/0", {"action": "read"}).raise_for_status()
    with client.http.get(f"{client.origin}/streams/0/events", stream=True, timeout=60) as found:
        lines = [line for line in found.iter_lines() if line.startswith(b"data: <")]
    assert lines
    return lines


@pytest.mark.parametrize(
    "written",
    [
        (100_000_000, {"records_path": "data"}),
        (100_000_000, {"records_path": "data", "replication_key": "at"}),
    ],
    ids=["plain", "replication key"],
    indirect=True,
)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_huge_page_takes_little_memory(written, studio, client):
    client.get("/streams/0")
    before = studio.peak_bytes
    lines = events(client)
    assert studio.peak_bytes - before < 2.5 * written
    assert max(map(len, lines)) < MAX_EVENT
    shown = client.get("/streams/0").text
    assert f"read: {written // len(ROW):,} records of 1 page" in shown
    assert "Record 20" in shown


@pytest.mark.parametrize("written", [(20_000_000, {})], indirect=True)
def test_huge_response_as_one_record_is_shown_by_its_beginning(written, client):
    """As it is when nobody has said yet where the records are."""
    lines = events(client)
    assert max(map(len, lines)) < MAX_EVENT
    shown = client.get("/streams/0").text
    assert "read: 1 record of 1 page" in shown
    assert "did you mean records_path &#39;data&#39;" in shown
