"""Renew a chain while its lock is held: spend its refresh token once, store the new one.

Decides neither when to renew nor which chain counts.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from tap_oauth2_generic.errors import (
    AuthorizationError,
    LoginNeededError,
    TokenRequestError,
    TokenStoreError,
)
from tap_oauth2_generic.oauth2.connection import StoredConnection
from tap_oauth2_generic.oauth2.grants import Grant
from tap_oauth2_generic.oauth2.store import Chain, TokenStore
from tap_oauth2_generic.oauth2.store_lock import RowLock
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.timestamps import format_epoch

_LOG_IN = (
    "log in with `tap-oauth2-generic login` and the same configuration (in a Meltano project: "
    "meltano invoke tap-oauth2-generic:login), or set refresh_token to a newly obtained one"
)
# RFC 6749 section 5.2, and the words of Zoho, Slack, and GitHub and HubSpot.
_SPENT = frozenset({"invalid_grant", "invalid_code", "invalid_refresh_token", "bad_refresh_token"})
_SECONDS_BEFORE_ANOTHER_WRITE = 1


@dataclass(eq=False, repr=False)
class Renewal:
    """Renew the chains of one connection; one refresh at a time."""

    _connection: StoredConnection
    _store: TokenStore
    _grant: Grant
    _token_client: TokenClient
    _clock: Clock
    _running: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def close(self) -> None:
        """Wait for a running refresh, whose token would be lost; allow no other."""
        self._closed = True
        with self._running:
            return

    def is_possible(self, chain: Chain) -> bool:
        """Return whether a chain can be renewed without a person."""
        return self._may_renew(chain) or self._may_exchange(chain)

    def exchange(self, chain: Chain) -> Chain:
        """Exchange the first token of a chain for that of the API, if configured; commit it."""
        if (first := chain.token.first) is None:
            return chain
        token = self._token_client.exchange(first)
        return self._store_twice(self._connection.bind(chain, token=token))

    def _may_renew(self, chain: Chain) -> bool:
        return self._grant.unattended or self._secret(chain) is not None

    def _may_exchange(self, chain: Chain) -> bool:
        first = chain.token.first
        return first is not None and first.is_fresh(self._clock.time(), 0)

    def renew(self, lock: RowLock, chain: Chain) -> Chain:
        """Get a new token and commit it before anything uses it.

        Raise LoginNeededError, and end the chain, if the provider rejects its refresh token.
        """
        if self._may_exchange(chain):
            try:
                return self.exchange(chain)
            except TokenRequestError as error:
                if error.code != "invalid_token" or not self._may_renew(chain):
                    raise
        return self.exchange(self._renew_own(lock, chain))

    def _renew_own(self, lock: RowLock, chain: Chain) -> Chain:
        """Renew the token of the provider and commit it."""
        if (secret := self._secret(chain)) is not None:
            now, interrupted_at = self._clock.time(), chain.refresh_started_at
            chain = self._connection.bind(
                chain,
                refresh_started_at=now,
                started_at=chain.started_at or now,
                spent=self._connection.spend(chain, secret),
            )
            # Committed before the request: proves that its response can be stored, and lets a
            # later run recognize that this one was interrupted.
            self._store.begin_refresh(lock, chain)
            # A signal in the middle would lose a token that the provider has already issued.
            with self._running, uninterrupted:
                if self._closed:
                    raise AuthorizationError("the run is ending; no token was requested")
                token = self._refresh(chain, interrupted_at)
                lock.release_space()
                return self._commit(chain, token)
        grant = self._grant
        token = self._token_client.fetch_token(grant.fields, grant.grant_type, chain.token)
        return self._commit(chain, token)

    def login_needed(self, chain: Chain, rejected: str | None = None) -> LoginNeededError:
        """Return the error of a connection that only a person can renew."""
        state = "no token"
        if chain.token != NO_TOKEN:
            is_rejected = chain.token.access_token == rejected
            found = (
                "an access token that the API rejected"
                if is_rejected
                else "an expired access token"
            )
            state = f"{found} and no refresh token"
            if chain.ended:
                state = "a refresh token that the provider has rejected, so it is not sent again"
        name = self._connection.name
        return LoginNeededError(f"connection {name!r} has {state}; {_LOG_IN}")

    def _secret(self, chain: Chain) -> str | None:
        can_refresh = self._grant.refreshes and not chain.ended
        return self._token_client.renewal_secret(chain.token) if can_refresh else None

    def _refresh(self, chain: Chain, interrupted_at: float | None) -> Token:
        """Refresh once; end the chain if its refresh token is rejected."""
        try:
            return self._token_client.refresh(chain.token)
        except TokenRequestError as error:
            if error.code not in _SPENT:
                if error.code:
                    # The provider refused, or never heard of it: no refresh is pending. An error
                    # without a standard code may come from a gateway, after the provider acted.
                    self._store.write(replace(chain, refresh_started_at=None))
                raise
            self._end(chain)
            message = f"{error}; the connection was revoked or its refresh token was already used"
            if interrupted_at is not None:
                message += (
                    f"; a refresh at {format_epoch(interrupted_at)} was interrupted before its "
                    "response was stored, so the provider may have issued a token that was lost"
                )
            raise LoginNeededError(f"{message}; {_LOG_IN}", error.code) from None

    def _end(self, chain: Chain) -> None:
        """Remember that a chain is dead, unless another process has renewed it meanwhile.

        That happens where the store's locks do not reach, such as on a shared file system.
        """
        stored = self._store.read(self._connection.prefix).get(chain.key, chain)
        if self._token_client.renewal_secret(stored.token) == self._secret(chain):
            self._store.write(replace(chain, ended=True))

    def _commit(self, chain: Chain, token: Token) -> Chain:
        """Store a token known only here."""
        now, renewals = self._clock.time(), chain.renewals + (chain.token != NO_TOKEN)
        # Only a login has a redirect.
        token = replace(token, redirect=chain.token.redirect)
        renewed = self._connection.bind(
            chain,
            token=self._connection.as_stored(token),
            started_at=chain.started_at or now,
            refresh_started_at=None,
            ended=False,
            renewals=renewals,
            renewed_at=now if renewals else None,
        )
        return self._store_twice(renewed)

    def _store_twice(self, chain: Chain) -> Chain:
        """Store a chain; try once more if the store is away for a moment."""
        try:
            self._store.write(chain)
        except TokenStoreError:
            self._clock.sleep(_SECONDS_BEFORE_ANOTHER_WRITE)
            self._store.write(chain)
        return chain
