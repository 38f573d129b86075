"""Docusign: windows with both ends, and an empty result."""

from __future__ import annotations

from tests.recipes.recipe_run import only

DOCUSIGN = only("docusign")
PATH = "/restapi/v2.1/accounts/8b6a71bb-0000-0000-0000-000000000000/envelopes"


@DOCUSIGN
def test_every_request_names_both_ends_of_its_window(recipe):
    """Otherwise Docusign leaves out envelopes older than two years."""
    assert recipe.run().status == 0
    asked = recipe.provider.requests(PATH)
    windows = sorted({(s.query["from_date"], s.query["to_date"]) for s in asked})
    assert len(windows) > 20
    assert windows[0][0] == "2020-01-01T00:00:00Z"
    assert [end for _, end in windows[:-1]] == [start for start, _ in windows[1:]]


@DOCUSIGN
def test_account_without_envelopes_is_no_failure(recipe):
    recipe.provider.rows["envelopes"] = []
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.records("envelopes") == []
    assert run.warnings == []
