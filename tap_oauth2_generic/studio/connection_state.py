"""The state of a connection as it is stored, and what a person can do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.cli.connections import describe, remove_connection
from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.runtime.masked_json import mask
from tap_oauth2_generic.runtime.redaction import printable
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.studio.raw_request import send_raw
from tap_oauth2_generic.studio.sessions import open_session, sentence

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True)
class ConnectionState:
    """What is known of a connection without a request; ``kind`` is its one word."""

    kind: str
    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    response: Any = None


def read_state(config: Config) -> ConnectionState:
    """Return the state of the connection of a configuration; send nothing."""
    if not config.grant.requests_tokens:
        return ConnectionState("linked", "No login needed: this grant requests no token")
    with open_session(config) as session:
        try:
            chain = session.authenticator.stored_chain()
        except TapError as error:
            return ConnectionState("unusable", sentence(error))
        if chain is None:
            return ConnectionState("none", "Not connected")
        shown, now = describe(chain), session.clock.time()
        seconds = None if chain.token.expires_at is None else chain.token.expires_at - now
        renews = shown["refresh_token"] or config.grant.unattended
        kind, title = _judge(seconds, renews=renews, ended=chain.ended)
        facts = {
            "Connection": printable(shown["name"]),
            "Access token": _validity(seconds),
            "Refresh token": "stored" if shown["refresh_token"] else "none",
            "Renewed": _renewals(shown),
            "Scopes": printable(" ".join(shown["scopes"])) or "none",
        }
        return ConnectionState(kind, title, facts, mask(dict(chain.token.response)))


def check(config: Config, definition: Mapping[str, Any]) -> str:
    """Use the connection once; return what the API says of its token."""
    raw = send_raw(config, definition)
    if raw.status is None:
        return f"could not be checked: {raw.error}"
    where = f"{raw.request['method']} {raw.request['url']} returned status {raw.status}"
    if raw.status in _REFUSED:
        return f"the API refused the token: {raw.error or where}"
    return f"the API accepted the token: {where}"


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


def _judge(seconds: float | None, *, renews: bool, ended: bool) -> tuple[str, str]:
    if ended:
        return "ended", "Connection revoked: the provider rejected the refresh token; log in again"
    if seconds is None or seconds > 0:
        return "linked", f"Connected, {_validity(seconds)}"
    if renews:
        return "renewable", "Connected; the access token has expired and is renewed when it is used"
    return "expired", "Connection expired, and there is no refresh token; log in again"


def _validity(seconds: float | None) -> str:
    if seconds is None:
        return "valid for an unknown time"
    if seconds <= 0:
        return f"expired {_span(-seconds)} ago"
    return f"valid for {_span(seconds)}"


def _span(seconds: float) -> str:
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        # Two of a unit at least, so that little is rounded away.
        if seconds >= 2 * unit:
            return plural(int(seconds // unit), name)
    return plural(int(seconds), "second")


def _renewals(shown: Mapping[str, Any]) -> str:
    last = f", last at {shown['renewed_at']}" if shown["renewed_at"] else ""
    return plural(shown["renewals"], "time") + last
