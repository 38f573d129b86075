"""Backfills: a read up to ``end_date``, whatever the key type, the order and the windows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.support.key_types import KEY_TYPES, read_iso

DAY = timedelta(days=1)
BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
END = BEGIN + 50 * DAY
DATES = {"start_date": "2024-01-01", "end_date": "2024-02-20"}
BOUNDS = {"start_param": "since", "end_param": "until"}
every_key = pytest.mark.parametrize("key", KEY_TYPES.values(), ids=KEY_TYPES)
every_order = pytest.mark.parametrize("order", ["none", "asc", "desc"])


def stream(key=KEY_TYPES["iso"], **settings):
    incremental = {"format": key.format, **settings.pop("incremental", {})}
    fixed = {"name": "items", "path": "items", "replication_key": "at", "schema": key.schema}
    return {**fixed, "incremental": incremental, **settings}


def rows(key, order="none"):
    """Return a row for each of a hundred days."""
    made = [{"id": n, "at": key.write(BEGIN + n * DAY)} for n in range(100)]
    return made[::-1] if order == "desc" else made


def read(key, value):
    """Read a bookmark, which may be a bound that is written as ISO."""
    try:
        return key.read(str(value))
    except ValueError:
        return read_iso(str(value))


@every_key
@every_order
@pytest.mark.parametrize("window", [None, "P7D"])
def test_end_date_is_sent_in_every_format(api, tap, key, order, window):
    """The API filters by creation, so that records with a later key are emitted, too."""
    made = rows(key, order)

    def by_creation(seen):
        since, until = (key.read(seen.query[name]) for name in ("since", "until"))
        found = [row for row in made if since <= BEGIN + row["id"] * DAY < until]
        return [{**row, "at": key.write(END + 9 * DAY)} if row["id"] == 7 else row for row in found]

    api.routes["/items"] = by_creation
    settings = stream(key, incremental={**BOUNDS, "order": order, "window": window})
    run = tap.ok(api.config(settings, **DATES))
    assert sorted(run.ids()) == list(range(50))
    asked = [key.read(seen.query["until"]) for seen in api.requests("/items")]
    assert max(asked) == END
    assert read(key, run.bookmark()) == END


@every_key
@every_order
def test_later_records_are_dropped_where_it_is_not_sent(api, tap, key, order):
    """Those equal to it are kept."""
    api.serve("/items", rows(key, order))
    run = tap.ok(api.config(stream(key, incremental={"order": order}), **DATES))
    assert sorted(run.ids()) == list(range(51))
    assert run.bookmark() == key.write(END)
    assert "49 records left out by end_date" in run.errors
    assert "until" not in api.requests("/items")[-1].query


@pytest.mark.parametrize(
    ("bounds", "until"),
    [
        ("half_open", ["2024-01-31T00:00:00Z", "2024-02-20T00:00:00Z"]),
        ("inclusive", ["2024-01-30T23:59:59.999999Z", "2024-02-20T00:00:00Z"]),
        ("exclusive", ["2024-01-31T00:00:00Z", "2024-02-20T00:00:00Z"]),
    ],
)
def test_last_window_ends_at_the_end_date(api, tap, bounds, until):
    api.serve("/items", [])
    incremental = {**BOUNDS, "window": "P30D", "window_bounds": bounds}
    tap.ok(api.config(stream(incremental=incremental), **DATES))
    assert sorted(seen.query["until"] for seen in api.requests("/items")) == until


@pytest.mark.parametrize(
    "where", [{"path": "items/{end:date}"}, {"path": "items/2024-02-20", "params": {"u": "{end}"}}]
)
@pytest.mark.parametrize("key", ["at", None])
def test_placeholder_holds_the_end_date(api, tap, where, key):
    """With a replication key or without; then nothing is dropped."""
    api.serve("/items/2024-02-20", rows(KEY_TYPES["iso"]))
    settings = {**stream(replication_key=key), **where}
    run = tap.ok(api.config(settings, **DATES))
    assert len(run.ids()) == 100
    (seen,) = api.requests("/items/2024-02-20")
    assert seen.query.get("u", "2024-02-20T00:00:00Z") == "2024-02-20T00:00:00Z"


def test_stream_without_bounds_and_key_is_read_whole(api, tap):
    api.serve("/items", rows(KEY_TYPES["iso"]))
    assert (
        len(tap.ok(api.config(stream(replication_key=None, incremental={}), **DATES)).ids()) == 100
    )


@pytest.mark.parametrize(
    ("name", "initial"), [("id", None), ("number", 0), ("number", None)], ids=str
)
def test_key_that_is_no_time_has_no_end_date(api, tap, name, initial):
    """It is neither sent nor compared; a warning says so once."""
    made = [{"id": n, name: n} for n in range(5)]
    api.serve("/items", made)
    columns = {"id": {"type": "integer"}, name: {"type": "integer"}}
    settings = {
        **stream(incremental={"end_param": "until"}, schema={"properties": columns}),
        "replication_key": name,
        **({} if initial is None else {"initial_value": initial}),
        "partitions": {"part": ["a", "b"]},
    }
    run = tap.ok(api.config(settings, **DATES))
    assert len(run.ids()) == 10
    assert all(seen.query["until"] > "2025" for seen in api.requests("/items"))
    said = f"stream 'items': end_date does not limit it: {name!r} is no time"
    assert run.warnings.count(said) == 1


@every_key
@every_order
@pytest.mark.parametrize("sent", [{}, BOUNDS], ids=["dropped", "sent"])
def test_bookmark_after_the_end_date_stays_and_nothing_is_read(api, tap, key, order, sent):
    api.serve("/items", rows(key))
    value = key.write(END + DAY)
    state = {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": value}}}
    settings = stream(key, incremental={"order": order, **sent})
    run = tap.ok(api.config(settings, **DATES), state=state)
    assert (run.records(), api.requests("/items")) == ([], [])
    assert run.state["bookmarks"] == state["bookmarks"]
    (line,) = run.warnings
    assert "is later than end_date 2024-02-20; to read again, run without state" in line


@every_key
@pytest.mark.parametrize("sent", [{}, BOUNDS], ids=["dropped", "sent"])
def test_backfill_again_moves_no_bookmark_back(api, tap, key, sent):
    """Nor with an earlier end date; the run after it reads all later records."""

    def respond(seen):
        since, until = (key.read(seen.query[n]) if n in seen.query else None for n in BOUNDS_SENT)
        return [
            row
            for row in rows(key)
            if (not since or key.read(str(row["at"])) >= since)
            and (not until or key.read(str(row["at"])) < until)
        ]

    api.routes["/items"] = respond
    settings = stream(key, incremental=sent)
    run = tap.ok(api.config(settings, **DATES))
    for end in (DATES["end_date"], "2024-01-11"):
        again = tap.ok(api.config(settings, **{**DATES, "end_date": end}), state=run.state)
        assert again.bookmark() == run.bookmark()
    rest = tap.ok(api.config(settings, start_date="2024-01-01"), state=again.state)
    assert {*run.ids(), *rest.ids()} == set(range(100))
    assert len(rest.ids()) < 100 or not sent


BOUNDS_SENT = ("since", "until")


def test_lookback_reads_again_up_to_the_end_date(api, tap):
    api.serve("/items", [])
    state = {
        "bookmarks": {
            "items": {"replication_key": "at", "replication_key_value": "2024-02-21T00:00:00Z"}
        }
    }
    settings = stream(incremental={**BOUNDS, "lookback": 172800})
    tap.ok(api.config(settings, **DATES), state=state)
    (seen,) = api.requests("/items")
    assert seen.query == {"since": "2024-02-19T00:00:00Z", "until": "2024-02-20T00:00:00Z"}


def test_both_bounds_may_be_dropped_here(api, tap):
    key = KEY_TYPES["iso"]
    api.serve("/items", rows(key))
    settings = stream(key, incremental={"drop_older": True})
    run = tap.ok(api.config(settings, start_date="2024-01-11", end_date="2024-01-21"))
    assert run.ids() == list(range(10, 21))


@pytest.mark.parametrize("order", ["none", "asc"])
def test_end_date_in_the_future_is_now(api, tap, order):
    """The upper bound that is sent, and the most that a bookmark becomes."""
    now = datetime.now(timezone.utc)
    key = KEY_TYPES["iso"]
    times = [now - DAY, now + DAY, now + 9 * DAY]
    api.serve("/items", [{"id": n, "at": key.write(at)} for n, at in enumerate(times)])
    end = (now + 5 * DAY).isoformat()
    sent = stream(key, incremental={**BOUNDS, "order": order})
    dropped = stream(key, incremental={"order": order}, name="dropped")
    run = tap.ok(api.config(sent, dropped, start_date="2024-01-01", end_date=end))
    until = next(seen.query["until"] for seen in api.requests("/items") if "until" in seen.query)
    assert now <= read_iso(until) < now + DAY
    assert (run.ids(), run.ids("dropped")) == ([0, 1, 2], [0, 1])
    assert all(read_iso(run.bookmark(name)) < now + DAY for name in ("items", "dropped"))


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ({"start_date": "2024-01-02", "end_date": "2024-01-01"}, "end_date: is before start_date"),
        ({"start_date": "1704067201", "end_date": "2024-01-01"}, "end_date: is before start_date"),
        ({"end_date": "soon"}, "end_date: must be an ISO 8601 date or time"),
        ({"end_date": "20240101"}, "end_date: must be an ISO 8601 date or time"),
    ],
)
def test_wrong_end_date_is_an_error(api, tap, dates, said):
    run = tap(api.config(stream(), **dates))
    assert run.status == 1
    assert any(said in line for line in run.error_lines)
    assert not api.requests("/items")


@pytest.mark.parametrize("ends", ["2024-02-20", "9999-12-31", None])
def test_cut_child_holds_the_bookmark_of_its_parent(api, tap, ends):
    """Only the parent's record leads the next run to what is later."""
    api.serve("/lists", [{"id": 1, "at": "2024-01-05T00:00:00Z"}])
    api.serve("/items", rows(KEY_TYPES["iso"]))
    parent = {"name": "lists", "path": "lists", "replication_key": "at"}
    child = stream(parent={"stream": "lists", "keys": {"list": "id"}})
    dates = {"start_date": "2024-01-01", "end_date": ends}
    run = tap.ok(api.config(parent, child, **dates))
    assert len(run.ids()) == (51 if ends == "2024-02-20" else 100)
    assert (run.bookmark("lists") is None) == (ends == "2024-02-20")
    assert len(run.partitions("items")) == 1


