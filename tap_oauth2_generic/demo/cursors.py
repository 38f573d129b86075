"""Opaque page tokens: a position in a collection, encoded so that a careless client breaks it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timezone

from tap_oauth2_generic.demo.http_messages import invalid_request

# Each of these is altered if a client decodes or encodes a token once too often.
_TAIL = "+/=%2B"
_POSITION = re.compile(r"([0-9]{1,6}):([0-9]{1,10})")


@dataclass(frozen=True)
class Position:
    """A position between pages: the pages served, and the time of the last change."""

    pages: int
    after: datetime

    def token(self) -> str:
        """Return this position as an opaque token."""
        plain = f"{self.pages}:{int(self.after.timestamp())}"
        return base64.b64encode(plain.encode()).decode() + _TAIL


def read_token(token: str) -> Position:
    """Return the position behind a token; raises ``invalid_request`` if it is forged."""
    try:
        plain = base64.b64decode(token.removesuffix(_TAIL), validate=True).decode()
    except ValueError:
        plain = ""
    found = _POSITION.fullmatch(plain)
    if found:
        after = datetime.fromtimestamp(int(found[2]), timezone.utc)
        position = Position(int(found[1]), after)
        if position.token() == token:
            return position
    raise invalid_request("this server did not issue the page token")
