"""Strava: the start of activities, and pages up to an empty one."""

from __future__ import annotations

from tests.recipes.recipe_run import only


@only("strava")
def test_later_run_asks_from_two_weeks_before_the_bookmark(recipe):
    first = recipe.run()
    assert first.bookmark("activities") == "2024-05-05T01:14:24Z"
    recipe.provider.seen.clear()
    assert recipe.run(state=first.state).status == 0
    asked = recipe.provider.requests("/api/v3/athlete/activities")
    assert {s.query["after"] for s in asked} == {"1713662064"}
    assert {s.query["per_page"] for s in asked} == {"200"}
    assert {"1", "2", "3"} <= {s.query["page"] for s in asked}
