"""Syncs that continue from a bookmark: what is requested, where it moves."""

from __future__ import annotations

import pytest

OLD = "2024-01-01T00:00:00Z"


def stream(**settings):
    settings = {"incremental": {"start_param": "since"}, "replication_key": "at", **settings}
    return {"name": "items", "path": "items", **settings}


def state(value, key="at"):
    return {"bookmarks": {"items": {"replication_key": key, "replication_key_value": value}}}


def asked(api):
    return api.requests("/items")[-1].query.get("since")


def test_first_run_starts_at_the_start_date(api, tap):
    api.serve("/items", [{"at": OLD}])
    tap(api.config(stream(), start_date="2023-06-01"))
    assert asked(api) == "2023-06-01T00:00:00Z"
    tap(api.config(stream()))
    assert asked(api) is None


def test_bookmark_wins_over_a_later_start_date(api, tap):
    api.serve("/items", [{"at": OLD}])
    tap(api.config(stream(), start_date="2025-01-01"), state=state(OLD))
    assert asked(api) == OLD


@pytest.mark.parametrize(
    ("values", "highest"),
    [
        (["2024-03-01T00:00:00+05:00", "2024-02-29T20:00:00Z", "2024-02-29T14:00:00-05:00"], 1),
        (["2024-03-01T00:00:00Z", "2024-03-01T00:00:00.5Z", "2024-02-01"], 1),
        ([9, 10, 8], 1),
        (["9", "10", "100"], 2),
        ([10**20, 10**20 + 1, 5], 1),
    ],
)
def test_bookmarks_compare_as_timestamps_or_numbers(api, tap, values, highest):
    api.serve("/items", [{"at": value} for value in values])
    assert tap(api.config(stream())).bookmark("items") == values[highest]


def test_bookmark_never_goes_back(api, tap):
    api.serve("/items", [{"at": "2020-01-01T00:00:00Z"}])
    run = tap(api.config(stream()), state=state(OLD))
    assert run.bookmark("items") == OLD
    assert len(run.records("items")) == 1


def test_record_without_the_key_is_emitted_with_a_warning(api, tap):
    api.serve("/items", [{"id": 1, "at": OLD}, {"id": 2}, {"id": 3, "at": None}])
    run = tap.ok(api.config(stream()))
    assert run.ids() == [1, 2, 3]
    assert run.bookmark("items") == OLD
    assert any(" 2 records had no 'at', which" in line for line in run.warnings)


@pytest.mark.parametrize("value", [{"a": 1}, [1], [OLD], True, "soon", ""])
@pytest.mark.parametrize("order", ["none", "asc"])
def test_unusable_replication_value_is_counted_in_a_warning(api, tap, value, order):
    api.serve("/items", [{"id": 1, "at": value}, {"id": 2, "at": value}])
    run = tap.ok(api.config(stream(incremental={"order": order})))
    assert run.records("items") == [{"id": 1, "at": value}, {"id": 2, "at": value}]
    assert run.bookmark("items") is None
    assert any("neither a timestamp nor a number" in line for line in run.warnings)


@pytest.mark.parametrize(
    ("form", "bookmark", "sent"),
    [
        ("iso", "2024-01-01T02:00:00.123456789+02:00", "2024-01-01T00:00:00.123456Z"),
        ("epoch", "2024-01-01T00:00:00.9Z", "1704067200"),
        ("epoch_ms", "2024-01-01T00:00:00.9999Z", "1704067200999"),
        ("date", "2024-01-01T23:30:00-01:00", "2024-01-02"),
        ("%d.%m.%Y %H:%M", "2024-01-01T12:59:59Z", "01.01.2024 12:59"),
        ("iso", 1704067200, "1704067200"),
        ("epoch", 1704067200, "1704067200"),
        ("epoch_ms", 1704067200123, "1704067200123"),
        ("date", 1704067200123, "2024-01-01"),
    ],
)
def test_bounds_are_sent_in_every_format(api, tap, form, bookmark, sent):
    api.serve("/items", [{"at": bookmark}])
    settings = {"incremental": {"start_param": "since", "format": form}}
    tap(api.config(stream(**settings)), state=state(bookmark))
    assert asked(api) == sent


