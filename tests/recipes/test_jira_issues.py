"""Jira, by offset and by token: the bookmark inside JQL, and times in the zone of a user."""

from __future__ import annotations

import pytest

from tests.recipes.fake_jira_data_center import LARGEST_PAGE, errors, issue
from tests.recipes.recipe_run import only

BOTH = only("jira_issues/config.json", "jira_cloud_issues/config.json")
BY_OFFSET = only("jira_issues/config.json")
BY_TOKEN = only("jira_cloud_issues/config.json")


def searches(recipe):
    return [seen for seen in recipe.provider.seen if "jql" in seen.query]


@BY_OFFSET
def test_the_offset_goes_by_what_came(recipe):
    """Where Jira gives fewer issues than were asked for, the next offset is where they ended."""
    assert recipe.run().status == 0
    asked = searches(recipe)
    assert {seen.query["maxResults"] for seen in asked} == {"200"}
    offsets = {int(seen.query["startAt"]) for seen in asked}
    assert {0, LARGEST_PAGE, 2 * LARGEST_PAGE} <= offsets


@BY_TOKEN
def test_tokens_go_back_as_they_came(recipe):
    """Each page is asked for by the token that the page before it gave."""
    assert recipe.run().status == 0
    tokens = [seen.query.get("nextPageToken") for seen in searches(recipe)]
    assert tokens[-3:] == [None, "token:50", "token:100"]


@BOTH
def test_updated_is_a_column_and_the_bookmark(recipe):
    """The time inside ``fields`` is a field of the record, with which the bookmark moves."""
    run = recipe.run()
    assert {r["updated"] for r in run.records("issues")} == {"2024-01-15T09:30:00.123+0000"}
    assert run.bookmark("issues") == "2024-01-15T09:30:00.123+0000"
    (schema,) = run.schemas("issues")[-1:]
    assert schema["properties"]["updated"]["format"] == "date-time"


@BOTH
@pytest.mark.parametrize(
    "changed", ["2024-01-15T09:30:00.124+0000", "2024-01-15T11:00:00.000+0000"]
)
def test_nothing_is_missed_in_any_zone(recipe, changed):
    """A change after the bookmark comes, though JQL takes minutes, in the zone of the user."""
    first = recipe.run()
    recipe.provider.records[7] = issue(8, changed)
    recipe.provider.records = [
        one if one["key"] == "PROJ-8" else issue(number, "2023-12-24T00:00:00.000+0000")
        for number, one in enumerate(recipe.provider.records, 1)
    ]
    second = recipe.run(state=first.state)
    assert second.status == 0, second.errors
    assert [record["key"] for record in second.records("issues")] == ["PROJ-8"]
    asked = searches(recipe)[-1].query["jql"]
    assert asked == 'updated >= "2024-01-14 20:30" ORDER BY key ASC'


@BOTH
def test_a_refused_query_is_one_line(recipe):
    """What Jira says of a query that it does not understand is in the one line of the failure."""
    said = "Field 'updated' does not exist or this field cannot be viewed by anonymous users."
    recipe.provider.data = lambda _: errors(400, said)
    run = recipe.run()
    assert run.status == 1
    (line,) = run.error_lines
    assert said in line
