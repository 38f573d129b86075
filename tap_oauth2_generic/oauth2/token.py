"""A token: its fields, how long it stays fresh, which parts of it are secret."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tap_oauth2_generic.runtime.redaction import register

_DAY_SECONDS = 86400
# Fields of a token response that are as secret as the tokens themselves.
_SECRET_NAME = re.compile("token$|secret|key$|password", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """An access token and what the provider sent with it.

    Times are in seconds since 1970; ``expires_at`` is None if unknown. ``response`` is the full
    token response, for ``{token.NAME}`` in templates. ``first`` is the token of the provider that
    this one was exchanged for, or will be while ``access_token`` is empty. ``redirect`` are the
    further parameters of the login's redirect; the fields of the response win.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    obtained_at: float = 0.0
    response: Mapping[str, Any] = field(default_factory=dict, repr=False)
    first: Token | None = field(default=None, repr=False)
    redirect: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Register the secrets so that they never appear in output."""
        register(self.access_token, self.refresh_token)
        register(*_secrets_in({**self.redirect, **self.response}))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the response, and the tokens under their usual names."""
        tokens = {"access_token": self.access_token, "refresh_token": self.refresh_token}
        return {**tokens, **self.redirect, **self.response}

    @property
    def own(self) -> Token:
        """The token that refreshes and exchanges are about: the first one, if there are two."""
        return self.first or self

    def before_exchange(self) -> Token:
        """Return the token as it is stored until it has been exchanged."""
        first = self.own
        if not first.access_token:
            return first
        return replace(first, access_token="", expires_at=None, first=first)

    def is_fresh(self, now: float, leeway: float) -> bool:
        """Return whether the token can still be used at a time.

        An infinite leeway renews it after half its lifetime; after a day if that is unknown.
        """
        if not self.access_token:
            return False
        if self.expires_at is None:
            return math.isfinite(leeway) or now < self.obtained_at + _DAY_SECONDS
        lifetime = self.expires_at - self.obtained_at
        return now < self.expires_at - min(leeway, lifetime / 2)


def _secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """Yield the strings, at any depth, whose field name is that of a secret."""
    if isinstance(value, Mapping):
        for inner_name, inner in value.items():
            yield from _secrets_in(inner, inner_name)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets_in(inner, name)
    elif isinstance(value, str) and _SECRET_NAME.search(name):
        yield value


#: In place of a token that does not exist.
NO_TOKEN = Token("")
