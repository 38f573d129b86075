"""Airtable: the formula that filters, and the token of the next page."""

from __future__ import annotations

from tests.recipes.fake_airtable import TABLE, error
from tests.recipes.recipe_run import only

AIRTABLE = only("airtable")


@AIRTABLE
def test_formula_holds_the_bookmark(recipe):
    first = recipe.run()
    recipe.provider.seen.clear()
    assert recipe.run(state=first.state).status == 0
    asked = recipe.provider.requests(TABLE)
    assert all("'2024-03-08T18:25:00.000Z'" in seen.query["filterByFormula"] for seen in asked)
    tokens = [seen.query.get("offset") for seen in asked]
    assert tokens[-3:] == [None, "itrSJ1l4jlPyxEG6c/100", "itrSJ1l4jlPyxEG6c/200"]


@AIRTABLE
def test_token_of_a_page_that_expired_fails_and_keeps_the_bookmark(recipe):
    first = recipe.run()
    answer, said = recipe.provider.data, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
    recipe.provider.change("records", "last_modified")
    recipe.provider.data = lambda s: error(422, said, "") if "offset" in s.query else answer(s)
    second = recipe.run(state=first.state)
    assert second.status == 1
    (line,) = second.error_lines
    assert said in line
    assert second.bookmark("records") == first.bookmark("records")
