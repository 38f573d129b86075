"""Parents and partitions against the demo: lists, their tasks and comments; orders by region."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo import shop

LISTS = {
    "name": "lists",
    "path": "/lists",
    "records_path": "value",
    "pagination": {"style": "page_number", "page_size_param": "per_page", "page_size": 10},
    "primary_keys": ["id"],
}
TASKS = {
    "name": "tasks",
    "path": "/lists/{parent.list}/tasks",
    "parent": {"stream": "lists", "keys": {"list": "id"}},
    "records_path": "value",
    "pagination": {"style": "page_number", "page_size_param": "per_page", "page_size": 50},
    "response_rules": [{"status": 404, "action": "ignore"}],
    "primary_keys": ["id"],
}
INCREMENTAL = {"replication_key": "updated_at", "incremental": {"start_param": "updated_after"}}
COMMENTS = {
    "name": "comments",
    "path": "/lists/{parent.list_id}/tasks/{parent.task_id}/comments",
    "parent": {"stream": "tasks", "keys": {"list_id": "list", "task_id": "id"}},
    "records_path": "value",
    "primary_keys": ["id"],
}
ORDERS = {
    "name": "orders",
    "path": "/regions/{partition.region}/orders",
    "records_path": "result.{partition.region}.orders",
    "params": {"year": "{partition.year}"},
    "pagination": {"style": "offset", "total_path": "total"},
    "primary_keys": ["id"],
}


def contexts(run, stream):
    return run.state["bookmarks"].get(stream, {}).get("partitions", [])


def test_three_levels(demo, tap):
    """Lists, their tasks and their comments are read whole; a 404 of one list ends no other."""
    run = tap(demo.config(LISTS, TASKS, COMMENTS))
    assert run.status == 0, run.errors
    counts = demo.counts()
    assert len(run.records("lists")) == counts["lists"]
    tasks = run.records("tasks")
    assert len({task["id"] for task in tasks}) == len(tasks) == counts["tasks"]
    lists = {item["id"] for item in run.records("lists")}
    assert len(lists - {task["list"] for task in tasks}) == 2
    found = {(one["list_id"], one["task_id"], one["id"]) for one in run.records("comments")}
    assert found == {
        (task["list"], task["id"], f"{number}.{index}")
        for task in tasks
        for number in [int(task["id"].removeprefix("task+"))]
        for index in range(number % 3)
    }


def test_without_a_rule_the_404_of_a_child_ends_the_run(demo, tap):
    """A child that is not there ends the run in a line, unless a rule says otherwise."""
    run = tap(demo.config(LISTS, {**TASKS, "response_rules": []}))
    assert run.status == 1
    assert "404" in run.error_lines[-1]


def test_a_deselected_parent_is_read_for_its_children(demo, tap):
    """A deselected parent emits nothing, and all of its children come."""
    run = tap(demo.config({**LISTS, "selected": False}, TASKS))
    assert run.status == 0, run.errors
    assert not run.records("lists")
    assert len(run.records("tasks")) == demo.counts()["tasks"]


def test_each_parent_has_its_bookmark_and_a_new_one_is_read_in_full(demo, tap):
    """The second run brings nothing of the lists it knows and all of the one it does not."""
    config = demo.config(LISTS, {**TASKS, **INCREMENTAL})
    first = tap(config)
    assert first.status == 0, first.errors
    state, tasks = first.state, first.records("tasks")
    assert {one["context"]["list"]: one["replication_key_value"] for one in contexts(first, "tasks")
            if "replication_key_value" in one} == {
        name: max(task["updated_at"] for task in tasks if task["list"] == name)
        for name in {task["list"] for task in tasks}
    }  # fmt: skip
    forgotten = tasks[0]["list"]
    entries = [one for one in contexts(first, "tasks") if one["context"]["list"] != forgotten]
    state["bookmarks"]["tasks"]["partitions"] = entries
    second = tap(config, state=state)
    assert second.records("tasks") == [task for task in tasks if task["list"] == forgotten]


def test_a_child_that_changes_alone_is_found(own_demo, tap):
    """With a parent that has no bookmark, the next run brings exactly the changed children."""
    config = own_demo.config(LISTS, {**TASKS, **INCREMENTAL})
    first = tap(config)
    changed = own_demo.change()["tasks"]
    second = tap(config, state=first.state)
    assert second.status == 0, second.errors
    assert len(second.records("tasks")) == changed
    assert not tap(config, state=second.state).records("tasks")


def test_without_a_replication_key_there_is_no_state_per_context(demo, tap):
    """A stream that is not incremental keeps no bookmark for its parents or partitions."""
    partitions = {"region": list(shop.REGIONS), "year": list(shop.YEARS)}
    run = tap(demo.config(LISTS, TASKS, {**ORDERS, "partitions": partitions}))
    assert run.status == 0, run.errors
    assert not contexts(run, "tasks")
    assert not contexts(run, "orders")


PRODUCT = {"region": list(shop.REGIONS), "year": list(shop.YEARS)}
LIST = [{"region": region, "year": year} for region in shop.REGIONS for year in shop.YEARS]


@pytest.mark.parametrize("partitions", [PRODUCT, LIST])
def test_partitions_are_a_product_or_a_list(demo, tap, partitions):
    """Each region and year is read whole, has a bookmark of its own, and goes on from there."""
    incremental = {"start_param": "ordered_from"}
    stream = {**ORDERS, "replication_key": "ordered_at", "incremental": incremental}
    config = demo.config({**stream, "partitions": partitions})
    first = tap(config)
    assert first.status == 0, first.errors
    orders = first.records("orders")
    assert sorted(order["id"] for order in orders) == [o["id"] for o in shop.orders("EUR")]
    expected = {
        (region, year): max(
            order["ordered_at"]
            for order in orders
            if (order["region"], order["year"]) == (region, year)
        )
        for region in shop.REGIONS
        for year in shop.YEARS
    }
    assert expected == {
        (one["context"]["region"], one["context"]["year"]): one["replication_key_value"]
        for one in contexts(first, "orders")
    }
    second = tap(config, state=first.state)
    assert {order["id"] for order in second.records("orders")} == {
        order["id"]
        for order in orders
        if order["ordered_at"] == expected[order["region"], order["year"]]
    }
