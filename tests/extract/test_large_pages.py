"""A page too large to be decoded as a whole is processed in parts, and is one page all the same."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.parsing.formats import LARGE_BYTES, JsonList, decode
from tests.support.server import Reply

ROWS = [{"id": n, "text": "x" * 10_000} for n in range(LARGE_BYTES // 9_000)]
SCHEMA = {"properties": {"id": {"type": ["integer", "string"]}, "text": {"type": "string"}}}
BODIES = {
    "json": json.dumps(ROWS, separators=(",", ":")),
    "jsonl": "".join(f"{json.dumps(row)}\n" for row in ROWS),
    "csv": "id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in ROWS),
}


@pytest.mark.parametrize(
    "more", [{}, {"schema": SCHEMA}, {"keep": [{"path": "text", "matches": "x"}]}]
)
@pytest.mark.parametrize("form", BODIES)
def test_each_record_of_a_large_page_arrives_once(api, tap, form, more):
    api.serve("/items", Reply(BODIES[form].encode()))
    stream = {"name": "items", "path": "items", "response_format": form, "replication_key": "id"}
    run = tap.ok(api.config({**stream, **more}))
    ids = [record["id"] for record in run.records("items")]
    assert ids == ([str(row["id"]) for row in ROWS] if form == "csv" else [r["id"] for r in ROWS])


def test_last_record_of_a_large_page_may_change_the_schema(api, tap):
    """Only its part is decoded, and the schema grows for it."""
    api.serve("/items", Reply(json.dumps([*ROWS, {"id": -1, "new": 1}]).encode()))
    run = tap.ok(api.config({"name": "items", "path": "items"}))
    assert run.records("items") == [*ROWS, {"id": -1, "new": 1}]


@pytest.mark.parametrize("size", [1, 1000, LARGE_BYTES // 2, 2 * LARGE_BYTES])
def test_parts_of_a_list_are_its_members_in_order(size):
    members = [b'"%s"' % (b"%d" % n * (size // 2)) for n in range(4)]
    parts = list(JsonList(members).parts())
    assert [one for part in parts for one in part.members] == members
    assert [text for part in parts for text in decode(part.text)] == [*map(decode, members)]
    assert (len(parts) == 1) == (sum(map(len, members)) <= LARGE_BYTES)
