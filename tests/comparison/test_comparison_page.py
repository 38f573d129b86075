"""The comparison is whole: each tool has a configuration and figures, and the docs show them."""

from __future__ import annotations

import re

import pytest

from comparison import report
from comparison.peer import NOT_POSSIBLE, configuration, name
from comparison.peers import PEERS
from comparison.results import Results
from comparison.scenarios import SCENARIOS
from tests.support import ROOT

PAGE = ROOT / "docs" / "explanation" / "comparison.md"


@pytest.mark.parametrize("peer", PEERS, ids=name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_each_configuration_names_a_page_of_documentation(peer, scenario):
    """One of the tool's own; of this tap, one in docs."""
    text = configuration(peer, scenario).read_text()
    pages = re.findall(r"docs/\S+\.md", text) if name(peer) == "tap" else []
    assert pages or "https://" in text
    assert all((ROOT / page).exists() for page in pages)


def test_table_has_a_row_for_each_scenario_and_a_column_for_each_tool():
    """And a cell for each run."""
    table = PAGE.read_text().split("<!-- compared -->\n")[1].split("<!-- /compared -->")[0]
    head, _, *body = [line.strip("|\n").split("|") for line in table.splitlines()]
    assert [cell.strip() for cell in head[1:]] == [peer.TITLE for peer in PEERS]
    assert [row[0].strip() for row in body] == [scenario.title for scenario in SCENARIOS]
    assert not [row for row in body if "not run" in " ".join(row)]


def test_only_a_tool_without_configuration_has_no_figures():
    verdicts = Results.load().verdicts
    for scenario in SCENARIOS:
        for peer in PEERS:
            reason = configuration(peer, scenario).name.endswith(NOT_POSSIBLE)
            assert (verdicts[scenario.name][name(peer)] is None) is reason


def test_readme_sums_up_the_table():
    """The first line of sums is the number of ticks in each column."""
    head, _, ticks, *_ = report.readme().splitlines(keepends=True)
    assert report.readme() in (ROOT / "README.md").read_text()
    cells = [[report.cell(verdict) for verdict in row] for row in columns()]
    counted = [sum(cell == "✓" for cell in column) for column in cells]
    assert [int(cell) for cell in ticks.strip("|\n").split("|")[1:]] == counted
    assert head.count("|") == len(PEERS) + 2


def columns():
    verdicts = Results.load().verdicts
    for peer in PEERS:
        yield [verdicts[scenario.name][name(peer)] for scenario in SCENARIOS]


@pytest.mark.parametrize("peer", PEERS[1:], ids=name)
def test_figures_are_of_the_pinned_version(peer):
    pins = (ROOT / f"constraints-{name(peer)}.txt").read_text()
    assert f"{peer.PACKAGE}=={Results.load().versions[name(peer)]}" in pins
