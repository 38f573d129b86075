"""Keep a connection alive: a fresh token for each request, renewed once for all threads.

Decides when to renew and from what; requests and storage of tokens have modules of their own.
"""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

import requests

from tap_oauth2_generic.errors import (
    AuthorizationError,
    LoginNeededError,
    TokenRequestError,
    TokenStoreError,
)
from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.connection import StoredConnection
from tap_oauth2_generic.oauth2.grants import Grant
from tap_oauth2_generic.oauth2.grants.base import LoginUI
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.store import Entry, Row
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.shutdown import uninterrupted

_LOG_IN = (
    "log in with `tap-oauth2-generic login` and the same configuration (in a Meltano project: "
    "meltano invoke tap-oauth2-generic:login), or set refresh_token to a newly obtained one"
)
# The first is RFC 6749 section 5.2; some servers call a refresh token a code, too.
_SPENT = frozenset({"invalid_grant", "invalid_code"})


class Authenticator:
    """Provide access tokens and sign requests with them; safe to share between threads."""

    def __init__(
        self,
        settings: OAuth2Settings,
        grant: Grant,
        assertion: AssertionSettings,
        token_client: TokenClient,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._grant = grant
        self._token_client = token_client
        self._clock = clock
        self._connection = StoredConnection(settings, grant, assertion)
        self.connection = self._connection.name
        self._token: Token | None = None
        self._lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._failure: Exception | None = None
        self._closed = False

    def access_token(self) -> str:
        """Return a fresh access token; raise AuthorizationError if there is none."""
        return self._fresh_token().access_token

    def response(self) -> dict[str, Any]:
        """Return the last token response, for ``{token.NAME}`` in templates."""
        return dict(self._fresh_token().response)

    def renew(self, rejected: str) -> str:
        """Return an access token other than the one that the API rejected."""
        with self._lock:
            if self._token is None or self._token.access_token == rejected:
                self._token = self._obtain(rejected)
            return self._token.access_token

    def close(self) -> None:
        """Wait for a running refresh, whose token would be lost; allow no other."""
        self._closed = True
        with self._refresh_lock:
            return

    def sign(self, request: requests.PreparedRequest, token: str) -> None:
        """Put the token into a request; signing twice changes nothing."""
        settings = self._settings
        if not settings.auth_param:
            request.headers[settings.auth_header] = f"{settings.auth_prefix} {token}".strip()
            return
        parts = urlsplit(request.url or "")
        # The rest of the query stays as it is: a link of the API is sent unchanged.
        kept = [
            pair
            for pair in parts.query.split("&")
            if pair and unquote_plus(pair.partition("=")[0]) != settings.auth_param
        ]
        query = "&".join([*kept, f"{quote(settings.auth_param, safe='')}={quote(token, safe='')}"])
        request.url = urlunsplit(parts._replace(query=query))

    def login(self, ui: LoginUI) -> Token:
        """Get a token, with a person if the grant needs one, and store it."""
        with self._connection.lock() as row:
            # Proves that the store can be written before a person logs in.
            row.write(row.read() or self._connection.entry(None))
        token = self._grant.login(ui, self._token_client)
        with uninterrupted, self._connection.lock() as row:
            row.write(self._connection.entry(token))
        self._token = token
        return token

    def _fresh_token(self) -> Token:
        if token := self._usable(self._token):
            return token
        with self._lock:
            self._token = self._usable(self._token) or self._obtain(None)
            return self._token

    def _usable(self, token: Token | None, rejected: str | None = None) -> Token | None:
        """Return the token if it is fresh and was not rejected."""
        if token is None or token.access_token == rejected:
            return None
        return token if token.is_fresh(self._clock.time(), self._settings.token_leeway) else None

    def _obtain(self, rejected: str | None) -> Token:
        """Acquire a token; raise an earlier failure again, to spend no token."""
        if self._failure is not None:
            raise self._failure
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._acquire(rejected)
            except Exception as error:
                if not self._token_client.wait_to_resend(error, attempt):
                    self._failure = error
                    raise

    def _acquire(self, rejected: str | None) -> Token:
        """Return the stored token if it is usable, else renew it under the lock."""
        if not self._token_client.endpoints.known:
            return self._use_configured(rejected)
        interrupted_at = None
        with self._connection.lock() as row:
            entry = row.read()
            token = self._load(entry)
            if usable := self._usable(token, rejected):
                return usable
            if token and token.refresh_token and self._grant.refreshes:
                interrupted_at = entry.refresh_started_at if entry else None
                # Committed before the request: proves that its response can be stored, and
                # lets a later run recognize that this one was interrupted.
                started = self._connection.entry(token, self._clock.time())
                row.write(started, reserve_space=True)
        try:
            with self._connection.lock() as row:
                token = self._load(row.read())
                usable = self._usable(token, rejected)
                return usable or self._renew_locked(row, token, interrupted_at)
        except LoginNeededError:
            # Where the store's locks do not reach, another process may have renewed meanwhile.
            with self._connection.lock() as row:
                usable = self._usable(self._load(row.read()), rejected)
            if usable:
                return usable
            raise

    def _use_configured(self, rejected: str | None) -> Token:
        """Return the configured access token, which nothing can renew."""
        if rejected is not None or not self._settings.access_token:
            raise AuthorizationError(
                "the API rejected access_token, which cannot be renewed without access_token_url; "
                "set a new access_token"
            )
        return Token(self._settings.access_token)

    def _load(self, entry: Entry | None) -> Token | None:
        """Return the token to continue from; the one in use if the store is empty."""
        if entry is None and self._token is not None:
            return self._token
        return self._connection.current_token(entry)

    def _renew_locked(self, row: Row, token: Token | None, interrupted_at: float | None) -> Token:
        """Get a new token and commit it before anything uses it."""
        if token and token.refresh_token and self._grant.refreshes:
            # A signal in the middle would lose a token that the provider has already issued.
            with self._refresh_lock, uninterrupted:
                if self._closed:
                    raise AuthorizationError("the run is ending; no token was requested")
                row.release_space(self._connection.entry(token))
                renewed = self._refresh(row, token, token.refresh_token, interrupted_at)
                if renewed is not None:
                    self._commit(row, renewed)
                    return renewed
        if not self._grant.unattended:
            state = "an expired access token and no refresh token" if token else "no token"
            raise LoginNeededError(f"connection {self.connection!r} has {state}; {_LOG_IN}")
        renewed = self._token_client.fetch_token(self._grant.fields, self._grant.grant_type)
        row.write(self._connection.entry(renewed))
        return renewed

    def _refresh(
        self, row: Row, token: Token, refresh_token: str, interrupted_at: float | None
    ) -> Token | None:
        """Refresh once; return None if another grant can still get a token."""
        try:
            return self._token_client.refresh(refresh_token)
        except TokenRequestError as error:
            if error.code not in _SPENT:
                if error.code:
                    # The provider refused, or never heard of it: no refresh is pending. An error
                    # without a standard code may come from a gateway, after the provider acted.
                    row.write(self._connection.entry(token))
                raise
            if self._grant.unattended:
                return None
            message = f"{error}; the connection was revoked or its refresh token was already used"
            if interrupted_at is not None:
                at = datetime.fromtimestamp(interrupted_at, tz=timezone.utc)
                message += (
                    f"; a refresh at {at.isoformat(' ', 'seconds')} was interrupted before its "
                    "response was stored, so the provider may have issued a token that was lost"
                )
            raise LoginNeededError(f"{message}; {_LOG_IN}", error.code) from None

    def _commit(self, row: Row, token: Token) -> None:
        """Store a token known only here; retry once over a new connection."""
        entry = self._connection.entry(token)
        try:
            row.write(entry)
        except TokenStoreError:
            # The database may have closed the connection while the provider was responding.
            row.reconnect()
            row.write(entry)
