"""Incremental syncs of the demo's changes: bounds, windows, orders, keys, bookmarks."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo import feed_records

LAST = feed_records.CHANGES - 1


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
