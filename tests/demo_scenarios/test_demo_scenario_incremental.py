"""Incremental syncs of the demo's changes: bounds, windows, orders, keys, bookmarks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_oauth2_generic.demo import feed_records

LAST = feed_records.CHANGES - 1
SCHEMA = {"properties": {"id": {"type": "integer"}, "changed": {"type": "string"}}}


def iso(number):
    return feed_records.KEYS["iso"](number)["changed"]


def stream(kind="iso", params=None, paging=None, **settings):
    """Return the stream of one kind of change; ``settings`` are those of ``incremental``."""
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


def bookmarks(run):
    """Return the bookmark in each STATE."""
    values = [state["bookmarks"].get("changes", {}) for state in run.states]
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
def test_start_date_then_bookmark_is_the_lower_bound_in_every_format(demo, tap, kind, form, bounds):
    settings = {"params": {"bounds": bounds}, "end_param": "until", "format": form}
    config = demo.config(stream(kind, **settings), start_date="2025-01-31T00:00:00Z")
    first = tap.ok(config)
    assert first.ids("changes") == list(range(30, 100))
    assert first.bookmark("changes") == feed_records.KEYS[kind](LAST)["changed"]
    assert tap(config, state=first.state).ids("changes") == [LAST]


def test_end_param_excludes_records_after_the_start_of_the_run(demo, tap):
    run = tap(demo.config(stream("planned", end_param="until")))
    assert run.ids("changes") == list(range(feed_records.FIRST_PLANNED))
    assert run.bookmark("changes") == iso(feed_records.FIRST_PLANNED - 1)
    run = tap(demo.config(stream("planned")))
    assert run.ids("changes") == list(range(feed_records.CHANGES))
    assert run.bookmark("changes") < feed_records.FAR_AHEAD.isoformat()


def test_start_placeholder_carries_start_date_then_bookmark(demo, tap):
    settings = {"params": {"bounds": "local", "since": "{start:%d.%m.%Y %H:%M}"}}
    changed = {**stream(**settings), "incremental": {}}
    config = demo.config(changed, start_date="2025-03-01T00:00:00Z")
    first = tap(config)
    assert first.ids("changes") == list(range(59, 100))
    assert tap(config, state=first.state).ids("changes") == [LAST]


WINDOW = {"end_param": "until", "window": "P30D"}


def test_state_follows_each_window_and_edges_are_read_once(demo, tap):
    edge = feed_records.changed_at(10).isoformat()  # where the first window begins and others touch
    run = tap.ok(demo.config(stream(**WINDOW), start_date=edge))
    assert run.ids("changes") == list(range(10, 100))
    assert [value for value in dict.fromkeys(bookmarks(run)) if value] == [
        iso(number) for number in (39, 69, LAST)
    ]


def test_failed_window_keeps_the_bookmark_of_the_one_before(demo, tap):
    changed = {**stream(**WINDOW), "schema": SCHEMA}
    config = demo.config(changed, start_date="2025-01-01T06:00:00Z")
    demo.plan_fault("/changes/iso", having="since=2025-01-31")
    run = tap(config)
    assert run.status == 1
    assert run.ids("changes") == list(range(30))
    assert run.bookmark("changes") == iso(29)
    again = tap(config, state=run.state)
    assert again.ids("changes") == list(range(29, 100))


def test_lookback_reads_again_before_the_bookmark(demo, tap):
    config = demo.config(stream(lookback=timedelta(days=3).total_seconds()))
    run = tap(config, state=state(iso(50)))
    assert run.ids("changes") == list(range(47, 100))


def test_ascending_stream_resumes_at_its_last_change(demo, tap):
    config = demo.config({**stream(order="asc"), "schema": SCHEMA})
    demo.plan_fault("/changes/iso", having="offset=50", times=MANY)
    run = tap(config)
    assert run.status == 1
    assert run.ids("changes") == list(range(50))
    assert run.bookmark("changes") == iso(48)
    demo.end_faults()
    again = tap(config, state=run.state)
    assert again.ids("changes") == list(range(48, 100))


def test_descending_stream_stops_at_the_first_page_before_the_bookmark(demo, tap, pages):
    changed = {**stream(params={"order": "desc"}), "incremental": {"order": "desc"}}
    config = demo.config({**changed, "schema": SCHEMA})
    run = tap(config, state=state(iso(75)))
    assert run.ids("changes") == list(range(99, 59, -1))
    assert pages(run, "changes") == 4
    assert run.bookmark("changes") == iso(LAST)


def test_drop_older_omits_records_before_the_bookmark(demo, tap):
    """A record equal to the bookmark is kept."""
    changed = {**stream(params={"order": "none"}), "incremental": {"drop_older": True}}
    run = tap(demo.config(changed), state=state(iso(90)))
    assert sorted(run.ids("changes")) == list(range(90, 100))
    assert run.bookmark("changes") == iso(LAST)


@pytest.mark.parametrize("kind", ["iso", "nested", "mixed", "epoch", "epoch_ms", "text"])
@pytest.mark.parametrize("order", ["asc", "none"])
def test_bookmark_is_the_latest_change_for_every_kind_of_key(demo, tap, kind, order):
    """Nested times, mixed offsets, epochs and numeric strings compare by value."""
    form = kind if kind.startswith("epoch") else "iso"
    changed = stream(kind, {"order": order}, format=form)
    if kind == "nested":
        changed["add_fields"] = {"changed": "meta.changed"}
    run = tap.ok(demo.config(changed))
    assert sorted(run.ids("changes")) == list(range(100))
    found = feed_records.KEYS[kind](LAST)
    (last,) = found.get("meta", found).values()
    assert run.bookmark("changes") == last
    assert tap(demo.config(changed), state=run.state).ids("changes") == [LAST]


def test_records_without_replication_key_are_emitted_and_counted(demo, tap):
    """They move no bookmark."""
    run = tap.ok(demo.config(stream("sparse")))
    assert run.ids("changes") == list(range(100))
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
def test_bookmark_never_passes_unread_records(demo, tap, failure):
    """After a failure, an ignored error or max_pages the next run reads the rest."""
    before = state(iso(20))
    rule = {"status": 409, "action": "ignore"}
    changed = {**stream(params={"order": "none"}), "schema": SCHEMA, "response_rules": [rule]}
    limited = {**changed, "pagination": {"style": "offset", "max_pages": 3}}
    if wish := FAILURES[failure]:
        demo.plan_fault("/changes/iso", having="offset=30", times=MANY, **wish)
    asked = limited if failure == "limit" else changed
    run = tap(demo.config(asked), state=before)
    assert run.status == (failure in {"status", "drop", "cut"})
    assert len(run.ids("changes")) == 30
    assert run.bookmark("changes") == iso(20)
    demo.end_faults()
    again = tap(demo.config(changed), state=run.state)
    assert set(run.ids("changes")) | set(again.ids("changes")) == set(range(20, 100))
    assert again.bookmark("changes") == iso(LAST)
