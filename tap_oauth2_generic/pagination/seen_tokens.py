"""The page tokens that were used, in bounded memory, to detect a loop of tokens."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from tap_oauth2_generic.pagination.base import Token
from tap_oauth2_generic.settings.limits import MAX_SEEN_TOKENS


class SeenTokens:
    """A set of token hashes that is thinned out evenly once it is full.

    A loop of tokens still meets one of those kept, and soon: after as many more as were dropped
    between two of them.
    """

    def __init__(self) -> None:
        self._kept: dict[Any, None] = {}
        self._count, self._distance = 0, 1
        self._last: Any = None

    def add(self, token: Token) -> None:
        """Remember a token."""
        self._last = key_of(token)
        if self._count % self._distance == 0:
            self._kept[self._last] = None
        self._count += 1
        if len(self._kept) > MAX_SEEN_TOKENS:
            self._kept = dict.fromkeys(islice(self._kept, 0, None, 2))
            self._distance *= 2

    def __contains__(self, token: Token) -> bool:
        """Return whether a token is known to have been used; the last one always is."""
        key = key_of(token)
        return bool(key == self._last) or key in self._kept


def key_of(token: Token) -> Any:
    """Return something small that identifies a token."""
    if isinstance(token, int) or token is None:
        return token
    return hash(token if isinstance(token, str) else msgspec.json.encode(token, enc_hook=str))
