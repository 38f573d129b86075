"""Google People: whole reads by page tokens that hold characters of their own."""

from __future__ import annotations

from tests.recipes.fake_google import user_group
from tests.recipes.recipe_run import only

GOOGLE = only("google_people_contact_groups/config.json")


@GOOGLE
def test_pages_follow_their_tokens(recipe):
    """The page token goes back untouched, and as much is asked for as the tap ever asks."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/v1/contactGroups")
    assert {seen.query["pageSize"] for seen in asked} == {"200"}
    assert [s.query.get("pageToken") for s in asked][-3:] == [None, "page+200=", "page+400="]


@GOOGLE
def test_every_run_reads_all(recipe):
    """There is no bookmark, so a group that changed and one that is new come with the rest."""
    first = recipe.run()
    recipe.provider.records.append(user_group(999))
    second = recipe.run(state=first.state)
    assert len(second.records("contact_groups")) == len(first.records("contact_groups")) + 1


@GOOGLE
def test_groups_without_metadata_fit(recipe):
    """Groups of the system, which have no member count and no metadata, are records like all."""
    run = recipe.run()
    assert run.records("contact_groups")[0]["resourceName"] == "contactGroups/myContacts"
    assert "memberCount" in run.schemas("contact_groups")[-1]["properties"]
