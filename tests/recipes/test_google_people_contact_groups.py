"""Google People: full reads by page token."""

from __future__ import annotations

from tests.recipes.recipe_run import only

GOOGLE = only("google_people_contact_groups")


@GOOGLE
def test_page_tokens_are_sent_unchanged(recipe):
    """The page size is always the tap's default."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/v1/contactGroups")
    assert {seen.query["pageSize"] for seen in asked} == {"200"}
    assert [s.query.get("pageToken") for s in asked][-3:] == [None, "page+200=", "page+400="]
