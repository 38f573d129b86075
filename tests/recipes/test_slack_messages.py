"""Slack: errors with status 200, and the bookmark of each channel."""

from __future__ import annotations

import pytest

from tests.recipes.fake_slack import error
from tests.recipes.recipe_run import only

SLACK = only("slack_messages")


@SLACK
@pytest.mark.parametrize("name", ["channel_not_found", "invalid_cursor", "fatal_error"])
def test_error_with_status_200_fails_the_channel_and_keeps_its_bookmark(recipe, name):
    """It is quoted; the other channels are read."""
    first = recipe.run()
    answer, broken = recipe.provider.data, recipe.provider.rows["conversations"][0]["id"]
    recipe.provider.data = lambda s: error(name) if s.query.get("channel") == broken else answer(s)
    second = recipe.run(state=first.state)
    assert second.status == 1
    (line,) = second.error_lines
    assert name in line
    assert broken in line
    assert second.partitions("messages") == first.partitions("messages")


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
