"""The one that keeps the connection alive: a fresh token for every request, renewed once for all.

Decides when to renew and from what; how a token is asked for or kept is told elsewhere.
"""

from __future__ import annotations

import hashlib
import random
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

import msgspec

from tap_oauth2_generic.errors import (
    AuthorizationError,
    LoginNeededError,
    TokenRequestError,
    TokenStoreError,
)
from tap_oauth2_generic.oauth2.store import Entry, Row, TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.runtime.shutdown import uninterrupted

if TYPE_CHECKING:
    import requests

    from tap_oauth2_generic.oauth2.assertion import AssertionSettings
    from tap_oauth2_generic.oauth2.grants import Grant
    from tap_oauth2_generic.oauth2.grants.base import LoginUI
    from tap_oauth2_generic.oauth2.settings import OAuth2Settings
    from tap_oauth2_generic.oauth2.token_client import TokenClient
    from tap_oauth2_generic.runtime.clock import Clock

_LOG_IN = (
    "log in with tap-oauth2-generic login and the same configuration (in a Meltano project: "
    "meltano invoke tap-oauth2-generic:login), or give the setting "
    "refresh_token a refresh token that was obtained elsewhere"
)
# RFC 6749 section 5.2 has the first; some servers call a refresh token a code, too.
_SPENT = frozenset({"invalid_grant", "invalid_code"})


