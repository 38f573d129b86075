"""HubSpot: searches that reach a limited number of results."""

from __future__ import annotations

from tests.recipes.fake_hubspot import REACH
from tests.recipes.recipe_run import only


@only("hubspot")
def test_more_objects_than_a_search_reaches_are_read(recipe):
    """Each page is a search of its own, for the IDs after the last one."""
    run = recipe.run()
    assert run.status == 0, run.errors
    assert len(run.records("contacts")) > REACH
    asked = [s.json for s in recipe.provider.seen if s.path.endswith("/contacts/search")]
    assert [one["filterGroups"][0]["filters"][1]["value"] for one in asked] == [
        "0",
        "200",
        "400",
        "450",
    ]
    assert not any("after" in one for one in asked)
