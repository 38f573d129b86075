"""What single providers limit or word in their own way, and what a later run can see."""

from __future__ import annotations

import pytest

from tests.recipes import fake_github, fake_salesforce, fake_shopify, fake_xero, fake_zendesk
from tests.recipes.recipe_run import only


@only("salesforce")
def test_next_records_come_from_the_instance_of_the_token(recipe):
    assert recipe.run().status == 0
    paths = [seen.path for seen in recipe.provider.seen if "/query" in seen.path]
    assert paths.count(f"{fake_salesforce.QUERIES}All") == 3
    assert f"{fake_salesforce.QUERIES}/01gRO0000000000000-60" in paths


@only("salesforce")
def test_deleted_record_is_seen_by_a_later_run(recipe):
    """As long as it is in the recycle bin."""
    first = recipe.run()
    row = recipe.provider.rows["contacts"][7]
    deleted = {**row, "IsDeleted": True, "SystemModstamp": recipe.provider.LATER}
    recipe.provider.rows["contacts"][7] = deleted
    assert deleted in recipe.run(state=first.state).records("contacts")


@only("xero")
def test_every_call_names_the_organisation(recipe):
    """And pages are counted by the response, so that no empty one is requested."""
    assert recipe.run().status == 0
    calls = [seen for seen in recipe.provider.seen if seen.path.startswith("/api.xro/")]
    assert {seen.headers["Xero-Tenant-Id"] for seen in calls} == {fake_xero.TENANT}
    contacts = recipe.provider.requests("/api.xro/2.0/Contacts")
    assert sorted(seen.query["page"] for seen in contacts) == ["1", "2", "3"]


@only("xero")
def test_later_run_asks_for_changes_in_the_form_of_xero(recipe):
    """Without an offset, ten minutes before the bookmark."""
    first = recipe.run()
    assert first.bookmark("invoices") == fake_xero.net_date(29)
    recipe.run(state=first.state)
    asked = recipe.provider.requests("/api.xro/2.0/Invoices")[-1]
    assert asked.headers["If-Modified-Since"] == "2024-01-02T04:50:00"


@only("quickbooks")
@pytest.mark.parametrize("refusal", ["unauthorized", "forbidden"])
def test_error_is_no_end_of_a_query(recipe, refusal):
    """Neither has the field by which the end of a query is told."""
    response = getattr(recipe.provider, refusal)()
    recipe.provider.data = lambda _: response
    run = recipe.run()
    assert run.status == 1
    assert any(str(response.status) in line for line in run.error_lines)


@only("quickbooks")
def test_query_without_rows_is_a_complete_read(recipe):
    recipe.provider.rows["invoices"] = []
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.records("invoices") == []
    assert run.warnings == []


@only("zendesk")
def test_export_stops_at_the_end_of_the_stream(recipe):
    """The last response has a URL for the next export."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests("/api/v2/incremental/tickets/cursor")
    assert len(asked) == -(-300 // fake_zendesk.LARGEST_EXPORT)
    assert [*asked[0].query] == ["start_time"]
    assert all([*seen.query] == ["cursor"] for seen in asked[1:])


@only("zendesk")
def test_later_export_starts_at_the_generated_timestamp(recipe):
    first = recipe.run()
    newest = recipe.provider.rows["tickets"][-1]["generated_timestamp"]
    assert first.bookmark("tickets") == newest
    recipe.run(state=first.state)
    asked = recipe.provider.requests("/api/v2/incremental/tickets/cursor")[-1]
    assert asked.query == {"start_time": str(newest)}


@only("shopify")
def test_page_info_is_followed_without_filters(recipe):
    assert recipe.run().status == 0
    first, *others = recipe.provider.requests(f"{fake_shopify.PATH}orders.json")
    assert first.query["status"] == "any"
    assert others
    assert all({*seen.query} == {"limit", "page_info"} for seen in others)


@only("github")
def test_issues_of_each_repository_have_a_bookmark(recipe):
    run = recipe.run()
    found = {
        entry["context"]["repository"]: entry.get("replication_key_value")
        for entry in run.partitions("issues")
    }
    assert found["repository-1"] == recipe.provider.rows["issues"][249]["updated_at"]
    assert found["repository-2"] == recipe.provider.rows["issues"][-1]["updated_at"]


@only("github")
def test_403_is_a_rate_limit_only_if_it_says_so(recipe):
    recipe.own["max_retries"] = 3
    recipe.provider.lacks_scope = True
    assert recipe.run().status == 1
    assert len(recipe.provider.requests("/user/repos")) == 1
    recipe.provider.lacks_scope = False
    recipe.provider.too_many = lambda: fake_github.error(
        403, "API rate limit exceeded for user ID 1."
    )
    recipe.provider.limited = 2
    assert recipe.run().status == 0


@only("google_analytics")
def test_days_without_rows_are_a_complete_read(recipe):
    """An empty report has no rows and no row count."""
    for stream in recipe.provider.rows:
        recipe.provider.rows[stream] = []
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.records("daily_traffic") == []


@only("google_analytics")
def test_later_report_starts_three_days_back(recipe):
    first = recipe.run()
    recipe.run(state=first.state)
    asked = [seen.json for seen in recipe.provider.seen if seen.path.endswith(":runReport")]
    spans = [one["dateRanges"][0]["startDate"] for one in asked]
    # The last days are April 9 and January 30.
    assert spans[-2:] == ["2024-04-06", "2024-01-27"]
