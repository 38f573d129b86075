"""The troubleshooting page covers every error message of the package, in its present wording."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import DOCS
from tests.docs.messages import all_strings, error_messages

PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)


def pattern(shown):
    """Return a pattern for a message of the page, in which ``…`` stands for any value."""
    return re.compile(".*".join(re.escape(part) for part in shown.split("…")), re.DOTALL)


PATTERNS = [pattern(shown) for shown in SHOWN]


@pytest.mark.parametrize(("message", "file"), error_messages().items())
def test_every_error_message_is_on_the_page(message, file):
    """Each message that the source raises has a row with its cause and its cure."""
    assert any(found.fullmatch(message) for found in PATTERNS), f"{file}: {message}"


@pytest.mark.parametrize("shown", SHOWN)
def test_every_message_on_the_page_is_in_the_source(shown):
    """Each message of the page is, apart from its values, a string of the source."""
    assert any(pattern(shown).search(template) for template in STRINGS), shown


STRINGS = all_strings()
