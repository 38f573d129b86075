"""Judge a header or parameter of a foreign document by its name, and a value by its look; pure."""

from __future__ import annotations

import re

# What a browser or curl adds by itself, and the tap does, too, or no API needs.
_OF_CLIENTS = re.compile(
    r"(sec-|x-client-data)|(user-agent|referer|origin|host|connection|content-length|priority|dnt|te|"
    r"accept-encoding|accept-language|cache-control|pragma|upgrade-insecure-requests|"
    r"if-none-match|if-modified-since)$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"auth|token|secret|key|cookie|passw|pwd|session|signature|csrf|xsrf|(^|[-_])sig$",
    re.IGNORECASE,
)
# page_token leads to the next page.
_NO_SECRET = re.compile("page|next|cursor|contin|sync|scroll|sort|keyword|search", re.IGNORECASE)
# What documentation writes in the place of a token.
_STAND_IN = re.compile(r"[$<{\[%]|(your|my)[-_ ]|x+$|.*(\.\.\.|…|\*\*)", re.IGNORECASE)


def is_of_client(header: str) -> bool:
    """Return whether a header is of the program that sent it, not of the request."""
    return bool(_OF_CLIENTS.match(header))


def is_secret(name: str) -> bool:
    """Return whether a header or parameter of this name holds a secret."""
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


def is_stand_in(value: str) -> bool:
    """Return whether a value only stands for a secret."""
    return bool(_STAND_IN.match(value))
