"""Notion: queries that return only their first pages."""

from __future__ import annotations

from tests.recipes.fake_notion import DATA_SOURCE
from tests.recipes.recipe_run import only

NOTION = only("notion")


@NOTION
def test_query_that_was_cut_off_fails_and_keeps_the_bookmark(recipe):
    recipe.provider.largest_query = 100
    run = recipe.run()
    assert run.status == 1
    (line,) = run.error_lines
    assert "query_result_limit_reached" in line
    (bookmark,) = (
        one.get("replication_key_value", "")
        for one in run.partitions("pages")
        if one["context"]["data_source_id"] == DATA_SOURCE
    )
    assert bookmark < min(row["last_edited_time"] for row in recipe.provider.rows["pages"])


@NOTION
def test_windows_ask_for_each_minute_once(recipe):
    """The end of a window is the start of the next one, which excludes it."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests(f"/v1/data_sources/{DATA_SOURCE}/query")
    bounds = [[one["last_edited_time"] for one in s.json["filter"]["and"]] for s in asked]
    windows = sorted({(first["on_or_after"], last["before"]) for first, last in bounds})
    assert len(windows) > 10
    assert windows[0][0] == "2016-01-01T00:00:00Z"
    assert [end for _, end in windows[:-1]] == [start for start, _ in windows[1:]]
