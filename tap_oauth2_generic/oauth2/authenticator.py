"""Keep a connection alive: a fresh token for each request, renewed once for all threads.

Decides when to renew and which chain of tokens; ``renewal`` renews, ``store`` keeps.
"""

from __future__ import annotations

import math
import threading
from dataclasses import InitVar, dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

import requests

from tap_oauth2_generic.errors import AuthorizationError, LoginNeededError
from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.connection import StoredConnection
from tap_oauth2_generic.oauth2.grants import Grant
from tap_oauth2_generic.oauth2.grants.base import LoginUI
from tap_oauth2_generic.oauth2.renewal import Renewal
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.store import Chain, TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.oauth2.token_response import describe_exchange
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.shutdown import uninterrupted

# A seed's chain, the login, and one that another process has renewed meanwhile.
_MAX_REFUSALS = 3


@dataclass(eq=False, repr=False)
class Authenticator:
    """Provide access tokens and sign requests with them; safe to share between threads.

    ``hosts`` are those that may receive the tokens, that of ``base_url`` first. ``is_confined``:
    stored tokens of other settings are not used.
    """

    _settings: OAuth2Settings
    _grant: Grant
    assertion: InitVar[AssertionSettings]
    _token_client: TokenClient
    hosts: InitVar[tuple[str, ...]]
    _clock: Clock
    is_confined: InitVar[bool] = False
    _chain: Chain | None = None
    _failure: Exception | None = None
    # An early renewal has failed: the token is used until its end.
    _is_kept: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(
        self, assertion: AssertionSettings, hosts: tuple[str, ...], is_confined: bool
    ) -> None:
        """Wire the store and what renews its chains."""
        settings = self._settings
        self._connection = StoredConnection(
            settings, self._grant, assertion, hosts, is_confined=is_confined
        )
        self.connection = self._connection.name
        self._store = TokenStore(settings.token_store, settings.token_store_key)
        parts = self._grant, self._token_client, self._clock
        self._renewal = Renewal(self._connection, self._store, *parts)

    def access_token(self) -> str:
        """Return a fresh access token; raise AuthorizationError if there is none."""
        return self._fresh_token().access_token

    def response(self) -> dict[str, Any]:
        """Return the last token response, for ``{token.NAME}`` in templates."""
        token = self._fresh_token()
        return {**token.redirect, **token.response}

    def renew(self, rejected: str) -> str:
        """Return an access token other than the one that the API rejected."""
        with self._lock:
            return self._obtain(rejected).access_token

    @property
    def is_renewable(self) -> bool:
        """Whether the token in use can be renewed without a person."""
        return self._chain is not None and self._renewal.is_possible(self._chain)

    @property
    def last_exchange(self) -> dict[str, Any] | None:
        """The last token request of this process and its response, masked."""
        response = self._token_client.last_response
        return None if response is None else describe_exchange(response)

    def stored_chain(self) -> Chain | None:
        """Return the chain that counts as it is stored; None if none has a token."""
        with self._lock:
            chain = self._choose(None) if self._gets_tokens else None
            return chain if chain is not None and chain.token.access_token else None

    def renew_stored(self) -> bool:
        """Renew the token now; return False if nothing can, and it has not ended yet."""
        with self._lock:
            chain = self._choose(None) if self._gets_tokens else None
            is_possible = chain is not None and self._renewal.is_possible(chain)
            self._obtain(chain.token.access_token if chain and is_possible else None)
            return is_possible

    def close(self) -> None:
        """Wait for a running refresh, whose token would be lost; allow no other."""
        self._renewal.close()

    def sign(self, request: requests.PreparedRequest, token: str) -> None:
        """Put the token into a request; signing twice changes nothing."""
        settings = self._settings
        if not self._grant.requests_tokens:
            request.headers.update({settings.auth_header: token} if token else {})
            return
        if not settings.auth_param:
            prefix = settings.auth_prefix
            between = "" if prefix.endswith("=") else " "
            request.headers[settings.auth_header] = f"{prefix}{between}{token}".strip()
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
        if not self._grant.requests_tokens:
            raise AuthorizationError(
                f"grant_type {self._grant.grant_type} needs no login: it requests no token"
            )
        prefix = self._connection.prefix
        chain = self._connection.login_chain(self._store.read(prefix))
        with self._store.lock(chain.key):
            # Proves that the store can be written before a person logs in.
            self._store.write(self._store.read(prefix).get(chain.key, chain))
        token = self._grant.login(ui, self._token_client)
        with uninterrupted, self._store.lock(chain.key):
            # Runs may have spent tokens while the person logged in.
            spent = self._store.read(prefix).get(chain.key, chain).spent
            stored, now = self._connection.as_stored(token), self._clock.time()
            self._chain = replace(chain, token=stored, started_at=now, spent=spent)
            self._store.write(self._chain)
            self._chain = self._renewal.exchange(self._chain)
        return self._chain.token

    def _fresh_token(self) -> Token:
        if token := self._usable(self._chain):
            return token
        with self._lock:
            return self._usable(self._chain) or self._obtain(None)

    def _usable(self, chain: Chain | None, rejected: str | None = None) -> Token | None:
        """Return the token of a chain if it is fresh and was not rejected."""
        if chain is None or chain.token.access_token == rejected:
            return None
        is_fresh = chain.token.is_fresh(self._clock.time(), self._leeway(chain))
        return chain.token if is_fresh else None

    def _leeway(self, chain: Chain) -> float:
        """Return how many seconds before its end a token is to be renewed."""
        if self._is_kept or not self._renewal.is_possible(chain):
            return 0
        renews_itself = self._token_client.renews_itself(chain.token)
        return math.inf if renews_itself else self._settings.token_leeway

    def _obtain(self, rejected: str | None) -> Token:
        """Acquire a token; raise an earlier failure again, to spend no token."""
        if self._failure is not None:
            raise self._failure
        is_first = self._chain is None
        try:
            self._chain = self._token_client.retry(lambda: self._acquire(rejected))
        except Exception as error:
            self._failure = error
            raise
        if is_first and self._connection.has_other_scopes(self._chain):
            LOG.warning(
                "connection %r: scopes have changed since the login, so its token still has the "
                "old ones; log in again with tap-oauth2-generic login",
                self.connection,
            )
        return self._chain.token

    def _acquire(self, rejected: str | None) -> Chain:
        """Return a chain with a usable token, stored or renewed under the lock of the chain."""
        if not self._gets_tokens:
            return self._use_configured(rejected)
        refusals: list[LoginNeededError] = []
        while len(refusals) < _MAX_REFUSALS:
            chain = self._choose(rejected)
            if self._usable(chain, rejected):
                return chain
            if not self._renewal.is_possible(chain):
                raise refusals[-1] if refusals else self._renewal.login_needed(chain, rejected)
            try:
                with self._store.lock(chain.key) as lock:
                    # Another process may have renewed it, or a person have logged in, meanwhile.
                    current = self._choose(rejected)
                    if current.key == chain.key and not self._usable(current, rejected):
                        return self._renewal.renew(lock, current)
            except AuthorizationError as error:
                if not self._keep(chain, rejected, error):
                    if not isinstance(error, LoginNeededError):
                        raise
                    # The chain has ended; a login may go on, or the grant without a person.
                    refusals.append(error)
        raise refusals[-1]

    def _choose(self, rejected: str | None) -> Chain:
        """Return the first chain with a token that can be used or renewed, else the first."""
        stored = self._store.read(self._connection.prefix)
        if self._chain:
            # The store may have been removed during the run.
            stored.setdefault(self._chain.key, self._chain)
        chains = self._connection.chains(stored)
        working = (c for c in chains if self._usable(c, rejected) or self._renewal.is_possible(c))
        return next(working, chains[0])

    def _keep(self, chain: Chain, rejected: str | None, error: AuthorizationError) -> bool:
        """Return whether a token that could not be renewed early is used until its end."""
        token = chain.token
        is_early = not self._is_kept and self._token_client.renews_itself(token)
        is_good = token.access_token != rejected and token.is_fresh(self._clock.time(), 0)
        self._is_kept = is_early and is_good
        if self._is_kept:
            LOG.warning("could not renew the access token, which is used until its end: %s", error)
        return self._is_kept

    @property
    def _gets_tokens(self) -> bool:
        asks = self._token_client.endpoints.known or self._settings.token_exchange is not None
        return self._grant.signs_tokens or (self._grant.requests_tokens and asks)

    def _use_configured(self, rejected: str | None) -> Chain:
        """Return what the configuration holds and nothing can renew."""
        if rejected is not None:
            raise AuthorizationError(self._grant.rejected)
        is_token = self._grant.requests_tokens
        secret = self._settings.access_token if is_token else self._grant.credentials()
        response = {"access_token": secret} if is_token and secret else {}
        return replace(self._connection.new_chain(), token=Token(secret or "", response=response))
