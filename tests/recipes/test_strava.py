"""Strava: the start of activities, and pages up to an empty one."""

from __future__ import annotations

from tests.recipes.recipe_run import only


@only("strava")
def test_later_run_asks_from_two_weeks_before_the_bookmark(recipe):
    first = recipe.run()
    assert first.bookmark("activities") == "2024-05-05T01:14:24Z"
    assert recipe.run(state=first.state).status == 0
    # A guess of the first run, which has no start, may arrive late.
    asked = [
        s for s in recipe.provider.requests("/api/v3/athlete/activities") if "after" in s.query
    ]
    assert {s.query["after"] for s in asked} == {"1713662064"}
    assert {s.query["per_page"] for s in asked} == {"200"}
    assert {"1", "2", "3"} <= {s.query["page"] for s in asked}
