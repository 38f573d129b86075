"""Microsoft To Do: the tasks of each list, by next links."""

from __future__ import annotations

from urllib.parse import unquote

from tests.recipes.fake_microsoft import ROOT
from tests.recipes.recipe_run import only

TO_DO = only("microsoft_to_do")


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
    recipe.provider.change("tasks", "lastModifiedDateTime")
    second = recipe.run(state=first.state)
    found = {record["id"] for record in second.records("tasks")}
    tasks = recipe.provider.rows["tasks"]
    assert found == {t["id"] for t in tasks if t["lastModifiedDateTime"] >= before[t["list_id"]]}
    changed = tasks[1]
    assert bookmarks(second) == {**before, changed["list_id"]: changed["lastModifiedDateTime"]}


def bookmarks(run):
    entries = run.state["bookmarks"]["tasks"]["partitions"]
    return {e["context"]["list_id"]: e.get("replication_key_value") for e in entries}


@TO_DO
def test_deleted_list_fails_and_quotes_graph(recipe):
    page = recipe.provider._page
    gone = recipe.provider.rows["lists"].pop(1)
    recipe.provider._page = lambda rows, *more: page(
        [gone, *rows] if rows is recipe.provider.rows["lists"] else rows, *more
    )
    run = recipe.run()
    assert run.status == 1
    (line,) = run.error_lines
    assert "ErrorItemNotFound" in line
