"""When ACTIVATE_VERSION is sent: it makes a target delete the rows that a read did not bring."""

from __future__ import annotations

import json
import time

import pytest

from tests.support.server import Reply

pytestmark = pytest.mark.usefixtures("api")

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "at": {"type": ["string", "null"]},
        "k": {"type": ["string", "null"]},
        "up": {"type": ["integer", "null"]},
    },
}
ROWS = [{"id": number, "at": f"2026-01-0{number}"} for number in range(1, 5)]
PAGES = {"style": "page_number", "page_size": 2}
IGNORE = {"response_rules": [{"status": 404, "action": "ignore"}]}
END = {"response_rules": [{"status": 404, "action": "end"}]}
GONE = Reply({"message": "no"}, 404)


def stream(name="items", **settings):
    fixed = {"name": name, "path": name, "schema": SCHEMA, "primary_keys": ["id"]}
    return {**fixed, **settings}


def child(**settings):
    parent = {"stream": "items", "keys": {"up": "id"}}
    return stream("notes", path="notes/{parent.up}", parent=parent, **settings)


def deleting(api, *streams, **settings):
    return api.config(*streams, emit_activate_version_messages=True, **settings)


def activated(run):
    """Return the version that each stream activates."""
    sent = [message for message in run.messages if message["type"] == "ACTIVATE_VERSION"]
    assert len({message["stream"] for message in sent}) == len(sent)
    return {message["stream"]: message["version"] for message in sent}


def versions(run, name="items"):
    """Return the version of each record of a stream."""
    messages = [message for message in run.messages if message["type"] == "RECORD"]
    return [message.get("version") for message in messages if message["stream"] == name]


def serve_pages(api, *pages, path="/items"):
    api.routes[path] = lambda seen: [*pages, []][int(seen.query.get("page", ["1"])[0]) - 1]


def test_without_the_setting_no_record_has_a_version(api, tap):
    api.serve("/items", ROWS)
    run = tap.ok(api.config(stream()))
    assert versions(run) == [None] * 4
    assert not activated(run)


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("is_mapped", [False, True], ids=["encoded", "mapped"])
def test_complete_read_activates_the_version_of_its_records(api, tap, in_flight, is_mapped):
    """Once, after the last record and before the last STATE."""
    serve_pages(api, ROWS[:2], ROWS[2:])
    maps = {"stream_maps": {"items": {"at": "at"}}} if is_mapped else {}
    config = deleting(api, stream(pagination=PAGES), max_in_flight=in_flight, **maps)
    run = tap.ok(config)
    (version,) = set(versions(run))
    assert activated(run) == {"items": version}
    assert abs(version - time.time()) < 60
    kinds = [message["type"] for message in run.messages]
    place = kinds.index("ACTIVATE_VERSION")
    assert "RECORD" not in kinds[place:]
    assert kinds[-1] == "STATE"


@pytest.mark.parametrize("reset", [-3600, 0, 3600], ids=["clock behind", "at once", "clock ahead"])
def test_version_is_higher_than_that_of_the_last_run(api, tap, reset):
    """The state remembers it, as the clock may have gone back meanwhile."""
    api.serve("/items", ROWS)
    config = deleting(api, stream())
    state = tap.ok(config).state
    state["bookmarks"]["items"]["version"] += reset
    run = tap.ok(config, state=state)
    assert activated(run)["items"] > state["bookmarks"]["items"]["version"]
    assert activated(run)["items"] == run.state["bookmarks"]["items"]["version"]


@pytest.mark.parametrize("is_on", [True, False])
def test_stream_overrides_the_setting_of_all(api, tap, is_on):
    api.serve("/items", ROWS)
    api.serve("/others", ROWS)
    own = stream(emit_activate_version_messages=is_on)
    run = tap.ok(api.config(own, stream("others"), emit_activate_version_messages=not is_on))
    assert [*activated(run)] == ["items" if is_on else "others"]


