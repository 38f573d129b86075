"""Google People: full reads by page token."""

from __future__ import annotations

from tests.recipes.fake_google import user_group
from tests.recipes.recipe_run import only

GOOGLE = only("google_people_contact_groups/config.json")


@GOOGLE
def test_page_tokens_are_sent_unchanged(recipe):
    """The page size is always the tap's default."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/v1/contactGroups")
    assert {seen.query["pageSize"] for seen in asked} == {"200"}
    assert [s.query.get("pageToken") for s in asked][-3:] == [None, "page+200=", "page+400="]


@GOOGLE
def test_every_run_reads_all_groups(recipe):
    first = recipe.run()
    recipe.provider.records.append(user_group(999))
    second = recipe.run(state=first.state)
    assert len(second.records("contact_groups")) == len(first.records("contact_groups")) + 1


@GOOGLE
def test_groups_without_metadata_are_records(recipe):
    run = recipe.run()
    assert run.records("contact_groups")[0]["resourceName"] == "contactGroups/myContacts"
    assert "memberCount" in run.schemas("contact_groups")[-1]["properties"]
