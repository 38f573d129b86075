"""The issued access tokens, refresh tokens and authorization codes, in memory.

Who may get one is decided in ``grants`` and ``authorize``.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo.http_messages import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

CODE_LIFETIME = 300.0


@dataclass
class Family:
    """All tokens of one consent; they are revoked together."""

    client_id: str
    subject: str
    scope: str
    revoked: bool = False


@dataclass(frozen=True)
class Tokens:
    """The tokens of one token response; ``expires_in`` is in seconds."""

    access_token: str
    expires_in: float
    scope: str
    refresh_token: str | None


@dataclass(frozen=True)
class AuthorizationCode:
    """The grant behind a code. ``code_challenge`` is S256, or empty without PKCE."""

    family: Family
    redirect_uri: str
    code_challenge: str
    expires_at: float = 0.0
    used: bool = False


@dataclass
class _RefreshToken:
    family: Family
    spent: bool = False


class IssuedTokens:
    """The provider's tokens and codes; safe to share between threads.

    Keyed by digests, so that the timing of a lookup reveals nothing about a token.
    """

    def __init__(self, clock: Callable[[], float], token_lifetime: float) -> None:
        """Start empty. ``clock`` returns epoch seconds, ``token_lifetime`` is in seconds."""
        self._clock = clock
        self._token_lifetime = token_lifetime
        self._lock = threading.Lock()
        self._access: dict[bytes, tuple[Family, float]] = {}
        self._refresh: dict[bytes, _RefreshToken] = {}
        self._codes: dict[bytes, AuthorizationCode] = {}

    def issue(self, family: Family, *, refreshable: bool) -> Tokens:
        """Issue an access token, and a refresh token if ``refreshable``."""
        with self._lock:
            return self._issue(family, family.scope, refreshable=refreshable)

    def rotate(self, refresh_token: str, client_id: str, narrow: Callable[[str], str]) -> Tokens:
        """Spend a refresh token for new tokens.

        ``narrow`` maps the consented scope to that of the new access token.

        Raises:
            Problem: ``invalid_grant``; a spent refresh token also revokes its whole family.
        """
        with self._lock:
            known = self._refresh.get(_digest(refresh_token))
            if known is None or known.family.client_id != client_id or known.family.revoked:
                raise invalid_grant("the refresh token is unknown or revoked")
            if known.spent:
                known.family.revoked = True
                raise invalid_grant(
                    "the refresh token was already used; all its tokens are revoked"
                )
            scope = narrow(known.family.scope)
            known.spent = True
            return self._issue(known.family, scope, refreshable=True)

    def accepts(self, access_token: str) -> bool:
        """Check that an access token is known, current and not revoked."""
        family, expires_at = self._access.get(_digest(access_token), (None, 0.0))
        return family is not None and not family.revoked and self._clock() < expires_at

    def add_code(self, code: AuthorizationCode) -> str:
        """Issue an authorization code that is valid for ``CODE_LIFETIME`` seconds."""
        text, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._codes = {key: old for key, old in self._codes.items() if old.expires_at > now}
            self._codes[_digest(text)] = replace(code, expires_at=now + CODE_LIFETIME)
        return text

    def take_code(self, text: str) -> AuthorizationCode:
        """Redeem an authorization code.

        Raises:
            Problem: ``invalid_grant``; reuse of a code also revokes the tokens it bought.
        """
        with self._lock:
            code = self._codes.get(_digest(text))
            if code is None or code.expires_at <= self._clock():
                raise invalid_grant("the authorization code is unknown or has expired")
            if code.used:
                code.family.revoked = True
                raise invalid_grant(
                    "the authorization code was already used; its tokens are revoked"
                )
            self._codes[_digest(text)] = replace(code, used=True)
        return code

    def _issue(self, family: Family, scope: str, *, refreshable: bool) -> Tokens:
        now = self._clock()
        self._access = {key: entry for key, entry in self._access.items() if entry[1] > now}
        access_token = secrets.token_urlsafe(32)
        self._access[_digest(access_token)] = family, now + self._token_lifetime
        refresh_token = secrets.token_urlsafe(32) if refreshable else None
        if refresh_token:
            self._refresh[_digest(refresh_token)] = _RefreshToken(family)
        return Tokens(access_token, self._token_lifetime, scope, refresh_token)


def invalid_grant(description: str) -> Problem:
    """Return the 400 for a code, token or password that is not valid."""
    return Problem(400, "invalid_grant", description)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
