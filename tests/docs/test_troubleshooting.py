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
    # One search in all of them at once: no value of a message holds what separates them.
    text = "\0".join(all_strings())
    found = {shown: "[^\0]*".join(map(re.escape, shown.split("…"))) for shown in SHOWN}
    assert [shown for shown, one in found.items() if not re.search(one, text)] == []
