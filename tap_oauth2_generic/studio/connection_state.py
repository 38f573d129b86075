"""The state of a connection as it is stored, and what a person can do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.cli.connections import describe, judge, remove_connection, validity
from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.masked_json import mask
from tap_oauth2_generic.runtime.redaction import printable
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.runtime.timestamps import format_epoch
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.studio.raw_request import send_raw
from tap_oauth2_generic.studio.sessions import EXCHANGES, open_session, sentence

_REJECTED, _FORBIDDEN = 401, 403


@dataclass(frozen=True)
class ConnectionState:
    """What is known of a connection without a request; ``kind`` is its one word."""

    kind: str
    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    exchange: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_connected(self) -> bool:
        """Whether a sync needs no login before it."""
        return self.kind in {"linked", "renewable"}


@dataclass(frozen=True)
class Check:
    """What the API said of the token when it was used once."""

    said: str
    works: bool
    at: str


def read_state(config: Config, last: Check | None = None) -> ConnectionState:
    """Return the state of the connection of a configuration and its last check; send nothing."""
    if not config.grant.requests_tokens:
        return ConnectionState("linked", "No login needed: this grant requests no token")
    with open_session(config) as session:
        exchange = EXCHANGES.get(session.authenticator.connection, {})
        try:
            chain = session.authenticator.stored_chain()
        except TapError as error:
            return ConnectionState("unusable", sentence(error), exchange=exchange)
        if chain is None:
            return ConnectionState("none", "Not connected", exchange=exchange)
        shown, now = describe(chain), session.clock.time()
        seconds = None if chain.token.expires_at is None else chain.token.expires_at - now
        renews = shown["refresh_token"] or config.grant.unattended
        kind, title = judge(seconds, renews=renews, ended=chain.ended)
        if kind == "linked" and last and not last.works:
            kind, title = "refused", f"{title}, but the last check failed"
        facts = {
            "Connection": printable(shown["name"]),
            "Access token": validity(seconds),
            "Refresh token": "stored" if shown["refresh_token"] else "none",
            "Renewed": _renewals(shown),
            "Scopes": printable(" ".join(shown["scopes"])) or "none",
        }
        if last:
            facts["Last check"] = f"at {last.at}: {last.said}"
        stored = {"response": {"body": mask(dict(chain.token.response))}}
        return ConnectionState(kind, title, facts, exchange or stored)


def check(config: Config, definition: Mapping[str, Any]) -> Check:
    """Use the connection once; return what the API says of its token."""
    raw = send_raw(config, definition)
    at = format_epoch(Clock().time()) or ""
    if raw.status is None:
        return Check(f"could not be checked: {raw.error}", works=False, at=at)
    where = f"{raw.request['method']} {raw.request['url']} returned status {raw.status}"
    if raw.status == _REJECTED:
        return Check(f"the API rejected the token: {where}; {raw.error}", works=False, at=at)
    if raw.status == _FORBIDDEN:
        # Of a token without the scope, a user without the right, or a token that it does not know.
        return Check(
            f"the API forbids this token the request: {raw.error or where}", works=False, at=at
        )
    return Check(f"the API accepted the token: {where}", works=True, at=at)


def renew(config: Config) -> str:
    """Renew the token now; raise TapError."""
    with open_session(config) as session:
        if session.authenticator.renew_stored():
            return "the access token was renewed"
        return "nothing can renew this access token, which is still valid"


def disconnect(config: Config) -> str:
    """Remove the stored tokens of the connection; raise TapError."""
    with open_session(config) as session:
        name = session.authenticator.connection
        remove_connection(_store(session), name)
        return f"connection {name!r} was removed from the token store"


def _store(session: Session) -> TokenStore:
    oauth2 = session.config.oauth2
    return TokenStore(oauth2.token_store, oauth2.token_store_key)


def _renewals(shown: Mapping[str, Any]) -> str:
    last = f", last at {shown['renewed_at']}" if shown["renewed_at"] else ""
    return plural(shown["renewals"], "time") + last
