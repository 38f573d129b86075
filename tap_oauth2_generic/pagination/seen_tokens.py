"""The tokens that a walk has used, in bounded memory, so that one that comes again is known.

Knows tokens alone: what it means that one was used is the walk's to say.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.settings.limits import MAX_SEEN_TOKENS

if TYPE_CHECKING:
    from tap_oauth2_generic.pagination.base import Token


class SeenTokens:
    """Knows each of 65,536 tokens, and of more some at even distances.

    In a loop of tokens one of them comes by soon: when so many more were used as lie between two.
    """

    def __init__(self) -> None:
        """Begin with no token used."""
        self._kept: dict[Any, None] = {}
        self._count, self._distance = 0, 1
        self._last: Any = None

    def add(self, token: Token) -> None:
        """Take note of a token that is used."""
        self._last = key_of(token)
        if self._count % self._distance == 0:
            self._kept[self._last] = None
        self._count += 1
        if len(self._kept) > MAX_SEEN_TOKENS:
            self._kept = dict.fromkeys(islice(self._kept, 0, None, 2))
            self._distance *= 2

    def __contains__(self, token: Token) -> bool:
        """Tell whether a token is known to have been used; the last one always is."""
        key = key_of(token)
        return bool(key == self._last) or key in self._kept


def key_of(token: Token) -> Any:
    """Give something small that stands for a token, the same for the same one alone."""
    if isinstance(token, int) or token is None:
        return token
    return hash(token if isinstance(token, str) else msgspec.json.encode(token, enc_hook=str))