def test_incremental_stream_has_no_version(api, tap):
    """It brings only what changed; the one that the catalog reads in full has one."""
    api.serve("/items", ROWS)
    config = deleting(api, stream(replication_key="at"))
    run = tap.ok(config)
    assert versions(run) == [None] * 4
    assert not activated(run)
    catalog = json.loads(tap.ok(config, "--discover").output)
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    assert activated(tap.ok(config, catalog=catalog)).keys() == {"items"}


@pytest.mark.parametrize("setting", [{"drop_older": True}, {"order": "desc"}], ids=str)
def test_catalog_that_reads_all_leaves_no_older_record_out(api, tap, setting):
    """So the read is complete, whatever the start date."""
    api.serve("/items", ROWS[::-1])
    items = stream(replication_key="at", incremental=setting)
    config = deleting(api, items, start_date="2026-01-03")
    catalog = json.loads(tap.ok(config, "--discover").output)
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    run = tap.ok(config, catalog=catalog)
    assert run.ids() == [4, 3, 2, 1]
    assert activated(run).keys() == {"items"}


@pytest.mark.parametrize("kind", ["declared", "remembered", "inferred", "jsonpath", "values"])
def test_empty_list_deletes_all_rows_of_a_known_schema(api, tap, kind):
    """Without a SCHEMA message there is no table to delete from."""
    settings = {"records_path": "$.data[*]" if kind == "jsonpath" else "data"}
    settings |= {"records_are_values": True} if kind == "values" else {}
    settings |= {} if kind in {"declared", "jsonpath", "values"} else {"schema": None}
    items = {name: v for name, v in stream(**settings).items() if v is not None}
    state = {"bookmarks": {}}
    if kind == "remembered":
        api.serve("/items", {"data": ROWS})
        state = tap.ok(deleting(api, items)).state
    api.serve("/items", {"data": {} if kind == "values" else []})
    run = tap.ok(deleting(api, items), state=state)
    assert not run.records()
    assert bool(activated(run)) == bool(run.schemas()) == (kind != "inferred")


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": [{}]},
        {"data": [None]},
        {"message": "no access"},
        {"items": []},
        {"error": "failed"},
        None,
        Reply(b"", 204),
        Reply(b"", 304),
    ],
    ids=str,
)
@pytest.mark.parametrize("on_missing", ["auto", "ignore"])
def test_response_without_an_empty_list_deletes_nothing(api, tap, reply, on_missing):
    items = stream(records_path="data", on_missing_records=on_missing)
    api.serve("/items", {"data": ROWS})
    state = tap.ok(deleting(api, stream(records_path="data"))).state
    api.serve("/items", reply)
    run = tap(deleting(api, items), state=state)
    assert not run.records()
    assert not activated(run)


TWO = {"path": "{partition.k}", "partitions": {"k": ["items", "gone"]}}
PARTIAL = {
    "keep": ({"keep": [{"path": "id", "in": [1, 2, 3]}]}, "1 record left out by keep"),
    "keep of responses": ({"keep": [{"header": "X-Kept", "equals": "1"}]}, "page 1: left out by"),
    "max_pages": ({"pagination": {**PAGES, "max_pages": 1}}, "max_pages (1) was reached"),
    "total": ({"pagination": {**PAGES, "total_path": "n"}, "records_path": "d"}, "says 5 records"),
    "repetition": ({"path": "same", "pagination": PAGES}, "repeats the previous page"),
    "one empty page": (
        {"path": "none", "records_path": "d", "pagination": PAGES},
        "matched nothing",
    ),
    "failure": ({"path": "fails", "pagination": PAGES}, "a part of it was not read"),
    "partition failed": (TWO, "a part of it was not read"),
    "ignored": ({"path": "gone", **IGNORE}, "404"),
    "ended at once": (
        {"path": "gone", "response_rules": [{"status": 404, "action": "end"}]},
        "404",
    ),
    "ignored later": (
        {
            "path": "half",
            "pagination": PAGES,
            **IGNORE,
        },
        "response rule 'ignore'",
    ),
    "partition ignored": (
        {**TWO, **IGNORE},
        "status 404",
    ),
    "lower bound": ({"incremental": {"start_param": "since"}}, "a lower bound"),
    "lower bound in a template": ({"params": {"since": "{start:%Y}"}}, "a lower bound"),
    "upper bound": ({"incremental": {"end_param": "until"}}, "an upper bound"),
    "path with a slice": ({"records_path": "$[0:3]"}, "records_path leaves out"),
    "path with a filter": ({"records_path": "$[?(@.id < 4)]"}, "records_path leaves out"),
}


