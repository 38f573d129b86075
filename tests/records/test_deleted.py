"""The setting ``deleted``: records that the API marks as deleted arrive with the time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.support.server import Reply

MARK = "_sdc_deleted_at"
COLUMN = {"type": ["string", "null"], "format": "date-time"}
SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "state": {"type": ["string", "integer", "null"]}},
}
#: Each kind of schema, with settings that keep the records encoded or do not.
KINDS = {
    "declared": {"schema": SCHEMA},
    "inferred": {},
    "decoded": {"schema": SCHEMA, "keep": [{"path": "id", "matches": "."}]},
}
GONE = {"path": "state", "equals": "gone"}


def stream(**settings):
    return {"name": "items", "path": "items", "primary_keys": ["id"], "deleted": GONE, **settings}


def rows(*states):
    return [{"id": number, "state": state} for number, state in enumerate(states)]


def marked(run):
    """Return the ids of the records that are marked; each is marked with the present time."""
    times = {record["id"]: record[MARK] for record in run.records()}
    now = datetime.now(timezone.utc)
    for time in filter(None, times.values()):
        assert timedelta(0) <= now - datetime.fromisoformat(time) < timedelta(minutes=1)
    return {key for key, time in times.items() if time}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("states", [["a", "b"], ["gone", "b"], ["gone", "gone"]], ids=",".join)
def test_deleted_records_carry_the_time_and_others_null(api, tap, kind, states):
    """So a record that is restored loses its mark in the table."""
    api.serve("/items", rows(*states))
    run = tap.ok(api.config(stream(**KINDS[kind])))
    assert [[*record] for record in run.records()] == [["id", "state", MARK]] * 2
    assert marked(run) == {n for n, state in enumerate(states) if state == "gone"}
    assert [schema["properties"][MARK] for schema in run.schemas()] == [COLUMN]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"path": "state", "in": ["gone", 7]}, {1, 2, 3}),
        ({"path": "state", "matches": "^go"}, {1}),
        ({"path": "state", "equals": None}, {4, 5}),
        ({"path": "about.state", "equals": "gone"}, {5}),
        ({"path": "$.about.state", "equals": "gone"}, {5}),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
def test_condition_of_a_deleted_record(api, tap, condition, expected, kind):
    found = [*rows("a", "gone", 7, "7", None), {"id": 5, "about": {"state": "gone"}}]
    api.serve("/items", found)
    settings = {**KINDS[kind], "new_fields": "ignore"} if kind != "inferred" else {}
    run = tap.ok(api.config(stream(deleted=condition, **settings)))
    assert marked(run) == expected


@pytest.mark.parametrize("memory", [True, False])
def test_column_is_there_before_the_first_deleted_record(api, tap, memory):
    """Also for a schema that was remembered without it, or inferred from the first page."""
    api.serve("/items", rows("a"))
    settings = {} if memory else {"remember_schema": False}
    before = stream(**settings)
    del before["deleted"]
    state = tap.ok(api.config(before)).state
    run = tap.ok(api.config(stream(**settings)), state=state)
    assert run.schemas()[0]["properties"][MARK] == COLUMN
    api.serve("/items", [], rows("a"))
    run = tap.ok(api.config(stream(**settings)))
    assert [schema["properties"][MARK] for schema in run.schemas()] == [COLUMN]


def test_stream_without_records_has_no_schema(api, tap):
    api.serve("/items", [])
    assert not tap.ok(api.config(stream())).schemas()


def test_own_field_of_the_api_is_replaced(api, tap):
    """Null in it would hide that the record is deleted."""
    api.serve("/items", [{"id": 1, "state": "gone", MARK: None}, {"id": 2, MARK: "2020-01-01"}])
    run = tap.ok(api.config(stream(schema=SCHEMA)))
    assert marked(run) == {1}


def test_catalog_may_leave_the_mark_out(api, tap):
    api.serve("/items", rows("a", "gone"))
    config = api.config(stream())
    catalog = json.loads(tap.ok(config, "--discover").output)
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"] == ["properties", MARK]:
            entry["metadata"]["selected"] = False
    run = tap.ok(config, catalog=catalog)
    assert run.records() == rows("a", "gone")


def test_marked_stream_stays_encoded(api, tap):
    """A number that decoding would rewrite arrives as it was written."""
    body = b'[{"id":1,"n":1.50e1,"state":"gone"},{"id":2,"n":2.50e1,"state":"a"}]'
    api.serve("/items", Reply(body, headers={"Content-Type": "application/json"}))
    schema = {"type": "object", "properties": {**SCHEMA["properties"], "n": {"type": "number"}}}
    run = tap.ok(api.config(stream(schema=schema)))
    assert "1.50e1" in run.output
    assert "2.50e1" in run.output
    assert marked(run) == {1}


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"path": "state"}, "one of equals, in, matches"),
        ({"header": "X", "equals": "1"}, "header"),
        ({"path": "state", "equals": 1, "on": 2}, "on"),
    ],
)
def test_wrong_condition_is_a_mistake(api, tap, wrong, part):
    run = tap(api.config(stream(deleted=wrong)))
    assert run.status == 1
    assert any("deleted" in line and part in line for line in run.error_lines)


def test_value_that_no_number_holds_is_one_clear_error(api, tap):
    body = b'[{"id":1,"state":1e99999999999999999999}]'
    api.serve("/items", Reply(body, headers={"Content-Type": "application/json"}))
    run = tap(api.config(stream(schema={"properties": {"id": {"type": "integer"}}})))
    (line,) = run.error_lines
    assert "exponent is out of range" in line
