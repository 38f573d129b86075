"""Syncs of streams that run for each parent record or partition."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.support.server import Reply

LISTS = [{"id": "a/b", "n": 1}, {"id": "c", "n": 2}, {"id": "d", "n": 3}]
PARENT = {"name": "lists", "path": "lists"}
CHILD = {
    "name": "tasks",
    "path": "lists/{parent.list_id}/tasks",
    "parent": {"stream": "lists", "keys": {"list_id": "id"}},
}


@pytest.fixture
def lists(api):
    """Serve three lists with two tasks each, whose paths hold an encoded slash."""
    api.serve("/lists", LISTS)
    for item in LISTS:
        name = item["id"].replace("/", "%2F")
        api.serve(f"/lists/{name}/tasks", [{"id": 1, "at": item["n"]}, {"id": 2, "at": item["n"]}])
    return api


def test_child_runs_for_every_parent_record(lists, tap):
    run = tap.ok(lists.config(PARENT, CHILD))
    assert run.records("lists") == LISTS
    assert [(r["list_id"], r["id"]) for r in run.records("tasks")] == [
        (item["id"], number) for item in LISTS for number in (1, 2)
    ]


def test_deselected_parent_is_read_for_its_children(lists, tap):
    run = tap.ok(lists.config({**PARENT, "selected": False}, CHILD))
    assert run.records("lists") == []
    assert run.schemas("lists") == []
    assert len(run.records("tasks")) == 6


def test_grandchild_runs_for_every_child_record(lists, tap):
    for item in LISTS:
        for number in (1, 2):
            name = item["id"].replace("/", "%2F")
            lists.serve(f"/lists/{name}/tasks/{number}/notes", [{"text": f"{item['id']} {number}"}])
    grandchild = {
        "name": "notes",
        "path": "lists/{parent.list_id}/tasks/{parent.task_id}/notes",
        "parent": {"stream": "tasks", "keys": {"list_id": "list_id", "task_id": "id"}},
    }
    run = tap.ok(lists.config(PARENT, CHILD, grandchild))
    assert [r["text"] for r in run.records("notes")] == [
        f"{item['id']} {number}" for item in LISTS for number in (1, 2)
    ]
    assert run.records("notes")[0].keys() == {"text", "list_id", "task_id"}


def test_siblings_may_use_one_name_for_different_keys(lists, tap):
    lists.serve("/numbers/1", [{"x": 1}])
    lists.serve("/numbers/2", [{"x": 2}])
    lists.serve("/numbers/3", [{"x": 3}])
    sibling = {
        "name": "numbers",
        "path": "numbers/{parent.list_id}",
        "parent": {"stream": "lists", "keys": {"list_id": "n"}},
    }
    run = tap.ok(lists.config(PARENT, CHILD, sibling))
    assert [r["list_id"] for r in run.records("numbers")] == [1, 2, 3]
    assert run.records("tasks")[0]["list_id"] == "a/b"


def test_ignored_404_of_one_child_keeps_the_others(lists, tap):
    lists.serve("/lists/c/tasks", Reply({"error": "gone"}, 404))
    assert tap(lists.config(PARENT, CHILD)).status == 1
    rule = {"status": 404, "action": "ignore"}
    run = tap.ok(lists.config(PARENT, {**CHILD, "response_rules": [rule]}))
    assert [r["list_id"] for r in run.records("tasks")] == ["a/b", "a/b", "d", "d"]


def test_each_parent_has_its_own_bookmark(lists, tap):
    child = {**CHILD, "replication_key": "at", "incremental": {"start_param": "since"}}
    run = tap.ok(lists.config(PARENT, child))
    found = {p["context"]["list_id"]: p["replication_key_value"] for p in partitions(run, "tasks")}
    assert found == {"a/b": 1, "c": 2, "d": 3}
    state = run.state
    entries = state["bookmarks"]["tasks"]["partitions"]
    state["bookmarks"]["tasks"]["partitions"] = [
        e for e in entries if e["context"]["list_id"] != "d"
    ]
    tap(lists.config(PARENT, child), state=state)
    asked = {seen.path: seen.query.get("since") for seen in lists.seen if seen.path != "/lists"}
    assert asked["/lists/c/tasks"] == "2"
    assert asked["/lists/d/tasks"] is None


def partitions(run, name):
    return run.state["bookmarks"][name].get("partitions", [])


def test_no_replication_key_means_no_state_per_context(lists, tap):
    run = tap(lists.config(PARENT, CHILD))
    assert not partitions(run, "tasks")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([{"r": "x", "y": 1}, {"r": "z", "y": 2}], [("x", 1), ("z", 2)]),
        ({"r": ["x", "z"], "y": [1, 2]}, [("x", 1), ("x", 2), ("z", 1), ("z", 2)]),
    ],
)
def test_partitions_are_a_list_or_a_product(api, tap, given, expected):
    api.routes["/items"] = lambda seen: [{"at": int(seen.query["y"]), "q": seen.query["r"]}]
    stream = {
        "name": "items",
        "path": "items",
        "params": {"r": "{partition.r}", "y": "{partition.y}"},
        "partitions": given,
        "replication_key": "at",
    }
    run = tap.ok(api.config(stream))
    assert [(r["r"], r["y"]) for r in run.records("items")] == expected
    found = [(p["context"]["r"], p["replication_key_value"]) for p in partitions(run, "items")]
    assert found == expected


def test_partitions_run_under_each_parent(lists, tap):
    child = {**CHILD, "partitions": [{"kind": "open"}, {"kind": "done"}]}
    run = tap.ok(lists.config(PARENT, child))
    assert len(run.records("tasks")) == 12
    assert {(r["list_id"], r["kind"]) for r in run.records("tasks")} == {
        (item["id"], kind) for item in LISTS for kind in ("open", "done")
    }


def test_value_cannot_change_the_path(api, tap):
    api.serve("/lists", [{"id": "../x?y=1#z&ü"}])
    api.routes["/lists/..%2Fx%3Fy%3D1%23z%26%C3%BC/tasks"] = lambda _: [{"id": 1}]
    run = tap.ok(api.config(PARENT, CHILD))
    assert len(run.records("tasks")) == 1


@pytest.mark.parametrize("value", ["..", "."])
@pytest.mark.parametrize("path", ["lists/{parent.list_id}/tasks", "lists/{parent.list_id}?x=1"])
def test_value_that_is_a_dot_segment_is_refused(api, tap, path, value):
    api.serve("/lists", [{"id": value}])
    run = tap(api.config(PARENT, {**CHILD, "path": path}))
    assert run.status == 1
    assert "leads to another path" in run.error_lines[-1]
    assert {seen.path for seen in api.seen} == {"/token", "/lists"}


def test_value_cannot_inject_a_header(api, tap):
    api.serve("/lists", [{"id": "x\r\nX-Evil: 1"}])
    child = {**CHILD, "path": "tasks", "headers": {"X-List": "{parent.list_id}"}}
    run = tap(api.config(PARENT, child))
    assert run.status == 1
    assert "cannot be sent" in run.error_lines[-1]
    assert not api.requests("/tasks")


def test_path_may_hold_dot_segments_itself(api, tap):
    api.serve("/lists", [{"id": "..a."}])
    api.serve("/lists/..a./tasks", [{"id": 1}])
    child = {**CHILD, "path": "other/../lists/{parent.list_id}/tasks"}
    run = tap.ok(api.config(PARENT, child))
    assert len(run.records("tasks")) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.data[?(@.k=='{parent.list_id}')]", "x' || @.k=='y"),
        ('$.data[?(@.k=="{parent.list_id}")]', 'x" || @.k=="y'),
        ("$.data[?(@.k=='{parent.list_id}')]", "x\\"),
        ("$.{parent.list_id}", "data[*]"),
        ("$.{parent.list_id}", "*"),
    ],
)
def test_value_cannot_change_a_jsonpath(api, tap, path, value):
    api.serve("/lists", [{"id": value}])
    api.serve("/all", {"data": [{"k": "x"}, {"k": "y"}]})
    run = tap(api.config(PARENT, {**CHILD, "path": "all", "records_path": path}))
    assert run.status == 1
    assert "would change the path" in run.error_lines[-1]
    assert not run.records("tasks")


@pytest.mark.parametrize(
    ("path", "value"),
    [("$.data[?(@.k=='{parent.list_id}')]", "a b/[c]"), ("$.{parent.list_id}", "data")],
)
def test_value_in_a_jsonpath_is_a_value(api, tap, path, value):
    api.serve("/lists", [{"id": value}])
    api.serve("/all", {"data": [{"k": "a b/[c]"}]})
    run = tap.ok(api.config(PARENT, {**CHILD, "path": "all", "records_path": path}))
    assert len(run.records("tasks")) == 1


def test_records_path_may_hold_a_parent_key(api, tap):
    api.serve("/lists", [{"id": "a.b"}, {"id": "c"}])
    api.serve("/all", {"data": {"a.b": [{"x": 1}], "c": [{"x": 2}]}})
    child = {**CHILD, "path": "all", "records_path": "data.{parent.list_id}"}
    run = tap.ok(api.config(PARENT, child))
    assert [r["x"] for r in run.records("tasks")] == [1, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parent": {"stream": "list", "keys": {"a": "id"}}}, "did you mean 'lists'?"),
        ({"parent": {"stream": "tasks", "keys": {"list_id": "id"}}}, "its own ancestor"),
        ({"parent": {"stream": "lists", "keys": {}}}, "streams[1].parent: keys must have"),
        ({"path": "x/{parent.other}"}, "unknown placeholder {parent.other}"),
        ({"partitions": []}, "has no partition"),
        ({"partitions": [{"a": 1}, {"b": 1}]}, "same fields"),
        ({"partitions": {"a": 1}}, "'a' must be an array"),
        ({"partitions": [{"a": None}]}, "takes strings, numbers and booleans"),
        ({"partitions": [{"a": [1]}]}, "takes strings, numbers and booleans"),
        ({"partitions": [{"list_id": 1}]}, "both a parent key and a partition field"),
    ],
)
def test_mistake_in_contexts_is_one_line(api, tap, change, said):
    run = tap(api.config(PARENT, {**CHILD, **change}))
    assert run.status == 1
    assert any(said in line for line in run.error_lines), run.error_lines
    assert not api.seen


@pytest.mark.parametrize(
    "partitions", [{str(n): list(range(10)) for n in range(9)}, {"a": list(range(500_000))}]
)
def test_too_many_partitions_are_refused(api, tap, partitions):
    run = tap(api.config({"name": "items", "path": "items", "partitions": partitions}))
    assert run.status == 1
    (line,) = run.error_lines
    assert "streams[0].partitions: makes more than 200000 combinations" in line


def test_duplicate_partition_is_found_among_many(api, tap):
    partitions = [{"n": n, "m": "x"} for n in range(50_000)] + [{"m": "x", "n": 7}]
    run = tap(api.config({"name": "items", "path": "items", "partitions": partitions}))
    assert run.status == 1
    (line,) = run.error_lines
    assert "[50000] appears twice" in line


KEYS = '[{"k": 1}, {"k": true}, {"k": 1.0}, {"k": "one"}]'


@pytest.mark.parametrize("kind", ["parent", "partition"])
def test_contexts_that_differ_in_type_have_bookmarks_of_their_own(api, tap, kind):
    """1, true and 1.0 are different requests, and stay what they are."""
    api.routes["/keys"] = lambda _: Reply(KEYS.encode())
    bookmarks = {"1": 10, "true": 20, "1.0": 30, "one": 40}
    api.routes["/items"] = lambda seen: [{"id": 1, "at": bookmarks[seen.query["k"]]}]
    contexts = {
        "parent": {"parent": {"stream": "keys", "keys": {"k": "k"}}},
        "partition": {"partitions": json.loads(KEYS, parse_float=Decimal)},
    }
    items = {
        "name": "items",
        "path": "items",
        "params": {"k": f"{{{kind}.k}}"},
        "replication_key": "at",
        "incremental": {"start_param": "since"},
        "schema": {"properties": {n: {} for n in ("id", "at", "k")}},
        **contexts[kind],
    }
    keys = {"name": "keys", "path": "keys", "selected": False}
    config = json.loads(json.dumps(api.config(keys, items), default=float))
    run = tap.ok(config)
    assert [r["k"] for r in run.records()] == [1, True, Decimal("1.0"), "one"]
    assert [type(r["k"]) for r in run.records()] == [int, bool, Decimal, str]
    for _ in range(2):
        found = [(p["context"]["k"], p["replication_key_value"]) for p in partitions(run, "items")]
        assert [value for _, value in found] == [10, 20, 30, 40]
        api.seen.clear()
        run = tap.ok(config, state=json.loads(json.dumps(run.state, default=float)))
        asked = {seen.query["k"]: seen.query["since"] for seen in api.requests("/items")}
        assert asked == {"1": "10", "true": "20", "1.0": "30", "one": "40"}


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("sampled", [True, False])
def test_parent_record_that_comes_twice_has_its_children_read_once(lists, tap, in_flight, sampled):
    """Twice on a page, on two pages, or with another value in a field that is no key."""
    pages = [[*LISTS, LISTS[0]], [{**LISTS[1], "n": 9}, LISTS[0]], []]
    lists.routes["/lists"] = lambda seen: pages[int(seen.query["page"]) - 1]
    parent = {**PARENT, "pagination": {"style": "page_number"}}
    child = CHILD if sampled else {**CHILD, "schema": {"properties": {"id": {}, "list_id": {}}}}
    run = tap.ok(lists.config(parent, child, max_in_flight=in_flight))
    assert len(run.records("lists")) == 6
    assert [(r["list_id"], r["id"]) for r in run.records("tasks")] == [
        (item["id"], number) for item in LISTS for number in (1, 2)
    ]


@pytest.mark.parametrize("selected", [True, False])
def test_parent_key_that_is_in_no_parent_record_is_an_error(lists, tap, selected):
    parent = {"stream": "lists", "keys": {"list_id": "idd", "number": "n"}}
    schema = {"properties": {"id": {"type": "integer"}, "list_id": {"type": "string"}}}
    child = {**CHILD, "parent": parent, "schema": schema}
    run = tap(lists.config({**PARENT, "selected": selected}, child))
    assert run.status == 1
    said = "parent.keys 'list_id': 'idd' is in no record of 'lists'; did you mean 'id'?"
    assert said in run.error_lines[-1]


@pytest.mark.parametrize("records", [[], [{"id": None}], [{"id": "c"}, {"n": 1}]])
def test_parent_key_without_a_value_is_no_error(lists, tap, records):
    lists.serve("/lists", records)
    schema = {"properties": {"id": {}, "n": {}, "list_id": {}}}
    tap.ok(lists.config({**PARENT, "schema": schema}, {**CHILD, "schema": schema}))


def test_context_key_that_a_field_hides_warns_once(api, tap):
    """A grandchild would get the child's field; equal values hide nothing."""
    api.serve("/lists", [{"id": 1}, {"id": 2}])
    api.routes["/tasks"] = lambda seen: [
        {"id": 7, "list_id": int(seen.query["list"]), "site": "own"} for _ in range(3)
    ]
    child = {
        **CHILD,
        "path": "tasks",
        "params": {"list": "{parent.list_id}"},
        "partitions": [{"site": "given"}],
    }
    run = tap.ok(api.config(PARENT, child))
    said = [line for line in run.warnings if "hides" in line]
    assert len(said) == 1
    assert "stream 'tasks'" in said[0]
    assert "'site'" in said[0]


