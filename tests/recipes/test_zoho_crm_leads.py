"""Zoho CRM: limits of page numbers, incremental reads, and the API's domain."""

from __future__ import annotations

from tests.recipes.fake_zoho import LARGEST_PAGE, REACHED_BY_NUMBER, lead
from tests.recipes.recipe_run import only

BOTH = only("zoho_crm_leads/config.json", "zoho_crm_leads/config_page_token.json")
BY_NUMBER = only("zoho_crm_leads/config.json")
BY_TOKEN = only("zoho_crm_leads/config_page_token.json")
OLD, NEW = "2024-01-01T10:00:00+05:30", "2024-06-01T10:00:00+05:30"


def many(count):
    return [lead(number, OLD) for number in range(count)]


@BOTH
def test_requests_go_to_the_api_domain_of_the_token_response(recipe):
    """With Zoho's own prefix before the token."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/crm/v8/Leads")
    assert {seen.headers["Authorization"] for seen in asked} == {"Zoho-oauthtoken access-token-1"}
    assert {seen.query["per_page"] for seen in asked} == {str(LARGEST_PAGE)}


@BY_NUMBER
def test_leads_beyond_page_numbers_fail_and_keep_the_bookmark(recipe):
    recipe.provider.records = many(REACHED_BY_NUMBER + 1)
    run = recipe.run()
    assert run.status == 1
    assert "DISCRETE_PAGINATION_LIMIT_EXCEEDED" in run.error_lines[-1]
    assert run.bookmark("leads") is None


@BY_NUMBER
def test_more_records_marks_the_last_full_page(recipe):
    recipe.provider.records = many(REACHED_BY_NUMBER)
    run = recipe.run()
    assert run.status == 0, run.errors
    assert len(run.records("leads")) == REACHED_BY_NUMBER
    assert run.bookmark("leads") == OLD


@BY_TOKEN
def test_page_tokens_read_leads_beyond_page_numbers(recipe):
    recipe.provider.records = many(REACHED_BY_NUMBER + 1)
    run = recipe.run()
    assert run.status == 0, run.errors
    found = [record["id"] for record in run.records("leads")]
    assert sorted(found) == [record["id"] for record in recipe.provider.records]


@BOTH
def test_204_means_no_leads(recipe):
    recipe.provider.records = []
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.records("leads") == []


@BOTH
def test_second_run_reads_changes_and_accepts_304(recipe):
    first = recipe.run()
    assert first.bookmark("leads") == OLD
    recipe.provider.records = recipe.provider.records[1:]
    recipe.provider.records += [lead(1, NEW)]
    second = recipe.run(state=first.state)
    changed = {name: value for name, value in lead(1, NEW).items() if value is not None}
    assert changed in second.records("leads")
    assert second.bookmark("leads") == NEW
    asked = recipe.provider.requests("/crm/v8/Leads")[-1].headers["If-Modified-Since"]
    assert asked == "2024-01-01T03:30:00+00:00"
    recipe.provider.records = many(1)
    third = recipe.run(state=second.state)
    assert third.status == 0, third.errors
    assert third.records("leads") == []
    assert third.bookmark("leads") == NEW
