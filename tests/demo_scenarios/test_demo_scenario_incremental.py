"""Incremental reads of the demo's changes: bounds, windows, orders, keys, and the bookmark."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_oauth2_generic.demo import feed_records

LAST = feed_records.CHANGES - 1
SCHEMA = {"properties": {"id": {"type": "integer"}, "changed": {"type": "string"}}}


def iso(number):
    return feed_records.KEYS["iso"](number)["changed"]


def stream(kind="iso", params=None, paging=None, **settings):
    """Give the stream of one kind of change; ``settings`` are those of ``incremental``."""
    return {
        "name": "changes",
        "path": f"/changes/{kind}",
        "params": params or {},
        "records_path": "changes",
        "pagination": {"style": "offset", **(paging or {})},
        "replication_key": "revision" if kind == "text" else "changed",
        "incremental": {"start_param": "since", **settings},
        "primary_keys": ["id"],
    }


def state(value, key="changed"):
    return {"bookmarks": {"changes": {"replication_key": key, "replication_key_value": value}}}


def ids(run):
    return [record["id"] for record in run.records("changes")]


def states(run):
    values = [m["value"]["bookmarks"].get("changes", {}) for m in run.messages
              if m["type"] == "STATE"]  # fmt: skip
    return [value.get("replication_key_value") for value in values]


@pytest.mark.parametrize(
    ("kind", "form", "bounds"),
    [
        ("iso", "iso", "iso"),
        ("iso", "date", "date"),
        ("iso", "%d.%m.%Y %H:%M", "local"),
        ("iso", "epoch", "epoch"),
        ("iso", "epoch_ms", "epoch_ms"),
        ("epoch", "epoch", "epoch"),
        ("epoch_ms", "epoch_ms", "epoch_ms"),
    ],
)
def test_both_bounds_in_every_format(demo, tap, kind, form, bounds):
    """In every format start_date counts at first, then the bookmark; nothing after is missing."""
    settings = {"params": {"bounds": bounds}, "end_param": "until", "format": form}
    config = demo.config(stream(kind, **settings), start_date="2025-01-31T00:00:00Z")
    first = tap(config)
    assert first.status == 0, first.errors
    assert ids(first) == list(range(30, 100))
    assert first.bookmark("changes") == feed_records.KEYS[kind](LAST)["changed"]
    assert ids(tap(config, state=first.state)) == [LAST]


def test_the_upper_bound_is_the_time_of_the_run(demo, tap):
    """What is dated later than the run does not come with end_param, and without it it does."""
    run = tap(demo.config(stream("planned", end_param="until")))
    assert ids(run) == list(range(feed_records.FIRST_PLANNED))
    assert run.bookmark("changes") == iso(feed_records.FIRST_PLANNED - 1)
    run = tap(demo.config(stream("planned")))
    assert ids(run) == list(range(feed_records.CHANGES))
    assert run.bookmark("changes") < feed_records.FAR_AHEAD.isoformat()


def test_templates_carry_the_bounds_too(demo, tap):
    """{start} with a strftime format asks from the start date, and from the bookmark later."""
    settings = {"params": {"bounds": "local", "since": "{start:%d.%m.%Y %H:%M}"}}
    changed = {**stream(**settings), "incremental": {}}
    config = demo.config(changed, start_date="2025-03-01T00:00:00Z")
    first = tap(config)
    assert ids(first) == list(range(59, 100))
    assert ids(tap(config, state=first.state)) == [LAST]


WINDOW = {"end_param": "until", "window": "P30D"}


def test_windows_touch_and_a_state_follows_each(demo, tap):
    """Half-open windows bring a change at their edge once; after each a STATE holds its last."""
    edge = feed_records.changed_at(10).isoformat()  # where the first window begins and others touch
    run = tap(demo.config(stream(**WINDOW), start_date=edge))
    assert run.status == 0, run.errors
    assert ids(run) == list(range(10, 100))
    assert [value for value in dict.fromkeys(states(run)) if value] == [
        iso(number) for number in (39, 69, LAST)
    ]


def test_a_failed_window_leaves_the_bookmark_at_the_one_before(demo, tap):
    """When a window fails, the ones before it are done, and the next run goes on from there."""
    changed = {**stream(**WINDOW), "schema": SCHEMA}
    config = demo.config(changed, start_date="2025-01-01T06:00:00Z")
    demo.plan_fault("/changes/iso", having="since=2025-01-31")
    run = tap(config)
    assert run.status == 1
    assert ids(run) == list(range(30))
    assert run.bookmark("changes") == iso(29)
    again = tap(config, state=run.state)
    assert ids(again) == list(range(29, 100))


def test_lookback_asks_for_a_time_before_the_bookmark(demo, tap):
    """With a lookback of three days the last three changes before the bookmark come again."""
    config = demo.config(stream(lookback=timedelta(days=3).total_seconds()))
    run = tap(config, state=state(iso(50)))
    assert ids(run) == list(range(47, 100))


def test_an_ascending_stream_goes_on_where_it_failed(demo, tap):
    """In ascending order a failed run keeps what is done but for its last change."""
    config = demo.config({**stream(order="asc"), "schema": SCHEMA})
    demo.plan_fault("/changes/iso", having="offset=50", times=MANY)
    run = tap(config)
    assert run.status == 1
    assert ids(run) == list(range(50))
    assert run.bookmark("changes") == iso(48)
    demo.end_faults()
    again = tap(config, state=run.state)
    assert ids(again) == list(range(48, 100))


def test_a_descending_stream_stops_at_what_it_knows(demo, tap, pages):
    """In descending order paging stops at the first page that is wholly older."""
    changed = {**stream(params={"order": "desc"}), "incremental": {"order": "desc"}}
    config = demo.config({**changed, "schema": SCHEMA})
    run = tap(config, state=state(iso(75)))
    assert ids(run) == list(range(99, 59, -1))
    assert pages(run, "changes") == 4
    assert run.bookmark("changes") == iso(LAST)


def test_drop_older_filters_where_the_server_does_not(demo, tap):
    """drop_older leaves out what is older than the bookmark, and keeps what is equal to it."""
    changed = {**stream(params={"order": "none"}), "incremental": {"drop_older": True}}
    run = tap(demo.config(changed), state=state(iso(90)))
    assert sorted(ids(run)) == list(range(90, 100))
    assert run.bookmark("changes") == iso(LAST)


@pytest.mark.parametrize("kind", ["iso", "nested", "mixed", "epoch", "epoch_ms", "text"])
@pytest.mark.parametrize("order", ["asc", "none"])
def test_the_bookmark_is_the_last_change_whatever_the_key(demo, tap, kind, order):
    """Nested times, mixed offsets, epochs and numbers as text order as what they are."""
    form = kind if kind.startswith("epoch") else "iso"
    changed = stream(kind, {"order": order}, format=form)
    if kind == "nested":
        changed["add_fields"] = {"changed": "meta.changed"}
    run = tap(demo.config(changed))
    assert run.status == 0, run.errors
    assert sorted(ids(run)) == list(range(100))
    found = feed_records.KEYS[kind](LAST)
    (last,) = found.get("meta", found).values()
    assert run.bookmark("changes") == last
    assert ids(tap(demo.config(changed), state=run.state)) == [LAST]


def test_changes_without_the_key_are_emitted_and_counted(demo, tap):
    """Records without the key come, move no bookmark, and how many there were is said."""
    run = tap(demo.config(stream("sparse")))
    assert run.status == 0, run.errors
    assert ids(run) == list(range(100))
    assert run.bookmark("changes") == iso(LAST)
    assert any("10 records had no 'changed'" in line for line in run.warnings)


MANY = 9  # so that it is not only a guess that fails
FAILURES = {
    "status": {"status": 500},
    "drop": {"kind": "drop"},
    "cut": {"kind": "cut"},
    "ignored": {"status": 409},
    "limit": None,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_bookmark_never_passes_what_was_not_read(demo, tap, failure):
    """A failure, an ignored error or max_pages moves no bookmark; the next run brings the rest."""
    before = state(iso(20))
    rule = {"status": 409, "action": "ignore"}
    changed = {**stream(params={"order": "none"}), "schema": SCHEMA, "response_rules": [rule]}
    limited = {**changed, "pagination": {"style": "offset", "max_pages": 3}}
    if wish := FAILURES[failure]:
        demo.plan_fault("/changes/iso", having="offset=30", times=MANY, **wish)
    asked = limited if failure == "limit" else changed
    run = tap(demo.config(asked), state=before)
    assert run.status == (failure in {"status", "drop", "cut"})
    assert len(ids(run)) == 30
    assert run.bookmark("changes") == iso(20)
    demo.end_faults()
    again = tap(demo.config(changed), state=run.state)
    assert set(ids(run)) | set(ids(again)) == set(range(20, 100))
    assert again.bookmark("changes") == iso(LAST)