@pytest.mark.parametrize("own", [None, 9])
def test_key_of_a_grandparent_that_a_field_hides_is_not_used(api, tap, own):
    """The child's own field is emitted and leads to the grandchildren; one warning says so."""
    hidden = {} if own is None else {"list_id": own}
    api.serve("/lists", [{"id": 1}, {"id": 2}])
    for number in (1, 2):
        api.serve(f"/lists/{number}/tasks", [{"id": number * 10, **hidden}])
    for name in (1, 2, 9):
        for task in (10, 20):
            api.serve(f"/lists/{name}/tasks/{task}/notes", [{"id": task + name}])
    child = {**CHILD, "path": "lists/{parent.list_id}/tasks"}
    notes = {"name": "notes", "path": "lists/{parent.list_id}/tasks/{parent.task_id}/notes"}
    notes["parent"] = {"stream": "tasks", "keys": {"list_id": "list_id", "task_id": "id"}}
    run = tap.ok(api.config(PARENT, child, notes))
    named = [own or 1, own or 2]
    assert [(row["id"], row["list_id"]) for row in run.records("tasks")] == [
        (10, named[0]),
        (20, named[1]),
    ]
    read = [seen.path for seen in api.seen if seen.path.endswith("/notes")]
    assert set(read) == {f"/lists/{named[n]}/tasks/{(10, 20)[n]}/notes" for n in (0, 1)}
    found = [(row["id"], row["list_id"], row["task_id"]) for row in run.records("notes")]
    assert found == [(10 + named[0], named[0], 10), (20 + named[1], named[1], 20)]
    said = [line for line in run.warnings if "hides" in line]
    assert len(said) == (own is not None)
    assert all("'list_id'" in line and "stream 'tasks'" in line for line in said)


