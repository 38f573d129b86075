"""The stored connection: its name, its chains of tokens, and which of them counts.

Each seed has a chain of its own: the tokens that it was renewed to. So has the latest login.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.grants import Grant
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.store import SEPARATOR, Chain
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tap_oauth2_generic.settings.limits import MAX_SPENT_TOKENS


class StoredConnection:
    """Find the chains of a configuration among those in the store, and start new ones."""

    def __init__(
        self,
        settings: OAuth2Settings,
        grant: Grant,
        assertion: AssertionSettings,
        hosts: tuple[str, ...],
        *,
        is_confined: bool = False,
    ) -> None:
        """Find chains by these settings; ``is_confined``: only those of just these settings."""
        self._settings, self._is_confined = settings, is_confined
        self._unattended = grant.unattended
        user = getattr(grant, grant.user_setting, getattr(assertion, grant.user_setting, None))
        default = (_endpoint(settings), settings.client_id, user)
        self.name = settings.connection or " ".join(filter(None, default))
        # Keeps a client's own token apart from a user's consent to the same client.
        self.prefix = f"{self.name} ({grant.grant_type})" if grant.unattended else self.name
        refresh, access = settings.refresh_token, settings.access_token
        # The first one names the chain.
        self._seeds = tuple(self._mark(seed) for seed in (refresh, access) if seed)
        self._seed = self._seeds[0] if self._seeds else ""
        self._issued_for = (_endpoint(settings), settings.client_id or "", *hosts)
        request = (
            grant,
            settings.scopes,
            settings.token_params,
            settings.refresh_params,
            settings.refresh_token_url,
            settings.client_auth,
            settings.client_secret,
            settings.token_exchange,
            assertion,
            self._issued_for[:3],
        )
        encoded = msgspec.json.encode(request, enc_hook=str)
        self._request = hashlib.sha256(encoded).hexdigest()

    def chains(self, stored: Mapping[str, Chain]) -> list[Chain]:
        """Return the chains to continue; the first that works counts.

        Raise AuthorizationError if the connection belongs to another configuration, or if
        nothing says which chain is meant.
        """
        found = self._find(stored)
        if self._seed:
            return self._chains_of_seed(found)
        if self._unattended:
            return self._renewable(_general(found))
        # A login with a seed in its configuration counts for that seed, and without any.
        logins = [chain for chain in found if chain.is_login or not chain.seed]
        alive = [chain for chain in found if not chain.ended]
        if not logins and len(alive) > 1:
            raise AuthorizationError(
                f"connection {self.name!r} has the tokens of {len(alive)} seeds, and nothing says "
                "which to use; put the seed back, or give each account its own name with the "
                "setting connection"
            )
        return logins[-1:] or alive or found[-1:] or [self.new_chain()]

    def new_chain(self) -> Chain:
        """Return the chain that starts with the seed of the configuration."""
        settings = self._settings
        return Chain(
            key=f"{self.prefix}{SEPARATOR}{self._seed or 'login'}",
            token=self.as_stored(Token(settings.access_token or "", settings.refresh_token)),
            seed=self._seed,
            seeds=self._seeds,
            scopes=sorted(settings.scopes),
            connection=self.name,
            issued_for=self._issued_for,
            request=self._request,
        )

    def login_chain(self, stored: Mapping[str, Chain]) -> Chain:
        """Return a new chain, still without a token, in the row that a login replaces."""
        found = self._find(stored)
        replaced = self._own(found) if self._seed else _general(found)
        chain = self.new_chain()
        key = replaced[-1].key if replaced else chain.key
        return replace(chain, key=key, token=NO_TOKEN, is_login=True)

    def as_stored(self, token: Token) -> Token:
        """Return a token as it is stored: to be exchanged, if that is configured."""
        return token.before_exchange() if self._settings.token_exchange else token.own

    def spend(self, chain: Chain, token: str) -> tuple[str, ...]:
        """Return the marks of a chain's spent tokens, last that of one to be sent."""
        others = (mark for mark in chain.spent if mark != self._mark(token))
        return (*others, self._mark(token))[-MAX_SPENT_TOKENS:]

    def bind(self, chain: Chain, **changes: Any) -> Chain:
        """Return a chain, with changes, as one of this configuration."""
        return replace(chain, issued_for=self._issued_for, request=self._request, **changes)

    def has_other_scopes(self, chain: Chain) -> bool:
        """Return whether a person logged in for other scopes than are configured now."""
        is_login = chain.is_login and not self._unattended
        return is_login and sorted(self._settings.scopes) != chain.scopes

    def _chains_of_seed(self, found: list[Chain]) -> list[Chain]:
        """Return the chain of the seed, and the latest login, which may take its place."""
        own, login = self._own(found)[-1:], _general(found)[-1:]
        if self._unattended:
            return self._renewable(own)
        if own and login and (own[0].ended or login[0].started_at > own[0].started_at):
            return login
        return [*map(self._with_seeds, own or [self.new_chain()]), *login]

    def _own(self, found: list[Chain]) -> list[Chain]:
        """Return the chains of the configured seed, oldest first."""
        refresh_token = self._settings.refresh_token
        return [
            chain
            for chain in found
            if self._seed in chain.seeds
            or not {*self._seeds}.isdisjoint(chain.spent)
            or (refresh_token and refresh_token == chain.token.refresh_token)
        ]

    def _mark(self, token: str) -> str:
        """Return a hash by which a token is recognized; nobody can tell the token from it."""
        key = hashlib.sha256(self.prefix.encode()).digest()
        return hmac.new(key, token.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:32]

    def _with_seeds(self, chain: Chain) -> Chain:
        """Return a chain that knows the configured seeds, with an access token new to it."""
        token, access_token = chain.token, self._settings.access_token
        new = tuple(seed for seed in self._seeds if seed not in chain.seeds)
        if access_token and self._seeds[-1] in new and self._mark(access_token) not in chain.spent:
            token = self.as_stored(Token(access_token, token.refresh_token))
        return replace(chain, seeds=(*chain.seeds, *new), token=token)

    def _renewable(self, found: list[Chain]) -> list[Chain]:
        """Return the latest chain, or a new one, without a token of another request."""
        chain = found[-1] if found else self.new_chain()
        return [chain if chain.request == self._request else replace(chain, token=NO_TOKEN)]

    def _find(self, stored: Mapping[str, Chain]) -> list[Chain]:
        """Return all chains by age; raise AuthorizationError if they belong to another."""
        # Another request may have been rejected for a mistake that was corrected meanwhile.
        found = [
            replace(chain, ended=False, token=self.as_stored(chain.token))
            if chain.request != self._request
            else chain
            for chain in stored.values()
        ]
        # Without a name, only the host of a client can differ, and then it gets its own token.
        for chain in found if self._settings.connection or not self._unattended else []:
            url, client, *hosts = chain.issued_for
            mine, client_id, *my_hosts = self._issued_for
            same_host = hosts[0] in my_hosts or my_hosts[0] in hosts
            # What the provider has not issued may be a mistake that was corrected meanwhile.
            if chain.token.response and not ((url, client) == (mine, client_id) and same_host):
                raise AuthorizationError(
                    f"connection {self.name!r} belongs to token URL {url}, client {client!r} and "
                    f"host {hosts[0]}, not to {mine}, {client_id!r} and {my_hosts[0]}; set another "
                    "connection, or remove it with tap-oauth2-generic connections --remove"
                )
        kept = self._confine(found) if self._is_confined else found
        return sorted(kept, key=lambda chain: chain.started_at)

    def _confine(self, found: list[Chain]) -> list[Chain]:
        """Leave out the chains of others; raise AuthorizationError if there is nothing else.

        A chain belongs to those who know its seed, or to a configuration that asks for the same
        token and sends it to no further host.
        """
        own = self._own(found)
        hosts = {*self._issued_for[2:]}
        kept = [
            chain
            for chain in found
            if chain in own or (chain.request == self._request and hosts <= {*chain.issued_for[2:]})
        ]
        if found and not kept and not self._seed and not self._unattended:
            raise AuthorizationError(
                f"the tokens of connection {self.name!r} were issued for other settings or hosts; "
                "start the server with the --config that they belong to"
            )
        return kept


def _general(found: list[Chain]) -> list[Chain]:
    """Return the chains that began without a seed: logins, and grants without a person."""
    return [chain for chain in found if not chain.seed]


def _endpoint(settings: OAuth2Settings) -> str:
    # A query may hold a key.
    exchange = settings.token_exchange.url.text if settings.token_exchange else ""
    return (settings.access_token_url or settings.issuer or exchange).partition("?")[0]