def test_cut_child_leaves_a_parent_without_bookmark_complete(api, tap, tmp_path):
    api.serve("/lists", [{"id": 1}])
    api.serve("/items", rows(KEY_TYPES["iso"]))
    child = stream(parent={"stream": "lists", "keys": {"list": "id"}})
    report = tmp_path / "report.json"
    tap.ok(api.config({"name": "lists", "path": "lists"}, child, run_report=str(report), **DATES))
    found = json.loads(report.read_text())["streams"]
    assert [one["status"] for one in found] == ["success", "success"]


@pytest.mark.parametrize("middle", [{}, {"replication_key": "at"}])
def test_cut_grandchild_holds_the_bookmark_of_its_ancestors(api, tap, middle):
    at = "2024-01-05T00:00:00Z"
    for path in ("/tops", "/lists"):
        api.serve(path, [{"id": 1, "at": at}])
    api.serve("/items", rows(KEY_TYPES["iso"]))
    top = {"name": "tops", "path": "tops", "replication_key": "at"}
    middle = {"name": "lists", "path": "lists", **middle}
    middle["parent"] = {"stream": "tops", "keys": {"top": "id"}}
    child = stream(parent={"stream": "lists", "keys": {"list": "id"}})
    run = tap.ok(api.config(top, middle, child, **DATES))
    assert run.bookmark("tops") is None
    assert tap.ok(api.config(top, middle, child), state=run.state).ids() == list(range(100))


def test_value_ahead_of_the_clock_stops_at_the_end_date(api, tap):
    """No warning says that the bookmark is the start of the run."""
    api.serve("/items", [{"id": 1, "at": "2999-01-01T00:00:00Z"}])
    run = tap.ok(api.config(stream(incremental=BOUNDS), **DATES))
    assert read_iso(run.bookmark()) == END
    assert run.warnings == []


def test_end_date_drops_no_older_records(api, tap):
    """Only drop_older does."""
    api.serve("/items", rows(KEY_TYPES["iso"]))
    found = {"replication_key": "at", "replication_key_value": "2024-01-11T00:00:00Z"}
    run = tap.ok(api.config(stream(), **DATES), state={"bookmarks": {"items": found}})
    assert run.ids() == list(range(51))
