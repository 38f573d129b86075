"""The Link header, parsed as section 3 of RFC 8288 defines it."""

from __future__ import annotations

import re

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_PARAM = re.compile(r"""\s*;\s*([^\s=;,"<>]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?""")


def next_link(header: str) -> str | None:
    """Return the target of the first link with the relation ``next``, None if there is none."""
    position = 0
    while target := _TARGET.match(header, position):
        position = target.end()
        relations: list[str] | None = None
        while (param := _PARAM.match(header, position)) and param.end() > position:
            position = param.end()
            # The first rel counts (section 3.3).
            if param[1].lower() == "rel" and relations is None:
                relations = (param[2] or param[3] or "").lower().split()
        if relations and "next" in relations:
            return target[1].strip()
    return None