@pytest.mark.parametrize(
    ("form", "bookmark", "sent"),
    [
        ("iso", OLD, "2023-12-31T23:00:00Z"),
        ("epoch", 1704067200, "1704063600"),
        ("epoch_ms", 1704067200000, "1704063600000"),
    ],
)
def test_lookback_is_subtracted_from_the_bookmark_only(api, tap, form, bookmark, sent):
    api.serve("/items", [{"at": bookmark}])
    settings = {"incremental": {"start_param": "since", "format": form, "lookback": 3600}}
    run = tap(api.config(stream(**settings)), state=state(bookmark))
    assert asked(api) == sent
    assert run.bookmark("items") == bookmark
    tap(api.config(stream(**settings), start_date=OLD))
    assert asked(api) in {OLD, "1704067200", "1704067200000"}


def test_bound_in_the_body_keeps_its_type(api, tap):
    api.serve("/items", [{"at": 7}])
    settings = {"method": "POST", "pagination": {"style": "none", "params_in": "body"}}
    settings["incremental"] = {"start_param": "filter.since", "format": "epoch"}
    tap(api.config(stream(**settings)), state=state(7))
    assert api.requests("/items")[-1].json == {"filter": {"since": 7}}


def test_templates_may_carry_the_bounds(api, tap):
    api.serve("/items", [{"at": OLD}])
    settings = {
        "incremental": {},
        "params": {"q": "updated >= '{start:%Y-%m-%d %H:%M}'"},
        "headers": {"X-Since": "{start}"},
    }
    tap(api.config(stream(**settings), start_date="2023-01-01"), state=state(OLD))
    seen = api.requests("/items")[-1]
    assert seen.query["q"] == "updated >= '2024-01-01 00:00'"
    assert seen.headers["X-Since"] == OLD


def test_failed_run_moves_no_bookmark(api, tap):
    config = api.config(stream(pagination={"style": "page_number"}))
    from tests.support.server import Reply

    config["streams"][0]["schema"] = {"properties": {"at": {"type": "string"}}}
    api.serve("/items", [{"at": "2024-05-05T00:00:00Z"}], Reply({}, 500))
    run = tap(config, state=state(OLD))
    assert run.status == 1
    assert run.bookmark("items") == OLD
    assert len(run.records("items")) == 1


def test_future_dates_cap_the_bookmark_at_the_run(api, tap):
    api.serve("/items", [{"at": "9999-12-31T00:00:00Z"}, {"at": OLD}])
    run = tap(api.config(stream()))
    assert OLD < run.bookmark("items") < "9999"
    assert any("future" in line for line in run.warnings)


def test_bookmark_of_another_key_is_ignored(api, tap):
    api.serve("/items", [{"at": OLD}])
    tap(api.config(stream(), start_date="2023-01-01"), state=state(5, key="id"))
    assert asked(api) == "2023-01-01T00:00:00Z"


def test_state_of_other_streams_is_kept(api, tap):
    api.serve("/items", [{"at": OLD}])
    other = {"replication_key": "id", "replication_key_value": 5}
    run = tap(api.config(stream()), state={"bookmarks": {"other": other}})
    assert run.state["bookmarks"]["other"] == other


@pytest.mark.parametrize("inclusion", [{}, {"inclusion": "available"}])
def test_deselected_keys_are_emitted_with_a_warning(api, tap, inclusion):
    api.serve("/items", [{"id": 1, "at": OLD, "note": "n"}])
    columns = {"id": "integer", "at": "string", "note": "string"}
    deselected = {"selected": False, **inclusion}
    entry = {
        "tap_stream_id": "items",
        "key_properties": ["id"],
        "replication_key": "at",
        "schema": {"type": "object", "properties": {n: {"type": t} for n, t in columns.items()}},
        "metadata": [
            {"breadcrumb": [], "metadata": {"selected": True}},
            *({"breadcrumb": ["properties", name], "metadata": deselected} for name in columns),
        ],
    }
    run = tap.ok(api.config(stream(primary_keys=["id"])), catalog={"streams": [entry]})
    assert run.records("items") == [{"id": 1, "at": OLD}]
    assert run.schemas("items")[0]["properties"].keys() == {"id", "at"}
    (said,) = [warning for warning in run.warnings if "deselects" in warning]
    assert "'items'" in said
    assert "id, at" in said

    entry["metadata"][0]["metadata"] = {"selected": False}
    run = tap(api.config(stream(primary_keys=["id"])), catalog={"streams": [entry]})
    assert not run.records("items")
    assert not any("deselects" in warning for warning in run.warnings)


