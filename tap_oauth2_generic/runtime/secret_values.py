"""Which parts of a text that somebody configured are secret by themselves; pure.

An address is shown in messages, its password is not; a header may be repeated without its scheme.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

_ADDRESS = re.compile(r"[\w+.-]+://(.*)", re.DOTALL)
_SECRET_NAME = re.compile("token|secret|key|passw|pwd|sig", re.IGNORECASE)


def of_text(text: str) -> list[str]:
    """Give what must not be shown of a secret text: all of it, but of an address its secrets."""
    return in_address(text) if _ADDRESS.fullmatch(text) else [text]


def of_header(text: str) -> list[str]:
    """Give the same of a header or parameter; two words are a scheme and what follows it."""
    _, blank, rest = text.strip().partition(" ")
    return [*of_text(text), rest] if blank and " " not in rest.strip() else of_text(text)


def in_address(text: str) -> list[str]:
    """Give the password of an address, wherever a parser may see its end, and what it asks for."""
    address = _ADDRESS.fullmatch(text)
    rest = address[1] if address else text
    user, _, host = rest.rpartition("@")
    password = user.partition(":")[2]
    # With a slash in it that is not encoded, one parser sees a password, another a port.
    found = [password, password.partition("@")[0], *re.split("[/?#@]", password)]
    if re.match(r"\d*/", password):
        # It is a port, and the sign stands somewhere behind it.
        found, host = [], rest
    query = parse_qsl(host.partition("?")[2], errors="surrogateescape")
    found += [value for name, value in query if _SECRET_NAME.search(name)]
    return [form for one in found for form in (one, unquote(one))]
