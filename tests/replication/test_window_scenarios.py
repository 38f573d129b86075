"""Syncs of streams that are split into windows, or are in order."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone

import pytest

from tests.support.server import Reply

DAY = timedelta(days=1)
BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
ROWS = [{"id": n, "at": (BEGIN + n * DAY).isoformat()} for n in range(100)]
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}


def stream(**incremental):
    return {
        "name": "items",
        "path": "items",
        "schema": SCHEMA,
        "replication_key": "at",
        "incremental": incremental,
    }


def between(seen):
    """Serve the rows from ``since`` up to, but without, ``until``."""
    since, until = (
        datetime.fromisoformat(seen.query[n].replace("Z", "+00:00")) for n in ("since", "until")
    )
    return [row for row in ROWS if since <= datetime.fromisoformat(row["at"]) < until]


WINDOWS = {"start_param": "since", "end_param": "until", "window": "P30D"}


def test_windows_have_no_gap_or_overlap(api, tap):
    api.routes["/items"] = between
    run = tap.ok(api.config(stream(**WINDOWS), start_date="2024-01-01"))
    assert run.ids() == [row["id"] for row in ROWS]
    # Windows are requested concurrently.
    asked = sorted((seen.query["since"], seen.query["until"]) for seen in api.requests("/items"))
    assert asked[0] == ("2024-01-01T00:00:00Z", "2024-01-31T00:00:00Z")
    assert all(one[1] == other[0] for one, other in itertools.pairwise(asked))
    assert asked[-1][1] > "2026"
    assert run.bookmark("items") == ROWS[-1]["at"]


def test_state_follows_each_window(api, tap):

    def respond(seen):
        third = seen.query["since"] == "2024-03-01T00:00:00Z"
        return Reply({}, 500) if third else between(seen)

    api.routes["/items"] = respond
    run = tap(api.config(stream(**WINDOWS), start_date="2024-01-01"))
    assert run.status == 1
    assert run.ids() == list(range(60))
    assert run.bookmark("items") == ROWS[59]["at"]
    api.routes["/items"] = between
    again = tap(api.config(stream(**WINDOWS), start_date="2024-01-01"), state=run.state)
    assert again.ids() == list(range(59, 100))


def test_windows_use_the_unit_of_the_format(api, tap):
    api.serve("/items", [])
    settings = stream(**{**WINDOWS, "format": "epoch", "window": "P365D"})
    tap(api.config(settings, start_date="2024-01-01"))
    asked = sorted(
        (int(seen.query["since"]), int(seen.query["until"])) for seen in api.requests("/items")
    )
    assert asked[0] == (1704067200, 1704067200 + 365 * 86400)
    assert asked[1][0] == asked[0][1]


@pytest.mark.parametrize(
    ("incremental", "said"),
    [
        ({"window": "30 days", "start_param": "a", "end_param": "b"}, "ISO 8601 duration"),
        ({"window": "P0D", "start_param": "a", "end_param": "b"}, "ISO 8601 duration"),
        ({"window": "P1D", "start_param": "a"}, "needs end_param"),
        ({"window": "P1D", "end_param": "a"}, "needs start_param"),
        ({"window_bounds": "inclusive"}, "incremental.window_bounds: needs window"),
        ({"window_bounds": "exclusive", "start_param": "a"}, "window_bounds: needs window"),
        ({"order": "up"}, "must be one of none, asc, desc"),
    ],
)
def test_mistake_in_a_window_is_one_line(api, tap, incremental, said):
    run = tap(api.config(stream(**incremental), start_date="2024-01-01"))
    assert run.status == 1
    assert said in run.error_lines[0]
    assert not api.seen


def paged(rows):
    def respond(seen):
        page = int(seen.query["page"])
        return rows[(page - 1) * 10 : page * 10]

    return respond


def test_ascending_stream_resumes_mid_read(api, tap):
    """Near the end of the last page whose next one kept the order."""

    def respond(seen):
        return Reply({}, 500) if seen.query["page"] == "5" else paged(ROWS)(seen)

    api.routes["/items"] = respond
    settings = {**stream(order="asc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert run.status == 1
    assert run.ids() == list(range(40))
    assert run.bookmark("items") == ROWS[28]["at"]


def test_bookmark_waits_for_a_higher_value(api, tap):
    """Records with one value may be on two pages."""
    rows = [{"id": n, "at": ROWS[n // 15]["at"]} for n in range(60)]

    def respond(seen):
        return Reply({}, 500) if seen.query["page"] == "4" else paged(rows)(seen)

    api.routes["/items"] = respond
    settings = {**stream(order="asc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert run.bookmark("items") == ROWS[0]["at"]


def test_unordered_stream_moves_its_bookmark_at_the_end(api, tap):
    rows = [ROWS[n] for n in (5, 3, 9, 1)] + ROWS[10:30]

    def respond(seen):
        return Reply({}, 500) if seen.query["page"] == "2" else paged(rows)(seen)

    api.routes["/items"] = respond
    settings = {**stream(order="asc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert run.bookmark("items") is None
    assert any("ascending" in line for line in run.warnings)


def state(n):
    value = ROWS[n]["at"]
    return {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": value}}}


def test_descending_stream_stops_at_the_bookmark(api, tap):
    api.routes["/items"] = paged(ROWS[::-1])
    settings = {**stream(order="desc"), "pagination": {"style": "page_number"}}
    run = tap.ok(api.config(settings), state=state(75))
    assert len(api.requests("/items")) == 4
    assert run.bookmark("items") == ROWS[99]["at"]


def test_drop_older_keeps_records_equal_to_the_bookmark(api, tap):
    api.serve("/items", [*ROWS, {"id": 1000}])
    run = tap.ok(api.config(stream(drop_older=True)), state=state(90))
    assert run.ids() == [*range(90, 100), 1000]


def test_too_many_windows_are_refused(api, tap):
    api.serve("/items", [])
    run = tap(api.config(stream(**{**WINDOWS, "window": "PT1S"}), start_date="1970-01-01"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "stream 'items': window is so short that there would be more than 50000" in line
    assert not api.requests("/items")


@pytest.mark.parametrize(("empty", "windows"), [(0, 1), (60, 2)])
def test_schema_is_inferred_from_one_window(api, tap, empty, windows):
    """Never from a request that spans them all; from the last one if the first is empty."""

    def respond(seen):
        since, until = (
            datetime.fromisoformat(seen.query[n].replace("Z", "+00:00")) for n in ("since", "until")
        )
        if until - since > 30 * DAY:
            return Reply({"error": "at most 30 days"}, 400)
        return [{"at": since.isoformat()}] if since >= BEGIN + empty * DAY else []

    api.routes["/items"] = respond
    settings = {name: value for name, value in stream(**WINDOWS).items() if name != "schema"}
    config = api.config(settings, start_date="2024-01-01")
    tap.ok(config, "--discover")
    assert len(api.requests("/items")) == windows
    assert tap.ok(config).schemas()[0]["properties"].keys() == {"at"}


@pytest.mark.parametrize("order", ["none", "asc", "desc"])
def test_windows_after_an_incomplete_one_are_read_but_move_no_bookmark(api, tap, order):
    """One child that always fails must not keep the windows after it from being read."""
    api.routes["/items"] = between
    api.routes["/items/45"] = lambda _: Reply({}, 403)
    for row in ROWS[:45] + ROWS[46:]:
        api.serve(f"/items/{row['id']}", [])
    child = {
        "name": "parts",
        "path": "items/{parent.item}",
        "parent": {"stream": "items", "keys": {"item": "id"}},
        "schema": SCHEMA,
    }
    settings = stream(**WINDOWS, order=order)
    run = tap(api.config(settings, child, start_date="2024-01-01"))
    assert run.status == 1
    assert run.ids() == [row["id"] for row in ROWS]
    assert ROWS[28]["at"] <= run.bookmark() <= ROWS[45]["at"]
