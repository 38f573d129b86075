"""Microsoft To Do: the tasks of each list, by next links."""

from __future__ import annotations

from urllib.parse import unquote

from tests.recipes.fake_microsoft import ROOT, task
from tests.recipes.recipe_run import only

TO_DO = only("microsoft_to_do/config.json")
LATER = "2024-07-01T08:00:00.0000001Z"


@TO_DO
def test_tasks_of_every_list_have_its_key(recipe):
    run = recipe.run()
    assert run.status == 0, run.errors
    found = sorted((r["list_id"], r["id"]) for r in run.records("tasks"))
    there = [(name, t["id"]) for name, tasks in recipe.provider.tasks.items() for t in tasks]
    assert found == sorted(there)


@TO_DO
def test_next_link_is_followed_unchanged(recipe):
    assert recipe.run().status == 0
    tasks = [seen for seen in recipe.provider.seen if unquote(seen.path).endswith("/tasks")]
    assert {seen.query["$top"] for seen in tasks} == {"100"}
    assert {seen.query.get("$skip") for seen in tasks} == {None, "30", "60"}
    lists = recipe.provider.requests(ROOT)
    assert {seen.query.get("$skip") for seen in lists} == {None, "2", "4"}


@TO_DO
def test_second_run_reads_changes_of_each_list(recipe):
    first = recipe.run()
    before = bookmarks(first)
    name = recipe.provider.records[4]["id"]
    recipe.provider.tasks[name][3] = {**task(name, 3), "lastModifiedDateTime": LATER}
    second = recipe.run(state=first.state)
    assert second.status == 0, second.errors
    found = {(r["id"], r["lastModifiedDateTime"]) for r in second.records("tasks")}
    assert (f"{name}-3", LATER) in found
    for listed, tasks in recipe.provider.tasks.items():
        new = {(t["id"], at) for t in tasks if (at := t["lastModifiedDateTime"]) >= before[listed]}
        assert new == {one for one in found if one[0].startswith(listed)}
    assert bookmarks(second) == {**before, name: LATER}


def bookmarks(run):
    entries = run.state["bookmarks"]["tasks"]["partitions"]
    return {e["context"]["list_id"]: e.get("replication_key_value") for e in entries}


@TO_DO
def test_deleted_list_fails_and_quotes_graph(recipe):
    recipe.provider.tasks.pop(recipe.provider.records[1]["id"])
    run = recipe.run()
    assert run.status == 1
    (line,) = run.error_lines
    assert "ErrorItemNotFound" in line