@pytest.mark.parametrize("kind", PARTIAL)
def test_partial_read_deletes_nothing(api, tap, kind):
    """The log says why."""
    settings, reason = PARTIAL[kind]
    serve_pages(api, *([ROWS] if "pagination" not in settings else [ROWS[:2], ROWS[2:]]))
    if kind == "total":
        serve_pages(api, {"d": ROWS, "n": 5}, {"d": [], "n": 5})
    api.serve("/gone", GONE)
    api.serve("/same", ROWS)
    serve_pages(api, {"d": ROWS[:2]}, {"other": [1]}, path="/none")
    serve_pages(api, ROWS[:2], Reply({}, 500), path="/fails")
    serve_pages(api, ROWS[:2], GONE, path="/half")
    run = tap(deleting(api, stream(**settings), start_date="2020-01-01", max_retries=0))
    assert not activated(run)
    assert len(set(versions(run))) <= 1
    assert None not in versions(run)
    assert any("no row will be deleted" in line and reason in line for line in lines(run))


def lines(run):
    return run.errors.splitlines()


def test_rule_that_ends_paging_is_a_complete_read(api, tap):
    serve_pages(api, ROWS[:2], GONE)
    run = tap.ok(deleting(api, stream(pagination=PAGES, **END)))
    assert activated(run).keys() == {"items"}


def test_start_param_without_a_start_date_limits_nothing(api, tap):
    api.serve("/items", ROWS)
    run = tap.ok(deleting(api, stream(incremental={"start_param": "since"})))
    assert activated(run).keys() == {"items"}


def test_stream_that_begins_in_the_future_deletes_nothing(api, tap):
    """Unless it is read all the same."""
    api.serve("/items", ROWS)
    run = tap.ok(deleting(api, stream(), start_date="2999-01-01", end_date="2999-02-01"))
    assert bool(activated(run)) == bool(run.ids())


def test_other_streams_of_a_run_that_fails_are_complete(api, tap):
    api.serve("/items", ROWS)
    api.serve("/gone", GONE)
    run = tap(deleting(api, stream("gone"), stream()))
    assert run.status == 1
    assert activated(run).keys() == {"items"}


def test_partitions_activate_once(api, tap):
    api.serve("/a", ROWS[:2])
    api.serve("/b", ROWS[2:])
    items = stream(path="{partition.k}", partitions={"k": ["a", "b"]})
    run = tap.ok(deleting(api, items))
    assert activated(run).keys() == {"items"}
    assert run.ids() == [1, 2, 3, 4]


def test_children_activate_after_the_last_parent(api, tap):
    api.serve("/items", ROWS[:2])
    api.serve("/notes/1", [{"id": 1}])
    api.serve("/notes/2", [])
    run = tap.ok(deleting(api, stream(), child()))
    assert activated(run).keys() == {"items", "notes"}
    api.serve("/items", [])
    assert activated(tap.ok(deleting(api, stream(), child()))).keys() == {"items", "notes"}


FAMILIES = {
    "incremental parent": ({"replication_key": "at"}, {}, set()),
    "parent left out": ({"keep": [{"path": "id", "in": [1]}]}, {}, set()),
    "parent cut": ({"pagination": {**PAGES, "page_size": 2, "max_pages": 1}}, {}, set()),
    "parent without the key": ({}, {"parent": {"stream": "items", "keys": {"up": "k"}}}, {"items"}),
    "child failed": ({}, {"path": "gone/{parent.up}"}, {"items"}),
    "child failed at its sample": ({}, {"path": "gone/{parent.up}", "schema": None}, {"items"}),
    "child ignored": (
        {},
        {"path": "gone/{parent.up}", **IGNORE},
        {"items"},
    ),
    "incremental child": ({}, {"replication_key": "at"}, {"items"}),
    "deselected parent": ({"selected": False}, {}, {"notes"}),
}