class Authenticator:
    """Gives access tokens, and signs requests with them; safe to share between threads."""

    def __init__(
        self,
        settings: OAuth2Settings,
        grant: Grant,
        assertion: AssertionSettings,
        token_client: TokenClient,
        clock: Clock,
    ) -> None:
        """Put the parts together; nothing is read or asked for yet."""
        self._settings = settings
        self._grant = grant
        self._claims = assertion
        self._exchange = token_client
        self._clock = clock
        self._store = TokenStore(settings.token_store, settings.token_store_key)
        self._token: Token | None = None
        self._lock = threading.Lock()
        self._spending = threading.Lock()
        self._failure: Exception | None = None
        self._closed = False
        self.connection = settings.connection or _connection_name(
            settings, grant.subject(assertion)
        )

    @property
    def _row_name(self) -> str:
        """A client's own token and a person's consent to that client are kept apart."""
        kind = f" ({self._grant.grant_type})" if self._grant.unattended else ""
        return f"{self.connection}{kind}"

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

    def close(self) -> None:
        """Wait until no refresh token is being spent, in whatever thread, and spend no other.

        What a provider hands out while the process ends would be lost.
        """
        self._closed = True
        with self._spending:
            return

    def sign(self, request: requests.PreparedRequest, token: str) -> None:
        """Put the token where the API wants it; signing twice changes nothing."""
        settings = self._settings
        if settings.auth_param:
            parts = urlsplit(request.url or "")
            name = quote(settings.auth_param, safe="")
            # The rest of the query stays as it is: a link of the server is sent untouched.
            kept = [pair for pair in parts.query.split("&") if pair and not _names(pair, name)]
            query = "&".join([*kept, f"{name}={quote(token, safe='')}"])
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
        """Get a token, once failed never again: another thread would spend what may be spent."""
        if self._failure is not None:
            raise self._failure
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._obtained(rejected)
            except Exception as error:
                if not self._exchange.waited_to_send_again(error, attempt, random.random):
                    self._failure = error
                    raise

    def _obtained(self, rejected: str | None) -> Token:
        """Take the stored token if it is good, else renew it under the store's lock."""
        if not self._exchange.endpoints.known:
            return self._lasting(rejected)
        cut_off_at = None
        with self._store.locked(self._row_name) as row:
            entry = row.read()
            token = self._known(entry)
            if token and self._is_usable(token, rejected):
                return token
            if token and token.refresh_token and self._grant.refreshes:
                cut_off_at = entry.renewal_began_at if entry else None
                # Committed before the request: it proves that the answer can be stored, and
                # tells a later run that this one was cut off in it.
                row.write(self._entry(token, began_at=self._clock.time()), with_room=True)
        try:
            with self._store.locked(self._row_name) as row:
                token = self._known(row.read())
                if token and self._is_usable(token, rejected):
                    return token
                return self._renewed(row, token, cut_off_at)
        except LoginNeededError:
            # Where the store's locks do not reach, another process may have renewed meanwhile.
            with self._store.locked(self._row_name) as row:
                token = self._known(row.read())
            if token and self._is_usable(token, rejected):
                return token
            raise

    def _is_usable(self, token: Token, rejected: str | None) -> bool:
        return token.access_token != rejected and self._is_fresh(token)

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
        """Give the token to go on from: the stored one, unless the configuration has changed.

        Where the store was emptied during the run, it is the one that is in use.
        """
        if entry is None and self._token is not None:
            return self._token
        settings = self._settings
        seeded = bool(settings.refresh_token or settings.access_token)
        if entry and entry.token and (not seeded or entry.seed == self._seed()):
            changed = self._grant.unattended and entry.request != self._request()
            return None if changed else entry.token
        if seeded:
            return Token(settings.access_token or "", settings.refresh_token)
        return None

    def _renewed(self, row: Row, token: Token | None, cut_off_at: float | None) -> Token:
        """Renew a token and store what came, committed before anybody uses it."""
        renewed = None
        if token and token.refresh_token and self._grant.refreshes:
            # A signal in the middle would lose what the provider has already handed out.
            with self._spending, uninterrupted:
                if self._closed:
                    raise AuthorizationError("the run is ending, so no token is asked for")
                row.free_room(self._entry(token))
                renewed = self._refreshed(row, token, token.refresh_token, cut_off_at)
                if renewed is not None:
                    self._store_renewed(row, renewed)
                    return renewed
        if not self._grant.unattended:
            wanting = "has no token" if token is None else "has an access token that is no longer "
            wanting += "" if token is None else "good, and no refresh token to renew it"
            message = f"the connection {self.connection!r} {wanting}: {_LOG_IN}"
            raise LoginNeededError(message)
        renewed = self._exchange.fetch_token(self._grant, random.random)
        row.write(self._entry(renewed))
        return renewed

    def _store_renewed(self, row: Row, token: Token) -> None:
        """Store a token that only this process knows; where it fails, once more from anew."""
        try:
            row.write(self._entry(token))
        except TokenStoreError:
            # The database may have given up the connection while the provider answered.
            row.reconnect()
            row.write(self._entry(token))

    def _refreshed(
        self, row: Row, token: Token, refresh_token: str, cut_off_at: float | None
    ) -> Token | None:
        """Refresh once; None where another grant can still bring a token."""
        try:
            return self._exchange.refresh(refresh_token)
        except TokenRequestError as error:
            if error.code not in _SPENT:
                if error.code:
                    # The provider said no, or never heard of it: nothing is under way. An answer
                    # without an error of the standard may be a gateway's, after the provider's.
                    row.write(self._entry(token))
                raise
            if self._grant.unattended:
                return None
            message = f"{error}: the connection was revoked or its refresh token is spent"
            if cut_off_at is not None:
                at = datetime.fromtimestamp(cut_off_at, tz=timezone.utc).isoformat(" ", "seconds")
                message += (
                    f". A refresh that began at {at} was cut off before its answer was stored; "
                    "the provider may have handed out a token then that nobody received"
                )
            raise LoginNeededError(f"{message}: {_LOG_IN}", error.code) from None

    def login(self, ui: LoginUI) -> Token:
        """Get a token with the help of a person and store it; raises TapError.

        A grant that needs nobody gets its token as in every run.
        """
        with self._store.locked(self._row_name) as row:
            # Said before a person takes the trouble.
            row.write(row.read() or self._entry(None))
        if self._grant.unattended:
            token = self._exchange.fetch_token(self._grant, random.random)
        else:
            token = self._grant.login(ui)
        self._keep(token)
        return token

    def _keep(self, token: Token) -> None:
        with uninterrupted, self._store.locked(self._row_name) as row:
            row.write(self._entry(token))
        self._token = token

    def _entry(self, token: Token | None, began_at: float | None = None) -> Entry:
        return Entry(token, self._seed(), self._request(), began_at)

    def _seed(self) -> str:
        return _fingerprint([self._settings.refresh_token, self._settings.access_token])

    def _request(self) -> str:
        settings = self._settings
        asked = [self._grant, settings.scopes, settings.token_params, settings.client_id]
        return _fingerprint(
            [*asked, settings.access_token_url, settings.client_secret, self._claims]
        )


def _names(pair: str, name: str) -> bool:
    return pair.partition("=")[0] in {name, unquote_plus(name)}


def _fingerprint(value: Any) -> str:
    """Stand for a value without telling it."""
    return hashlib.sha256(msgspec.json.encode(value, enc_hook=str)).hexdigest()


def _connection_name(settings: OAuth2Settings, subject: str) -> str:
    # A query may hold a key.
    url = (settings.access_token_url or settings.issuer or "").partition("?")[0]
    parts = [url, settings.client_id, subject]
    return " ".join(part for part in parts if part)
