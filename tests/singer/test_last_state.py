"""The last message of a run is a STATE, since some targets load records at the next one."""

from __future__ import annotations

import pytest

from tests.support.server import Reply

AT = {"replication_key": "at"}
WAYS = {
    "full table": {},
    "incremental": AT,
    "partitions": {"partitions": [{"part": 1}, {"part": 2}]},
    "incremental partitions": {"partitions": [{"part": 1}, {"part": 2}], **AT},
    "children": {"parent": {"stream": "parents", "keys": {"part": "id"}}},
    "incremental children": {"parent": {"stream": "parents", "keys": {"part": "id"}}, **AT},
}
SCHEMA = {"properties": {n: {"type": "integer"} for n in ("id", "at", "part")}}


@pytest.fixture
def serve(api):
    """A function that configures a stream of a way; ``first``: the first of its records."""

    def config(way, schema, first=1):
        rows = [{"id": n, "at": n} for n in range(first, first + 7)]
        pages = {"1": rows[:3], "2": rows[3:6], "3": rows[6:]}
        api.routes["/items"] = lambda seen: pages.get(seen.query["page"], [])
        api.serve("/parents", [{"id": 1}, {"id": 2}])
        stream = {"name": "items", "path": "items", "pagination": {"style": "page_number"}}
        stream |= WAYS[way] | ({"schema": SCHEMA} if schema else {})
        parent = {"name": "parents", "path": "parents", "selected": False}
        return api.config(*([parent] if "parent" in stream else []), stream, max_retries=0)

    return config


def messages(run):
    return [message["type"] for message in run.messages]


@pytest.mark.parametrize("schema", ["declared", ""])
@pytest.mark.parametrize("way", WAYS)
def test_state_follows_the_last_record(serve, tap, way, schema):
    """Without a state, with the one of the run before, new records or not."""
    state = None
    for first in (1, 1, 5):
        run = tap.ok(serve(way, schema, first), **({"state": state} if state else {}))
        assert run.records()
        assert messages(run)[-1] == "STATE"
        state = run.state


@pytest.mark.parametrize("way", WAYS)
def test_state_follows_the_last_record_before_a_failure(serve, api, tap, way):
    config = serve(way, "declared")
    given = tap.ok(config).state
    good = api.routes["/items"]
    api.routes["/items"] = lambda seen: Reply({}, 500) if seen.query["page"] == "3" else good(seen)
    for state in ({}, given):
        run = tap(config, state=state)
        assert run.status == 1
        assert run.records()
        assert messages(run)[-1] == "STATE"
