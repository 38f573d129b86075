"""The troubleshooting page covers every error message of the package, in its present wording."""

from __future__ import annotations

import re

from tests.docs.blocks import DOCS
from tests.docs.messages import all_strings, error_messages

PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)


def pattern(shown):
    """Return a pattern for a message of the page, in which ``…`` stands for any value."""
    return re.compile(".*".join(re.escape(part) for part in shown.split("…")), re.DOTALL)


PATTERNS = [pattern(shown) for shown in SHOWN]


def test_every_error_message_is_on_the_page():
    """Each message that the source raises has a row with its cause and its cure."""
    missing = {
        message: str(file)
        for message, file in error_messages().items()
        if not any(found.fullmatch(message) for found in PATTERNS)
    }
    assert missing == {}


def test_every_message_on_the_page_is_in_the_source():
    """Each message of the page is, apart from its values, a string of the source."""
    strings = all_strings()
    stale = [shown for shown in SHOWN if not any(pattern(shown).search(text) for text in strings)]
    assert stale == []
