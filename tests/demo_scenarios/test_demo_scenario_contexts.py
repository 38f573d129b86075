"""Parents and partitions against the demo: lists, tasks, comments, orders by region."""

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


def test_grandchildren_are_read_past_a_404_of_one_parent(demo, tap):
    run = tap.ok(demo.config(LISTS, TASKS, COMMENTS))
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


def test_404_of_a_child_fails_without_a_rule(demo, tap):
    run = tap(demo.config(LISTS, {**TASKS, "response_rules": []}))
    assert run.status == 1
    assert "404" in run.error_lines[-1]


def test_new_parent_is_read_in_full_and_known_ones_from_their_bookmark(demo, tap):
    config = demo.config(LISTS, {**TASKS, **INCREMENTAL})
    first = tap.ok(config)
    state, tasks = first.state, first.records("tasks")
    entries = first.partitions("tasks")
    assert {one["context"]["list"]: one["replication_key_value"] for one in entries
            if "replication_key_value" in one} == {
        name: max(task["updated_at"] for task in tasks if task["list"] == name)
        for name in {task["list"] for task in tasks}
    }  # fmt: skip
    forgotten = tasks[0]["list"]
    entries = [one for one in first.partitions("tasks") if one["context"]["list"] != forgotten]
    state["bookmarks"]["tasks"]["partitions"] = entries
    second = tap(config, state=state)
    assert second.records("tasks") == [task for task in tasks if task["list"] == forgotten]


def test_changed_child_of_an_unchanged_parent_is_read(own_demo, tap):
    config = own_demo.config(LISTS, {**TASKS, **INCREMENTAL})
    first = tap(config)
    changed = own_demo.change()["tasks"]
    second = tap.ok(config, state=first.state)
    assert len(second.records("tasks")) == changed
    assert not tap(config, state=second.state).records("tasks")


PRODUCT = {"region": list(shop.REGIONS), "year": list(shop.YEARS)}
LIST = [{"region": region, "year": year} for region in shop.REGIONS for year in shop.YEARS]


@pytest.mark.parametrize("partitions", [PRODUCT, LIST])
def test_partitions_as_product_or_list_resume_from_their_bookmarks(demo, tap, partitions):
    incremental = {"start_param": "ordered_from"}
    stream = {**ORDERS, "replication_key": "ordered_at", "incremental": incremental}
    config = demo.config({**stream, "partitions": partitions})
    first = tap.ok(config)
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
        for one in first.partitions("orders")
    }
    second = tap(config, state=first.state)
    assert {order["id"] for order in second.records("orders")} == {
        order["id"]
        for order in orders
        if order["ordered_at"] == expected[order["region"], order["year"]]
    }
