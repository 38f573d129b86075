"""Dynamics 365: next links, and the preference for the size of pages."""

from __future__ import annotations

from tests.recipes.recipe_run import only


@only("dynamics_365")
def test_every_page_is_asked_for_with_the_same_preference(recipe):
    """Dataverse documents that; the next link is followed as it is."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/api/data/v9.2/accounts")
    assert {seen.headers["Prefer"] for seen in asked} == {"odata.maxpagesize=1000"}
    tokens = [seen.query.get("$skiptoken") for seen in asked if "$skiptoken" in seen.query]
    assert tokens == ["page:80", "page:160"]
