"""Decode the beginning of huge JSON, as far as its members are complete; pure."""

from __future__ import annotations

import re
from typing import Any

from tap_oauth2_generic.studio.json_edit import read_json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},"]')
_CLOSING = {"[": "]", "{": "}"}


def read_head(content: bytes, limit: int) -> Any:
    """Return the value of the first bytes, open lists and objects ended there.

    Return None if they are not JSON.
    """
    text = content[:limit].decode("utf-8", "ignore")
    open_ones: list[str] = []
    end, closing = 0, ""
    for found in _TOKEN.finditer(text):
        mark = found[0]
        if mark == '"':
            # The rest of this string is behind the limit.
            break
        if mark == ",":
            end, closing = found.start(), _close(open_ones)
        elif mark in _CLOSING:
            open_ones.append(mark)
            end, closing = found.end(), _close(open_ones)
        elif mark in "]}" and open_ones:
            open_ones.pop()
            end, closing = found.end(), _close(open_ones)
    try:
        return read_json(text[:end] + closing) if end else None
    except ValueError:
        return None


def _close(open_ones: list[str]) -> str:
    return "".join(_CLOSING[one] for one in reversed(open_ones))
