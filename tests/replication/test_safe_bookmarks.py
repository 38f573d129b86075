"""No bookmark passes what was not read, whatever the key type, the order and the failure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.support.key_types import KEY_TYPES, read_iso
from tests.support.server import Reply

DAY = timedelta(days=1)
BEGIN = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - 120 * DAY
START, LATER = (str((BEGIN + days * DAY).date()) for days in (0, 20))
FUTURE = datetime(2999, 1, 1, tzinfo=timezone.utc)
WINDOWS = {"start_param": "since", "end_param": "until", "window": "P30D"}
every_key = pytest.mark.parametrize("key", KEY_TYPES.values(), ids=KEY_TYPES)
ORDERS = ["none", "asc", "desc"]
PARTITIONS = {"partitions": [{"part": "a"}], "params": {"part": "{partition.part}"}}
CHILD = {"parent": {"stream": "lists", "keys": {"part": "id"}}, "params": {"part": "{parent.part}"}}
CONTEXTS = {"plain": {}, "partition": PARTITIONS, "child": CHILD}
# Each key in a plain stream, and one in each of the other contexts.
KEYS_IN_CONTEXTS = [(name, "plain") for name in KEY_TYPES] + [
    ("iso", "partition"),
    ("iso", "child"),
]
every_context = pytest.mark.parametrize("contexts", CONTEXTS.values(), ids=CONTEXTS)


def in_pairs(others):
    """Return keys, orders and others: each two of them meet."""
    return [
        (name, ORDERS[(row + column) % len(ORDERS)], other)
        for row, name in enumerate(KEY_TYPES)
        for column, other in enumerate(others)
    ]


def rows(key, days, *, late=()):
    """Return a row for each day, created then; the key of ``late`` ones is the time given."""
    made = [{"id": n, "at": key.write(BEGIN + n * DAY)} for n in range(days)]
    for number, at in dict(late).items():
        made[number]["at"] = key.write(at)
    return made


def stream(key, **settings):
    incremental = {"format": key.format, **settings.pop("incremental", {})}
    fixed = {"name": "items", "path": "items", "replication_key": "at", "schema": key.schema}
    return {**fixed, "incremental": incremental, **settings}


def by_creation(key, made, failing=()):
    """Serve rows by the day of their creation, between the bounds; fail at some days."""

    def respond(seen):
        since, until = (key.read(seen.query[name]) for name in ("since", "until"))
        if any(since <= BEGIN + day * DAY < until for day in failing):
            return Reply({"error": "on purpose"}, 500)
        return [row for row in made if since <= BEGIN + row["id"] * DAY < until]

    return respond


def state(value, contexts=None):
    found = {"replication_key": "at", "replication_key_value": value}
    if contexts:
        found = {"partitions": [{"context": {"part": "a"}, **found}]}
    return {"bookmarks": {"items": found}}


def bookmarks(states):
    """Return the bookmark of the stream's only context in each STATE."""
    found = [one["bookmarks"].get("items", {}) for one in states]
    return [one.get("partitions", [one])[0].get("replication_key_value") for one in found]


def read(api, settings, contexts):
    """Return the configuration of a stream in a context, of its parent, too."""
    api.serve("/lists", [{"id": "a"}])
    parent = [{"name": "lists", "path": "lists"}] if contexts is CHILD else []
    return api.config(*parent, {**settings, **contexts})


