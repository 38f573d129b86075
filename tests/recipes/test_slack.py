"""Slack: errors with status 200, and the bookmark of each channel."""

from __future__ import annotations

import pytest

from tests.recipes.fake_slack import error
from tests.recipes.recipe_run import only

SLACK = only("slack")


@SLACK
@pytest.mark.parametrize("page", ["first", "second"])
def test_error_with_status_200_fails_the_channel_and_keeps_its_bookmark(recipe, page):
    """It is quoted; the other channels are read."""
    answer, broken = recipe.provider.data, recipe.provider.rows["conversations"][0]["id"]

    def fail(seen):
        is_there = seen.query.get("channel") == broken
        return error("fatal_error") if is_there and at(seen) == page else answer(seen)

    recipe.provider.data = fail
    run = recipe.run()
    assert run.status == 1
    (line,) = run.error_lines
    assert "fatal_error" in line
    assert broken in line
    read = {row["channel_id"] for row in run.records("messages")}
    assert {row["channel_id"] for row in recipe.provider.rows["messages"]} <= {*read, broken}
    kept = {one["context"]["channel_id"]: one for one in run.partitions("messages")}
    assert "replication_key_value" not in kept.get(broken, {})


def at(seen):
    return "second" if "cursor" in seen.query else "first"


@SLACK
def test_start_date_is_sent_as_slack_writes_times(recipe):
    recipe.own["start_date"] = "2017-12-01T00:00:00Z"
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/api/conversations.history")
    assert {seen.query["oldest"] for seen in asked} == {"1512086400"}


@SLACK
def test_later_run_asks_each_channel_from_its_newest_message(recipe):
    """To the last digit of its ts; a channel without messages is read whole."""
    first = recipe.run()
    recipe.provider.seen.clear()
    assert recipe.run(state=first.state).records("messages") == []
    newest = {one["id"]: None for one in recipe.provider.rows["conversations"]}
    for row in recipe.provider.rows["messages"]:
        newest[row["channel_id"]] = max(row["ts"], newest[row["channel_id"]] or "")
    asked = recipe.provider.requests("/api/conversations.history")
    assert {seen.query["channel"]: seen.query.get("oldest") for seen in asked} == newest
