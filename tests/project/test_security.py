"""Each threat in the threat model names tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support import ROOT

PAGE = ROOT / "docs" / "explanation" / "threat-model.md"
ROWS = re.findall(r"^\| (?!Threat |:--)(.+) \|$", PAGE.read_text(), re.MULTILINE)


def test_security_policy_links_the_threat_model():
    """SECURITY.md says how to report first, and links the threat model."""
    headings = re.findall(r"^## (.+)$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert headings[0].startswith("Reporting")
    assert "Threat model" in headings
    assert "docs/explanation/threat-model.md" in (ROOT / "SECURITY.md").read_text()
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS)
def test_each_threat_has_its_test(row):
    """A threat has one or more tests, and each of them exists where its row says."""
    threat, done, tests = row.split(" | ")
    assert threat
    assert done
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
    assert len(named) == tests.count("`") // 2 > 0
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name
