"""Jira, by offset and by token: the bookmark in JQL, and times in a user's time zone."""

from __future__ import annotations

import pytest

from tests.recipes.fake_jira_data_center import LARGEST_PAGE, errors, issue
from tests.recipes.recipe_run import only

BOTH = only("jira_issues", "jira_cloud_issues")
BY_OFFSET = only("jira_issues")
BY_TOKEN = only("jira_cloud_issues")


def searches(recipe):
    return [seen for seen in recipe.provider.seen if "jql" in seen.query]


@BY_OFFSET
def test_offset_advances_by_the_received_issues(recipe):
    assert recipe.run().status == 0
    asked = searches(recipe)
    assert {seen.query["maxResults"] for seen in asked} == {"200"}
    offsets = {int(seen.query["startAt"]) for seen in asked}
    assert {0, LARGEST_PAGE, 2 * LARGEST_PAGE} <= offsets


@BY_TOKEN
def test_page_tokens_are_sent_unchanged(recipe):
    assert recipe.run().status == 0
    tokens = [seen.query.get("nextPageToken") for seen in searches(recipe)]
    assert tokens[-3:] == [None, "token:50", "token:100"]


@BOTH
def test_nested_updated_becomes_the_bookmark(recipe):
    assert recipe.run().bookmark("issues") == "2024-01-15T09:30:00.123+0000"


@BOTH
@pytest.mark.parametrize(
    "changed", ["2024-01-15T09:30:00.124+0000", "2024-01-15T11:00:00.000+0000"]
)
def test_no_change_is_missed_in_any_time_zone(recipe, changed):
    """JQL compares minutes in the user's time zone."""
    first = recipe.run()
    before = "2023-12-24T00:00:00.000+0000"
    rows = [issue(number, changed if number == 8 else before) for number in range(1, 121)]
    recipe.provider.rows["issues"] = rows
    second = recipe.run(state=first.state)
    assert second.status == 0, second.errors
    assert [record["key"] for record in second.records("issues")] == ["PROJ-8"]
    asked = searches(recipe)[-1].query["jql"]
    assert asked == 'updated >= "2024-01-14 20:30" ORDER BY key ASC'


@BOTH
def test_rejected_query_quotes_jira(recipe):
    said = "Field 'updated' does not exist or this field cannot be viewed by anonymous users."
    recipe.provider.data = lambda _: errors(400, said)
    run = recipe.run()
    assert run.status == 1
    (line,) = run.error_lines
    assert said in line