@pytest.mark.parametrize("kind", FAMILIES)
def test_child_is_complete_only_with_its_parent(api, tap, kind):
    parent, settings, expected = FAMILIES[kind]
    serve_pages(api, [{"id": 1, "at": "a", "k": "1"}, {"id": 2, "at": "b"}])
    for number in (1, 2):
        api.serve(f"/notes/{number}", [{"id": number, "at": "2026-01-01"}])
        api.serve(f"/gone/{number}", GONE)
    run = tap(deleting(api, stream(**parent), {**child(), **settings}))
    assert activated(run).keys() == expected
    assert "unexpected" not in run.errors


MAPS = {
    "alias": ({"items": {"__alias__": "other"}}, {"other"}),
    "duplicate": ({"copy": {"__source__": "items"}}, {"items", "copy"}),
    "removed": ({"items": None, "copy": {"__source__": "items"}}, {"copy"}),
    "filter": ({"items": {"__filter__": "id > 0"}}, set()),
    "filtered copy": ({"copy": {"__source__": "items", "__filter__": "id > 0"}}, set()),
    "shared alias": ({"items": {"__alias__": "second"}}, set()),
}


@pytest.mark.parametrize("kind", MAPS)
def test_each_emitted_stream_activates_its_version(api, tap, kind):
    maps, expected = MAPS[kind]
    api.serve("/items", ROWS)
    api.serve("/second", ROWS)
    run = tap.ok(deleting(api, stream(), stream("second"), stream_maps=maps))
    assert activated(run).keys() - {"second"} == expected
    assert ("second" in activated(run)) == (kind != "shared alias")


@pytest.mark.parametrize("kind", ["deselected", "not in the catalog", "failed", "incremental"])
def test_rows_of_a_stream_with_the_same_name_stay(api, tap, kind):
    """Whatever this run reads of it: its rows of earlier runs are in the same table."""
    api.serve("/items", ROWS)
    changes = {"selected": kind != "deselected"}
    changes |= {"replication_key": "at"} if kind == "incremental" else {}
    changes |= {"schema": None} if kind == "failed" else {}
    api.routes["/second"] = lambda _: GONE if kind == "failed" else ROWS
    maps = {"items": {"__alias__": "table"}, "second": {"__alias__": "table"}}
    config = deleting(api, stream(), stream("second", **changes), stream_maps=maps)
    files = {}
    if kind == "not in the catalog":
        files["catalog"] = json.loads(tap.ok(config, "--discover").output)
        del files["catalog"]["streams"][1]
    run = tap(config, **files)
    assert run.status == (kind == "failed")
    assert len(run.records("table")) == (8 if kind == "incremental" else 4)
    assert not activated(run)


def test_stream_with_a_version_is_not_sent_in_files(api, tap, tmp_path):
    """The other streams are; the log says so."""
    api.serve("/items", ROWS)
    api.serve("/changes", ROWS)
    storage = {"root": f"file://{tmp_path / 'files'}"}
    changes = stream("changes", replication_key="at")
    run = tap.ok(deleting(api, stream(), changes, batch_config={"storage": storage}))
    assert {m["stream"] for m in run.messages if m["type"] == "BATCH"} == {"changes"}
    assert activated(run) == dict.fromkeys(["items"], *set(versions(run)))
    assert "sending RECORD messages: a BATCH file carries no version" in run.errors


def test_deselected_column_leaves_the_read_complete(api, tap):
    api.serve("/items", ROWS)
    config = deleting(api, stream())
    catalog = json.loads(tap.ok(config, "--discover").output)
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"] == ["properties", "at"]:
            entry["metadata"]["selected"] = False
    run = tap.ok(config, catalog=catalog)
    assert run.records()[0] == {"id": 1}
    assert activated(run).keys() == {"items"}


def test_trial_sends_no_version(api, tap):
    api.serve("/items", ROWS)
    run = tap.ok(deleting(api, stream()), "--test")
    assert "ACTIVATE_VERSION" not in run.output
