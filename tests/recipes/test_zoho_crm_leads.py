"""Zoho CRM: page tokens, incremental reads, and the API's domain."""

from __future__ import annotations

from tests.recipes.fake_zoho import LARGEST_PAGE, REACHED_BY_NUMBER, lead
from tests.recipes.recipe_run import only

ZOHO = only("zoho_crm_leads")
OLD, NEW = "2024-01-01T10:00:00+05:30", "2024-06-01T10:00:00+05:30"


def many(count):
    return [lead(number, OLD) for number in range(count)]


@ZOHO
def test_requests_go_to_the_api_domain_of_the_token_response(recipe):
    """With Zoho's own prefix before the token."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/crm/v8/Leads")
    assert {seen.headers["Authorization"] for seen in asked} == {"Zoho-oauthtoken access-token-1"}
    assert {seen.query["per_page"] for seen in asked} == {str(LARGEST_PAGE)}


@ZOHO
def test_page_tokens_read_leads_beyond_page_numbers(recipe):
    recipe.provider.rows["leads"] = many(REACHED_BY_NUMBER + 1)
    run = recipe.run()
    assert run.status == 0, run.errors
    assert len(run.records("leads")) == REACHED_BY_NUMBER + 1


@ZOHO
def test_204_means_no_leads(recipe):
    recipe.provider.rows["leads"] = []
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.records("leads") == []


@ZOHO
def test_second_run_reads_changes_and_accepts_304(recipe):
    first = recipe.run()
    assert first.bookmark("leads") == OLD
    recipe.provider.rows["leads"] = [*many(1), lead(1, NEW)]
    second = recipe.run(state=first.state)
    assert lead(1, NEW) in second.records("leads")
    assert second.bookmark("leads") == NEW
    asked = recipe.provider.requests("/crm/v8/Leads")[-1].headers["If-Modified-Since"]
    assert asked == "2024-01-01T03:30:00+00:00"
    recipe.provider.rows["leads"] = many(1)
    third = recipe.run(state=second.state)
    assert third.status == 0, third.errors
    assert third.records("leads") == []
    assert third.bookmark("leads") == NEW
