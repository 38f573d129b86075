"""A token as the house keeps it, and how one is read from what a provider answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.runtime.timestamps import epoch_seconds, read_epoch, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_oauth2_generic.oauth2.settings import OAuth2Settings

# Fields of a token response that are as secret as the tokens themselves.
_SECRET_NAME = re.compile("token$|secret|key$|password", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """An access token with what belongs to it.

    ``expires_at`` is in seconds since 1970, None where nobody knows; ``obtained_at`` likewise;
    ``response`` is the provider's whole answer, for ``{token.NAME}`` in templates.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    obtained_at: float = 0.0
    response: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Make sure that no output ever shows it."""
        register(self.access_token, self.refresh_token)
        register(*_secrets_of(self.response))

    def is_fresh(self, now: float, leeway: float) -> bool:
        """Tell whether the token may still be used at a time."""
        if not self.access_token:
            return False
        if self.expires_at is None:
            return True
        lifetime = max(self.expires_at - self.obtained_at, 0.0)
        return now < self.expires_at - min(leeway, lifetime / 2)


def _secrets_of(answer: Any, name: str = "") -> Iterator[str]:
    """Give each text of an answer whose name says that it is secret, however deep it stands."""
    if isinstance(answer, Mapping):
        for inner, value in answer.items():
            yield from _secrets_of(value, inner)
    elif isinstance(answer, list):
        for value in answer:
            yield from _secrets_of(value, name)
    elif isinstance(answer, str) and _SECRET_NAME.search(name):
        yield answer


def read_token(
    response: Mapping[str, Any], settings: OAuth2Settings, now: float, previous: str | None
) -> Token | None:
    """Read a token response (RFC 6749 section 5.1), None where it holds no access token.

    ``previous`` is the refresh token in use: a provider that does not rotate sends none.
    """
    access_token = settings.access_token_path.find(response)
    if not isinstance(access_token, str) or not access_token:
        return None
    refresh_token = settings.refresh_token_path.find(response)
    return Token(
        access_token=access_token,
        refresh_token=refresh_token
        if isinstance(refresh_token, str) and refresh_token
        else previous,
        expires_at=_expiry(response, settings, now),
        obtained_at=now,
        response=response,
    )


def _expiry(response: Mapping[str, Any], settings: OAuth2Settings, now: float) -> float | None:
    if settings.expires_at_path is not None:
        at = _instant(settings.expires_at_path.find(response))
        if at:
            return at
    lifetime = read_number(settings.expires_in_path.find(response)) or settings.token_lifetime
    return now + lifetime if lifetime and lifetime > 0 else None


def _instant(value: Any) -> float | None:
    number = read_number(value)
    if number is not None:
        return read_epoch(number)
    iso = epoch_seconds(value.strip()) if isinstance(value, str) else None
    return float(iso) if iso is not None else None
