"""Whole syncs of incremental streams that are cut into windows, or come in an order."""

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
    """Answer with the rows from ``since`` up to, and without, ``until``."""
    since, until = (
        datetime.fromisoformat(seen.query[n].replace("Z", "+00:00")) for n in ("since", "until")
    )
    return [row for row in ROWS if since <= datetime.fromisoformat(row["at"]) < until]


def ids(run):
    return [record["id"] for record in run.records("items")]


WINDOWS = {"start_param": "since", "end_param": "until", "window": "P30D"}


def test_windows_follow_each_other_without_gap_or_overlap(api, tap):
    """Windows are half-open, touch each other, and the last one is open to now."""
    api.routes["/items"] = between
    run = tap(api.config(stream(**WINDOWS), start_date="2024-01-01"))
    assert run.status == 0, run.errors
    assert ids(run) == [row["id"] for row in ROWS]
    # Windows are asked for side by side.
    asked = sorted((seen.query["since"], seen.query["until"]) for seen in api.requests("/items"))
    assert asked[0] == ("2024-01-01T00:00:00Z", "2024-01-31T00:00:00Z")
    assert all(one[1] == other[0] for one, other in itertools.pairwise(asked))
    assert asked[-1][1] > "2026"
    assert run.bookmark("items") == ROWS[-1]["at"]


def test_a_state_follows_each_window(api, tap):
    """After each window a STATE holds the bookmark of what was read; a failure keeps it."""

    def answer(seen):
        third = seen.query["since"] == "2024-03-01T00:00:00Z"
        return Reply({}, 500) if third else between(seen)

    api.routes["/items"] = answer
    run = tap(api.config(stream(**WINDOWS), start_date="2024-01-01"))
    assert run.status == 1
    assert ids(run) == list(range(60))
    assert run.bookmark("items") == ROWS[59]["at"]
    api.routes["/items"] = between
    again = tap(api.config(stream(**WINDOWS), start_date="2024-01-01"), state=run.state)
    assert ids(again) == list(range(59, 100))


def test_windows_of_epochs(api, tap):
    """Windows are cut in the unit of the format, be the bookmark a number or a time."""
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
        ({"window": "P1D", "start_param": "a"}, "needs end_param"),
        ({"window": "P1D", "end_param": "a"}, "needs start_param"),
        ({"order": "up"}, "must be one of none, asc, desc"),
    ],
)
def test_mistakes_in_windows_are_clear(api, tap, incremental, said):
    """What is wrong with a window is one line before any request."""
    run = tap(api.config(stream(**incremental), start_date="2024-01-01"))
    assert run.status == 1
    assert said in run.error_lines[0]
    assert not api.seen


def paged(rows):
    def answer(seen):
        page = int(seen.query["page"])
        return rows[(page - 1) * 10 : page * 10]

    return answer


def test_an_ascending_stream_resumes_where_it_was_cut_off(api, tap):
    """In ascending order the bookmark advances page by page, never past what was not read."""

    def answer(seen):
        return Reply({}, 500) if seen.query["page"] == "5" else paged(ROWS)(seen)

    api.routes["/items"] = answer
    settings = {**stream(order="asc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert run.status == 1
    assert ids(run) == list(range(40))
    assert run.bookmark("items") == ROWS[38]["at"]


def test_records_with_one_value_are_not_passed_half_way(api, tap):
    """In ascending order the bookmark waits until a higher value shows that one is done."""
    rows = [{"id": n, "at": ROWS[n // 15]["at"]} for n in range(60)]

    def answer(seen):
        return Reply({}, 500) if seen.query["page"] == "4" else paged(rows)(seen)

    api.routes["/items"] = answer
    settings = {**stream(order="asc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert run.bookmark("items") == ROWS[0]["at"]


def test_a_stream_that_is_not_ascending_keeps_its_bookmark(api, tap):
    """Where the order does not hold, the bookmark moves at the end alone, which is said."""
    rows = [ROWS[n] for n in (5, 3, 9, 1)] + ROWS[10:30]

    def answer(seen):
        return Reply({}, 500) if seen.query["page"] == "2" else paged(rows)(seen)

    api.routes["/items"] = answer
    settings = {**stream(order="asc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert run.bookmark("items") is None
    assert any("ascending" in line for line in run.warnings)


def state(n):
    value = ROWS[n]["at"]
    return {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": value}}}


def test_a_descending_stream_stops_at_what_is_known(api, tap):
    """In descending order paging stops at the first page wholly older than the bookmark."""
    api.routes["/items"] = paged(ROWS[::-1])
    settings = {**stream(order="desc"), "pagination": {"style": "page_number"}}
    run = tap(api.config(settings), state=state(75))
    assert run.status == 0, run.errors
    assert len(api.requests("/items")) == 4
    assert run.bookmark("items") == ROWS[99]["at"]


def test_drop_older_keeps_what_is_equal(api, tap):
    """drop_older leaves out records older than the bookmark, not those equal to it or without."""
    api.serve("/items", [*ROWS, {"id": 1000}])
    run = tap(api.config(stream(drop_older=True)), state=state(90))
    assert run.status == 0, run.errors
    assert ids(run) == [*range(90, 100), 1000]


def test_windows_without_number_are_refused(api, tap):
    """A window so short that its read would hardly end is one line, before any request for data."""
    api.serve("/items", [])
    run = tap(api.config(stream(**{**WINDOWS, "window": "PT1S"}), start_date="1970-01-01"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "stream 'items': window is so short that there would be more than 50000" in line
    assert not api.requests("/items")
