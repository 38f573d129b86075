"""Find the secret parts of configured strings; pure.

An address is shown in messages, its password is not; a header may be repeated without its scheme.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

_ADDRESS = re.compile(r"[\w+.-]+://(.*)", re.DOTALL)
_SECRET_NAME = re.compile("token|secret|key|passw|pwd|sig", re.IGNORECASE)


def of_string(string: str) -> list[str]:
    """Return the secrets of a secret string: all of it, or those inside an address."""
    return in_address(string) if _ADDRESS.fullmatch(string) else [string]


def of_header(value: str) -> list[str]:
    """Return the secrets of a header or parameter; of two words, the first is a scheme."""
    _, space, rest = value.strip().partition(" ")
    return [*of_string(value), rest] if space and " " not in rest.strip() else of_string(value)


def in_address(url: str) -> list[str]:
    """Return the password of an address, wherever a parser may end it, and secret parameters."""
    address = _ADDRESS.fullmatch(url)
    rest = address[1] if address else url
    user, _, host = rest.rpartition("@")
    password = user.partition(":")[2]
    # With an unencoded slash in it, one parser sees a password, another a port.
    found = [password, password.partition("@")[0], *re.split("[/?#@]", password)]
    if re.match(r"\d*/", password):
        # It is a port, and the @ belongs to the path.
        found, host = [], rest
    query = parse_qsl(host.partition("?")[2], errors="surrogateescape")
    found += [value for name, value in query if _SECRET_NAME.search(name)]
    return [form for one in found for form in (one, unquote(one))]