def assert_no_bookmark_passes_its_window(run, key, windows=4):
    """Compare each STATE with the end of the window of the last record before it."""
    last = -1
    for message in run.messages:
        if message["type"] == "RECORD":
            last = max(last, message["record"]["id"])
        (value,) = bookmarks([message["value"]]) if message["type"] == "STATE" else (None,)
        window = min(last // 30 + 1, windows)
        if value is not None and window < 4:
            try:
                at = key.read(str(value))
            except ValueError:
                at = read_iso(str(value))
            assert at <= BEGIN + window * 30 * DAY


@pytest.mark.parametrize(("key", "order", "days"), in_pairs([75, 300, None]))
def test_window_moves_the_bookmark_to_its_end_at_most(api, tap, key, order, days):
    """A row of the first window has a key beyond it; the third window fails."""
    key, late = KEY_TYPES[key], BEGIN + days * DAY if days else FUTURE
    made = rows(key, 100, late={7: late})
    api.routes["/items"] = by_creation(key, made, failing=[60])
    settings = stream(key, incremental={**WINDOWS, "order": order})
    run = tap(api.config(settings, start_date=START))
    assert run.status == 1
    assert_no_bookmark_passes_its_window(run, key, windows=2)
    api.routes["/items"] = by_creation(key, made)
    again = tap.ok(api.config(settings, start_date=START), state=run.state)
    assert {*run.ids(), *again.ids()} == set(range(100))
    assert len(again.ids()) < 100
    assert not any(str(key.write(FUTURE)) in str(one) for one in run.states)


@pytest.mark.parametrize(
    ("key", "order", "ending"), in_pairs(["max_pages", "missing records", "none"])
)
def test_window_that_ends_early_holds_the_bookmark_before_it(api, tap, key, order, ending):
    """At exit status 0, with a row of the first window whose key is beyond it."""
    key = KEY_TYPES[key]
    made = rows(key, 100, late={7: BEGIN + 75 * DAY})

    def serve(ending):
        def respond(seen):
            found = by_creation(key, made)(seen)[:: -1 if order == "desc" else 1]
            is_second = any(30 <= row["id"] < 60 for row in found)
            if ending == "missing records" and is_second:
                return {"other": found}
            page, size = int(seen.query["page"]), 5 if is_second else 10
            return {"data": found[(page - 1) * size :][:size]}

        api.routes["/items"] = respond

    serve(ending)
    incremental = {**WINDOWS, "order": order}
    paging = {"style": "page_number"}
    settings = stream(key, incremental=incremental, records_path="data", pagination=paging)
    limited = {**paging, "max_pages": 4} if ending == "max_pages" else paging
    run = tap.ok(api.config({**settings, "pagination": limited}, start_date=START))
    assert_no_bookmark_passes_its_window(run, key, windows=4 if ending == "none" else 1)
    assert any("incomplete read" in line for line in run.warnings) == (ending != "none")
    serve("none")
    again = tap.ok(api.config(settings, start_date=START), state=run.state)
    assert {*run.ids(), *again.ids()} == set(range(100))
    assert len(again.ids()) < 100


@pytest.mark.parametrize(("key", "context"), KEYS_IN_CONTEXTS)
def test_future_bookmark_is_held_at_the_start_of_the_run(api, tap, key, context):
    """Also if no record comes: the next run must not start later."""
    key, contexts = KEY_TYPES[key], CONTEXTS[context]
    before = datetime.now(timezone.utc) - DAY
    for served in ([], [{"id": 1, "at": key.write(BEGIN)}], [{"id": 2, "at": key.write(FUTURE)}]):
        api.serve("/items", served)
        config = read(api, stream(key, incremental={"start_param": "since"}), contexts)
        run = tap.ok(config, state=state(key.write(FUTURE), contexts))
        assert any("is in the future" in line for line in run.warnings)
        since = api.requests("/items")[-1].query["since"]
        assert before <= key.read(since) <= datetime.now(timezone.utc)
        tap.ok(config, state=run.state)
        since = api.requests("/items")[-1].query["since"]
        assert before <= key.read(since) <= datetime.now(timezone.utc)


@pytest.mark.parametrize(
    ("wrong", "value", "said"),
    [("epoch", 1_704_067_200_000, "epoch_ms"), ("epoch_ms", 1_704_067_200_000_000, "epoch_us")],
)
def test_wrong_unit_is_named_and_moves_no_bookmark(api, tap, wrong, value, said):
    api.serve("/items", [{"id": 1, "at": value}])
    run = tap.ok(api.config(stream(KEY_TYPES[wrong], incremental=WINDOWS), start_date=START))
    assert run.bookmark() is None
    assert any(f"set the incremental format {said}" in line for line in run.warnings)
    run = tap.ok(api.config(stream(KEY_TYPES[wrong])), state=state(value))
    assert any("ignoring its bookmark" in line and said in line for line in run.warnings)


@pytest.mark.parametrize("contexts", [{}, PARTITIONS], ids=["plain", "partition"])
@pytest.mark.parametrize("key", ["iso", "epoch", "ids"])
def test_checkpoint_of_an_order_that_is_not_kept_is_taken_back(api, tap, contexts, key):
    write = (lambda at: (at - BEGIN).days) if key == "ids" else KEY_TYPES[key].write
    days = [*range(1, 11), 1000, 1001, *range(11, 40)]
    made = [{"id": n, "at": write(BEGIN - 1001 * DAY + n * DAY)} for n in days]

    def respond(seen):
        page = int(seen.query["page"])
        failed = page == 5 and "again" not in seen.query
        return Reply({}, 500) if failed else made[(page - 1) * 4 : page * 4]

    api.routes["/items"] = respond
    kind = KEY_TYPES["epoch" if key == "epoch" else "iso"]
    schema = KEY_TYPES["iso" if key == "iso" else "epoch"].schema
    settings = stream(
        kind, schema=schema, pagination={"style": "page_number"}, incremental={"order": "asc"}
    )
    run = tap(api.config({**settings, **contexts}))
    assert run.status == 1
    values = [str(one) for one in run.states]
    wrong = f"'replication_key_value': {write(BEGIN - DAY)!r}"
    assert wrong not in values[-1].partition("progress_markers")[0]
    assert any("not in ascending order" in line for line in run.warnings)


@pytest.mark.parametrize("contexts", [{}, PARTITIONS, CHILD], ids=["plain", "partition", "child"])
@pytest.mark.parametrize("size", [2, 3, 4, 6, 12])
@pytest.mark.parametrize("ending", ["failure", "max_pages"])
def test_outliers_at_the_end_of_the_last_page_move_no_checkpoint(api, tap, contexts, size, ending):
    """Only the next page could show that the order is not kept."""
    key = KEY_TYPES["iso"]
    days = [*range(1, 11), 1000, 1001, *range(11, 40)]
    made = [{"id": n, "at": key.write(BEGIN - 1001 * DAY + n * DAY)} for n in days]
    last = 12 // size

    def respond(seen):
        page = int(seen.query["page"])
        return Reply({}, 500) if page > last else made[(page - 1) * size : page * size]

    api.routes["/items"] = respond
    paging = {"style": "page_number"} | ({"max_pages": last} if ending == "max_pages" else {})
    settings = stream(key, pagination=paging, incremental={"order": "asc"})
    run = tap(read(api, settings, contexts))
    (value,) = bookmarks([run.state])
    known = [row["at"] for row in made[:10]]
    assert value in [None, *known]
    # Nor does it fall back further than to the page before.
    assert value == (known[12 - size - 2] if size < 12 else None)


@every_key
@pytest.mark.parametrize("bounds", ["half_open", "inclusive", "exclusive"])
def test_windows_share_no_bound(api, tap, key, bounds):
    """However the API reads its bounds, each row comes once, and none is between two windows."""
    made = rows(key, 14)

    def respond(seen):
        since, until = (key.read(seen.query[name]) for name in ("since", "until"))
        return [
            row
            for row in made
            if since < (at := BEGIN + row["id"] * DAY) < until
            or (at == since and bounds != "exclusive")
            or (at == until and bounds == "inclusive")
        ]

    api.routes["/items"] = respond
    windows = {**WINDOWS, "window": "P2D", "window_bounds": bounds}
    settings = stream(key, incremental=windows)
    run = tap.ok(api.config(settings, start_date=START, end_date=LATER, max_in_flight=8))
    assert run.ids() == list(range(14))


@every_key
def test_older_records_than_the_start_date_are_left_out(api, tap, key):
    made = rows(key, 40)
    api.serve("/items", made)
    settings = stream(key, incremental={"drop_older": True})
    assert tap.ok(api.config(settings, start_date=LATER)).ids() == list(range(20, 40))

    api.routes["/items"] = lambda seen: made[::-1][int(seen.query["offset"]) :][:10]
    settings = stream(key, incremental={"order": "desc"}, pagination={"style": "offset"})
    run = tap.ok(api.config(settings, start_date=LATER))
    assert run.ids() == list(range(39, 9, -1))


@pytest.mark.parametrize("form", ["iso", "epoch", "%s"])
@pytest.mark.parametrize("key", ["id", "order_id", "rowVersionId", "version"])
@pytest.mark.parametrize("initial", [None, 0, 7])
def test_number_that_is_no_time_never_gets_a_date(api, tap, form, key, initial):
    """An id is no time, nor is any number under iso; it is not held at the clock."""
    if key == "version" and form != "iso" and initial is None:
        pytest.skip("a number in an epoch format is a time")
    made = [{key: 10**18 + n} for n in range(1, 4)]
    api.routes["/items"] = lambda seen: [
        row for row in made if row[key] >= int(seen.query.get("since", 0))
    ]
    settings = {
        "name": "items",
        "path": "items",
        "replication_key": key,
        "incremental": {"format": form, "start_param": "since"},
        "schema": {"properties": {key: {"type": "integer"}}},
        **({} if initial is None else {"initial_value": initial}),
    }
    run = tap.ok(api.config(settings, start_date=START))
    assert run.records() == made
    asked = api.requests("/items")[0].query.get("since")
    assert asked == (None if initial is None else str(initial))
    assert run.bookmark() == 10**18 + 3
    tap.ok(api.config(settings, start_date=START), state=run.state)
    assert api.requests("/items")[-1].query["since"] == str(10**18 + 3)


def test_epoch_us_is_a_format_of_bounds(api, tap):
    api.serve("/items", [{"id": 1, "at": 1_704_067_200_123_456}])
    key = KEY_TYPES["epoch_us"]
    settings = stream(key, incremental={"start_param": "since", "lookback": 1})
    run = tap.ok(api.config(settings, start_date=START))
    assert key.read(api.requests("/items")[-1].query["since"]) == BEGIN
    tap.ok(api.config(settings), state=run.state)
    assert api.requests("/items")[-1].query["since"] == "1704067199123456"


@pytest.mark.parametrize("value", [{"a": 1}, [1], True, "soon", "", "9" * 4000, "1_000"])
@pytest.mark.parametrize("key", ["iso", "epoch", "date"])
@every_context
def test_bookmark_that_is_no_value_is_ignored_with_a_warning(api, tap, key, value, contexts):
    api.serve("/items", [{"id": 1, "at": KEY_TYPES[key].write(BEGIN)}])
    settings = stream(KEY_TYPES[key], incremental={"start_param": "since"})
    run = tap.ok(read(api, settings, contexts), state=state(value, contexts))
    assert "since" not in api.requests("/items")[-1].query
    assert any("ignoring its bookmark" in line for line in run.warnings)
    assert bookmarks(run.states)[-1] == KEY_TYPES[key].write(BEGIN)


@pytest.mark.parametrize("value", [{"a": 1}, {}, [1], [], True, False])
@pytest.mark.parametrize("served", [[], Reply({}, 500)], ids=["no records", "failure"])
@every_context
def test_bookmark_that_can_be_no_value_leaves_the_state(api, tap, value, served, contexts):
    """Also if no record replaces it."""
    api.serve("/items", served)
    settings = stream(KEY_TYPES["iso"], incremental={"start_param": "since"})
    run = tap(read(api, settings, contexts), state=state(value, contexts))
    assert bookmarks(run.states)[-1] is None


@pytest.mark.parametrize(
    ("column", "served", "value"),
    [
        ({"type": ["integer", "null"]}, 7, "2024-01-01"),
        ({"type": "number"}, 7, "2024-01-01T00:00:00Z"),
        ({"type": "string", "format": "date-time"}, "2024-01-01T00:00:00Z", 5),
        ({"type": ["null", "string"], "format": "date"}, "2024-01-01", "5"),
    ],
)
@every_context
def test_bookmark_of_another_type_is_ignored_with_a_warning(
    api, tap, column, served, value, contexts
):
    api.serve("/items", [{"id": 1, "at": served}])
    schema = {"properties": {"id": {"type": "integer"}, "at": column}}
    settings = stream(KEY_TYPES["iso"], schema=schema, incremental={"start_param": "since"})
    run = tap.ok(read(api, settings, contexts), state=state(value, contexts))
    assert "since" not in api.requests("/items")[-1].query
    assert any("ignoring its bookmark" in line for line in run.warnings)
    assert bookmarks(run.states)[-1] == served


@pytest.mark.parametrize(("name", "count"), [("since", 0), ("sincee", 1)])
@pytest.mark.parametrize("bound", ["bookmark", "start_date"])
@every_key
def test_records_older_than_the_lower_bound_warn(api, tap, key, bound, name, count):
    made = rows(key, 30)

    def respond(seen):
        since = key.read(seen.query["since"]) if "since" in seen.query else BEGIN
        return [row for row in made if BEGIN + row["id"] * DAY >= since]

    api.routes["/items"] = respond
    settings = stream(key, incremental={"start_param": name, "lookback": 3600})
    if bound == "bookmark":
        run = tap.ok(api.config(settings), state=state(key.write(BEGIN + 20 * DAY)))
    else:
        run = tap.ok(api.config(settings, start_date=str((BEGIN + 20 * DAY).date())))
    assert sum(f"may ignore start_param '{name}'" in line for line in run.warnings) == count


def test_replication_key_in_no_record_is_an_error(api, tap):
    api.serve("/items", [{"id": 1, "updated": "2024-01-01"}])
    for schema in ({}, {"schema": {"properties": {"id": {"type": "integer"}}}}):
        settings = {"name": "items", "path": "items", "replication_key": "updatd", **schema}
        run = tap(api.config(settings))
        assert run.status == 1
        assert "replication_key 'updatd' is in none of its records" in run.error_lines[-1]
        assert "did you mean 'updated'?" in run.error_lines[-1]


@pytest.mark.parametrize("served", [[], [{"id": 1, "at": None}], [{"id": 1}, {"id": 2, "at": 5}]])
@pytest.mark.parametrize("encoded", [True, False])
def test_replication_key_without_a_value_is_no_error(api, tap, served, encoded):
    api.serve("/items", {"data": served})
    settings = stream(KEY_TYPES["epoch"], records_path="data")
    if not encoded:
        settings["keep"] = [{"path": "id", "in": [1, 2]}]
    tap.ok(api.config(settings))


@pytest.mark.parametrize("method", [None, "INCREMENTAL"])
def test_catalog_without_keys_takes_those_of_the_configuration(api, tap, method):
    api.serve("/items", [{"id": 1, "at": "2024-01-01T00:00:00Z"}])
    root = {"selected": True} | ({"replication-method": method} if method else {})
    entry = {
        "tap_stream_id": "items",
        "schema": KEY_TYPES["iso"].schema,
        "metadata": [{"breadcrumb": [], "metadata": root}],
    }
    config = api.config(stream(KEY_TYPES["iso"], primary_keys=["id"]))
    run = tap.ok(config, catalog={"streams": [entry]})
    assert run.bookmark() == "2024-01-01T00:00:00Z"
    assert [m["key_properties"] for m in run.messages if m["type"] == "SCHEMA"] == [["id"]]
