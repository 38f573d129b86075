"""Links inside the repository lead somewhere: to a file, and to a heading of it."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import ROOT

_FENCED = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:)([^)\s]+)\)")


def pages():
    """Return all Markdown pages of the repository, and llms.txt."""
    found = [ROOT / "llms.txt", *ROOT.glob("*.md")]
    found += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "recipes").rglob("*.md")]
    return sorted(found)


def anchors(page):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    text = _FENCED.sub(lambda m: "" if m[0].startswith("```") else m[0], page.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page):
    """Each relative link names an existing file, and a heading that the file has."""
    for link in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page):
    """Each path of this repository that a page names in code font is there."""
    named = re.findall(
        r"`((?:tap_oauth2_generic|tests|docs|scripts|recipes)/[\w/.-]*)(?:::\w+)?`",
        page.read_text(encoding="utf-8"),
    )
    # The guide to contributing names the test that a reader will add, and what make builds.
    absent = [name for name in named if not (ROOT / name).exists()]
    assert [name for name in absent if "range_header" not in name and name != "docs/_build"] == []