@pytest.mark.parametrize("place", ["entry", "forced", "chosen"])
def test_full_table_in_a_catalog_leaves_the_bookmark(api, tap, place):
    api.serve("/items", [{"id": 1, "at": "2023-01-01T00:00:00Z"}])
    given = state(OLD)
    names = {"forced": "forced-replication-method", "chosen": "replication-method"}
    root = {"selected": True} | ({names[place]: "FULL_TABLE"} if place in names else {})
    entry = {
        "tap_stream_id": "items",
        "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
        "replication_key": "at",
        "metadata": [{"breadcrumb": [], "metadata": root}],
    }
    if place == "entry":
        entry["replication_method"] = "FULL_TABLE"
    if place == "chosen":
        entry["replication_method"] = "INCREMENTAL"
    run = tap.ok(api.config(stream()), state=given, catalog={"streams": [entry]})
    assert asked(api) is None
    assert len(run.records("items")) == 1
    assert run.bookmark("items") == OLD
    assert any("FULL_TABLE" in warning for warning in run.warnings)


def test_bookmark_of_another_key_warns_once(api, tap):
    api.serve("/items", [{"at": OLD}])
    run = tap(api.config(stream()), state=state(5, key="id"))
    assert asked(api) is None
    assert "stream 'items': ignoring its bookmark: it is of 'id', not of 'at'" in run.warnings


def test_catalog_needs_no_sample(api, tap):
    api.serve("/items", [{"id": 1, "at": OLD, "secret": "s"}])
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": ["integer", "null"]},
            "at": {"type": ["string", "null"]},
            "secret": {"type": ["string", "null"]},
        },
    }
    metadata = [
        {"breadcrumb": [], "metadata": {"selected": True}},
        {"breadcrumb": ["properties", "secret"], "metadata": {"selected": False}},
    ]
    entry = {"tap_stream_id": "items", "stream": "items", "schema": schema, "metadata": metadata}
    entry["replication_key"] = "at"
    second = {"name": "others", "path": "others"}
    run = tap.ok(api.config(stream(), second), catalog={"streams": [entry]})
    assert len(api.requests("/items")) == 1
    assert not api.requests("/others")
    assert run.records("items") == [{"id": 1, "at": OLD}]
    assert "secret" not in run.schemas("items")[0]["properties"]


@pytest.mark.parametrize(
    ("settings", "placeholder", "sent"),
    [
        ({"format": "epoch"}, "{start}", 1704067200),
        ({}, "{start:epoch_ms}", 1704067200000),
        ({}, "{start:%Y}", "2024"),
        ({}, "{start}", "2024-01-01T00:00:00Z"),
    ],
)
def test_lone_bound_keeps_its_type_in_a_body(api, tap, settings, placeholder, sent):
    """APIs and GraphQL variables that want a number refuse a string."""
    api.serve("/items", [{"id": 1, "at": "2024-02-01T00:00:00Z"}])
    stream = {
        "name": "items",
        "path": "items",
        "method": "POST",
        "body": {"filter": {"since": placeholder, "text": f"since {placeholder}"}},
        "params": {"since": placeholder},
        "replication_key": "at",
        "incremental": settings,
    }
    tap.ok(api.config(stream, start_date="2024-01-01"))
    seen = api.requests("/items")[0]
    assert seen.json == {"filter": {"since": sent, "text": f"since {sent}"}}
    assert seen.query == {"since": str(sent)}


@pytest.mark.parametrize("odd", [[1], {"a": 1}, True])
def test_bookmark_that_is_no_value_leaves_the_state(api, tap, odd):
    api.serve("/items", [])
    run = tap.ok(api.config(stream()), state=state(odd))
    assert not {"replication_key", "replication_key_value"} & {*run.state["bookmarks"]["items"]}


def test_unusable_values_of_all_partitions_are_counted_together(api, tap):
    api.serve("/items", [{"id": 1, "at": "soon"}])
    run = tap.ok(api.config({**stream(), "partitions": [{"k": 1}, {"k": 2}, {"k": 3}]}))
    assert any(" 3 records had a 'at' that is neither" in line for line in run.warnings)
