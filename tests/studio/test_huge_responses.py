"""Huge responses: what one takes of the memory of the whole process."""

from __future__ import annotations

import sys

import pytest

from tests.support.server import Reply

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

RECORD = b'{"id":123456,"name":"Anna Example","amount":12.5,"tags":["a","b"],"at":"2026-01-01"}'
MEBIBYTES = 60
SHAPES = {
    "list": b'{"data":[' + b",".join([RECORD] * (MEBIBYTES * 2**20 // len(RECORD))) + b"]}",
    "string": b'{"data":"' + b"x" * MEBIBYTES * 2**20 + b'"}',
    "text": b"so many " * (MEBIBYTES * 2**20 // 8),
}


@pytest.fixture
def stream(api, write):
    stream = {"name": "items", "path": "/items", "records_path": "data"}
    write(api.config(stream), secret=None)


@pytest.mark.parametrize("shape", SHAPES)
def test_huge_response_takes_at_most_two_and_a_half_times_its_size(
    stream, api, studio, client, shape
):
    """The request block holds the response once and decodes its beginning."""
    api.serve("/items", Reply(SHAPES[shape], headers={"Content-Type": "application/json"}))
    client.get("/request")
    before = studio.peak_bytes
    shown = client.post("/request/send", {"path": "/items", "method": "GET"})
    assert "only its beginning is shown" in shown.text
    assert len(shown.content) < 2**20
    assert studio.peak_bytes - before < 2.5 * len(SHAPES[shape])


def test_huge_page_takes_at_most_two_and_a_half_times_its_size(stream, api, studio, client):
    api.serve("/items", Reply(SHAPES["list"], headers={"Content-Type": "application/json"}))
    client.get("/streams/0")
    before = studio.peak_bytes
    client.post("/streams/0", {"action": "read"})
    assert "event: end" in client.get("/streams/0/events").text
    assert "of 1 page" in client.get("/streams/0").text
    assert studio.peak_bytes - before < 2.5 * len(SHAPES["list"])
