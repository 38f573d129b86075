"""The stored connection: its name, and which stored token belongs to this configuration."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.grants import Grant
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.store import Entry, Row, lock_row
from tap_oauth2_generic.oauth2.token import Token


class StoredConnection:
    """Build store entries for a configuration and choose the token to continue from."""

    def __init__(
        self, settings: OAuth2Settings, grant: Grant, assertion: AssertionSettings
    ) -> None:
        self._settings = settings
        self._unattended = grant.unattended
        self.name = settings.connection or _default_name(settings, grant.subject(assertion))
        # Keeps a client's own token apart from a user's consent to the same client.
        self._row_name = f"{self.name} ({grant.grant_type})" if grant.unattended else self.name
        self._seed = _fingerprint(settings.refresh_token, settings.access_token)
        self._request = _fingerprint(
            grant,
            settings.scopes,
            settings.token_params,
            settings.client_id,
            settings.access_token_url,
            settings.client_secret,
            assertion,
        )

    def lock(self) -> AbstractContextManager[Row]:
        """Hold the connection's row of the token store."""
        settings = self._settings
        return lock_row(settings.token_store, settings.token_store_key, self._row_name)

    def entry(self, token: Token | None, refresh_started_at: float | None = None) -> Entry:
        """Return what the store keeps for a token."""
        return Entry(token, self._seed, self._request, refresh_started_at)

    def current_token(self, entry: Entry | None) -> Token | None:
        """Return the stored token, unless a seed or the request has changed since."""
        settings = self._settings
        is_seeded = bool(settings.refresh_token or settings.access_token)
        if entry and entry.token and (not is_seeded or entry.seed == self._seed):
            is_outdated = self._unattended and entry.request != self._request
            return None if is_outdated else entry.token
        if is_seeded:
            return Token(settings.access_token or "", settings.refresh_token)
        return None


def _default_name(settings: OAuth2Settings, subject: str) -> str:
    # A query may hold a key.
    url = (settings.access_token_url or settings.issuer or "").partition("?")[0]
    return " ".join(part for part in (url, settings.client_id, subject) if part)


def _fingerprint(*values: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(values, enc_hook=str)).hexdigest()
