"""The search finds the section that a person would look up."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.agents.calls import Call
from tap_oauth2_generic.agents.docs_search import search
from tap_oauth2_generic.agents.owner import Owner
from tap_oauth2_generic.agents.tools import run


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("freeze schema", "guides/freeze-a-schema.md"),
        ("token store key encrypts", "guides/token-store.md"),
        ("threat model studio", "explanation/threat-model.md"),
        ("exit status failure stream", "reference/errors.md"),
        ("export job poll", "guides/export-jobs.md"),
    ],
)
def test_page_of_a_question_is_among_the_first(query, page):
    assert page in [one["page"] for one in search(query)[:3]]


def test_long_section_is_cut_to_the_lines_that_fit():
    """The row of a setting comes out of its long table."""
    found = search("token_leeway")
    assert all(len(one["text"]) <= 2000 for one in found)
    assert any("| `token_leeway` |" in one["text"] for one in found)


@pytest.mark.parametrize("query", ["", "xyzzyplugh", "\x00", "…" * 1000])
def test_nothing_that_fits_is_an_empty_list(query):
    outcome = run(Call(Owner({})), "search_docs", {"query": query})
    assert (outcome.failed, outcome.texts) == (False, ['{"sections":[]}'])