@pytest.mark.parametrize("in_flight", [1, 4])
def test_child_that_failed_keeps_the_bookmark_of_each_parent_that_names_it(api, tap, in_flight):
    """A context that is read once counts for all parents that name it."""
    api.routes["/lists"] = lambda _: [{"id": 1, "at": 5}]
    api.serve("/lists/1/tasks", Reply({}, 500))
    parent = {
        **PARENT,
        "partitions": {"k": ["a", "b"]},
        "replication_key": "at",
        "schema": {"properties": {"id": {}, "at": {"type": "integer"}}},
    }
    child = {**CHILD, "schema": {"properties": {"id": {}, "list_id": {}}}}
    run = tap(api.config(parent, child, max_in_flight=in_flight))
    assert run.status == 1
    assert len(run.records("lists")) == 2
    assert not any("replication_key_value" in one for one in partitions(run, "lists"))
    assert len(api.requests("/lists/1/tasks")) == 1


def test_link_of_a_parent_is_read_page_by_page(api, tap):
    """It is taken as it is, and paging parameters are added."""
    api.serve("/lists", [{"id": 1, "link": f"{api.url}/a?x=1%2C2"}, {"id": 2, "link": "/b"}])
    api.routes["/a"] = lambda seen: [{"n": seen.target}] if seen.query["page"] == "1" else []
    api.routes["/b"] = api.routes["/a"]
    lists = {"name": "lists", "path": "lists"}
    child = {
        "name": "items",
        "path": "{parent.url}",
        "parent": {"stream": "lists", "keys": {"url": "link"}},
        "pagination": {"style": "page_number"},
    }
    run = tap.ok(api.config(lists, child))
    assert [row["n"] for row in run.records()] == ["/a?x=1%2C2&page=1", "/b?page=1"]


def test_link_of_a_parent_to_another_host_is_never_requested(api, other_api, tap):
    api.serve("/lists", [{"id": 1, "link": f"{other_api.url}/a"}])
    lists = {"name": "lists", "path": "lists"}
    child = {
        "name": "items",
        "path": "{parent.url}",
        "parent": {"stream": "lists", "keys": {"url": "link"}},
    }
    run = tap(api.config(lists, child))
    assert run.status == 1
    assert any("stream 'items', page 1" in line for line in run.error_lines)
    assert any("not in allowed_hosts" in line for line in run.error_lines)
    assert not other_api.seen
