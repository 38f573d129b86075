"""The one that keeps the connection alive: a fresh token for every request, renewed once for all.

Decides when to renew and from what; how a token is asked for or kept is told elsewhere.
"""

from __future__ import annotations

import hashlib
import random
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from tap_oauth2_generic.errors import AuthorizationError, TokenRequestError
from tap_oauth2_generic.interruption import uninterrupted
from tap_oauth2_generic.oauth2.store import Entry, Row, TokenStore
from tap_oauth2_generic.oauth2.token import Token

if TYPE_CHECKING:
    import requests

    from tap_oauth2_generic.clock import Clock
    from tap_oauth2_generic.oauth2.exchange import Exchange
    from tap_oauth2_generic.oauth2.grants import Grant
    from tap_oauth2_generic.oauth2.settings import OAuth2Settings


class Authenticator:
    """Gives access tokens, and signs requests with them; safe to share between threads."""

    def __init__(
        self,
        settings: OAuth2Settings,
        grant: Grant,
        exchange: Exchange,
        clock: Clock,
    ) -> None:
        """Put the parts together; nothing is read or asked for yet."""
        self._settings = settings
        self._grant = grant
        self._exchange = exchange
        self._clock = clock
        self._store = TokenStore(settings.token_store)
        self._token: Token | None = None
        self._lock = threading.Lock()
        self.connection = settings.connection or _connection_name(settings, grant)

    def access_token(self) -> str:
        """Give a token that is still good; raises AuthorizationError where none can be had."""
        return self._current().access_token

    def response(self) -> dict[str, Any]:
        """Give the last token response, for ``{token.NAME}`` in templates."""
        return dict(self._current().response)

    def renew(self, rejected: str) -> str:
        """Give another token than one that the API rejected."""
        with self._lock:
            if self._token is None or self._token.access_token == rejected:
                self._token = self._obtain(rejected)
            return self._token.access_token

    def sign(self, request: requests.PreparedRequest, token: str) -> None:
        """Put the token where the API wants it; signing twice changes nothing."""
        settings = self._settings
        if settings.auth_param:
            parts = urlsplit(request.url or "")
            pairs = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True)]
            if parts.query and settings.auth_param not in dict(pairs):
                query = f"{parts.query}&{settings.auth_param}={quote(token, safe='')}"
            else:
                kept = [pair for pair in pairs if pair[0] != settings.auth_param]
                query = urlencode([*kept, (settings.auth_param, token)], quote_via=quote)
            request.url = urlunsplit(parts._replace(query=query))
            return
        request.headers[settings.auth_header] = f"{settings.auth_prefix} {token}".strip()

    def _current(self) -> Token:
        token = self._token
        if token is None or not self._is_fresh(token):
            with self._lock:
                token = self._token
                if token is None or not self._is_fresh(token):
                    token = self._token = self._obtain(None)
        return token

    def _is_fresh(self, token: Token) -> bool:
        return token.is_fresh(self._clock.time(), self._settings.token_leeway)

    def _obtain(self, rejected: str | None) -> Token:
        """Take the stored token if it is good, else renew it under the store's lock."""
        if not self._settings.access_token_url:
            return self._lasting(rejected)
        # A signal in the middle would lose what the provider has already handed out.
        with uninterrupted, self._store.locked(self.connection) as row:
            token = self._known(row.read())
            if token and token.access_token != rejected and self._is_fresh(token):
                return token
            row.prove_writable()
            token = self._renewed(token)
            self._keep(row, token)
            return token

    def _lasting(self, rejected: str | None) -> Token:
        """Use the access token of the configuration, which nothing can renew."""
        if rejected is not None or not self._settings.access_token:
            message = (
                "the API refuses the access_token of the configuration, and without "
                "access_token_url it cannot be renewed: give a new access_token"
            )
            raise AuthorizationError(message)
        return Token(self._settings.access_token)

    def _known(self, entry: Entry | None) -> Token | None:
        """Give the token to go on from: the stored one, unless the configuration has changed."""
        settings = self._settings
        seeded = bool(settings.refresh_token or settings.access_token)
        if entry and (not seeded or entry.seed == self._seed()):
            changed = self._grant.unattended and entry.request != self._request()
            return None if changed else entry.token
        if seeded:
            return Token(settings.access_token or "", settings.refresh_token)
        return None

    def _renewed(self, token: Token | None) -> Token:
        if token and token.refresh_token and self._grant.refreshes:
            try:
                return self._exchange.by_refresh(token.refresh_token)
            except TokenRequestError as error:
                if error.code != "invalid_grant":
                    raise
                if not self._grant.unattended:
                    message = f"{error}: the connection was revoked or its refresh token is spent; "
                    message += "give the setting refresh_token a new refresh token"
                    raise TokenRequestError(message, error.code) from None
        if not self._grant.unattended:
            wanting = "has no token" if token is None else "has an access token that is no longer "
            wanting += "" if token is None else "good, and no refresh token to renew it"
            message = (
                f"the connection {self.connection!r} {wanting}: give the setting refresh_token a "
                "refresh token that was obtained elsewhere"
            )
            raise AuthorizationError(message)
        return self._exchange.by_grant(self._grant, random.random())  # noqa: S311 - jitter

    def _keep(self, row: Row, token: Token) -> None:
        row.write(Entry(token, self._seed(), self._request()))

    def _seed(self) -> str:
        return _fingerprint([self._settings.refresh_token, self._settings.access_token])

    def _request(self) -> str:
        settings = self._settings
        asked = [self._grant.fields(), settings.scopes, settings.token_params, settings.client_id]
        return _fingerprint([*asked, settings.access_token_url, settings.client_secret])


def _fingerprint(value: Any) -> str:
    """Stand for a value without telling it."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()


def _connection_name(settings: OAuth2Settings, grant: Grant) -> str:
    parts = [settings.access_token_url, settings.client_id, grant.subject]
    return " ".join(part for part in parts if part)
