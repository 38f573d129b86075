"""The command ``tap-oauth2-generic connections``: list, check and remove stored connections.

Shows no secret: neither a token nor the fingerprint of one.
"""

from __future__ import annotations

import json
from typing import Any

import click

from tap_oauth2_generic.cli.preview import preview
from tap_oauth2_generic.errors import AuthorizationError, InputError
from tap_oauth2_generic.oauth2.grants import grants
from tap_oauth2_generic.oauth2.store import SEPARATOR, Chain, TokenStore
from tap_oauth2_generic.runtime.redaction import printable
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.runtime.timestamps import format_epoch
from tap_oauth2_generic.tap import TapOAuth2Generic

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def describe(chain: Chain) -> dict[str, Any]:
    """Return what is shown of a chain of tokens, as JSON-like data."""
    url, client, *_ = chain.issued_for
    return {
        "name": chain.connection,
        "token_url": url or None,
        "client_id": client or None,
        "scopes": chain.scopes,
        "valid_until": format_epoch(chain.token.expires_at),
        "refresh_token": bool(chain.token.refresh_token) and not chain.ended,
        "renewals": chain.renewals,
        "renewed_at": format_epoch(chain.renewed_at),
    }


def judge(seconds: float | None, *, renews: bool, ended: bool) -> tuple[str, str]:
    """Return the state of a connection, whose token ends in ``seconds``: a word, a sentence."""
    if ended:
        return "ended", "Connection revoked: the provider rejected the refresh token; log in again"
    if seconds is None or seconds > 0:
        return "linked", f"Connected, {validity(seconds)}"
    if renews:
        return "renewable", "Connected; the access token has expired and is renewed when it is used"
    return "expired", "Connection expired, and there is no refresh token; log in again"


def validity(seconds: float | None) -> str:
    """Return how long a token is valid, in words."""
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


def _name(row: str) -> str:
    """Return the name of a connection, without the grant of a client's own token."""
    name = row.partition(SEPARATOR)[0]
    endings = (f" ({grant})" for grant in grants())
    return name.removesuffix(next(filter(name.endswith, endings), ""))


def remove_connection(store: TokenStore, name: str) -> None:
    """Remove all chains of a connection, whatever key encrypts them."""
    rows = {row: _name(row) for row in store.names()}
    found = [row for row, shown in rows.items() if name == shown]
    if not found:
        there = ", ".join(map(repr, sorted(set(rows.values())))) or "none"
        raise InputError(f"there is no connection {name!r} in the token store; there are: {there}")
    for row in found:
        store.remove(row)


def _check(config: dict[str, Any]) -> str:
    """Renew the connection, or use it once; return what was done. Raises TapError."""
    tap = TapOAuth2Generic(config=config, setup_mapper=False)
    authenticator = tap.session.authenticator
    if authenticator.renew_stored():
        return f"connection {authenticator.connection!r} was renewed"
    stream: Any = next(iter(tap.streams.values()))
    report = preview(stream, 1)
    if not report["pages"]:
        raise AuthorizationError(
            f"connection {authenticator.connection!r} does not work: {report['error']}"
        )
    return f"connection {authenticator.connection!r} was used for stream {stream.name!r}"


def _show(shown: dict[str, Any]) -> None:
    times = f"renewed {plural(shown['renewals'], 'time')}"
    if shown["renewed_at"]:
        times += f", last at {shown['renewed_at']}"
    lines = [
        shown["name"],
        f"token URL {shown['token_url'] or 'unknown'}, client {shown['client_id'] or 'unknown'}",
        f"scopes: {' '.join(shown['scopes']) or 'none'}",
        f"access token valid until {shown['valid_until'] or 'an unknown time'}",
        f"{'a' if shown['refresh_token'] else 'no'} refresh token, {times}",
    ]
    click.echo(printable("\n  ".join(lines)))


def _store(raw: dict[str, Any]) -> TokenStore:
    oauth2 = TapOAuth2Generic.parse_configuration(raw).oauth2
    return TokenStore(oauth2.token_store, oauth2.token_store_key)


def _change_key(raw: dict[str, Any], key_file: str) -> dict[str, Any]:
    """Encrypt all connections with the key in a file; return the configuration with it."""
    if not key_file:
        raise InputError("--new-key-file is empty; name the file that holds the new key")
    others = {name: value for name, value in raw.items() if name != "token_store_key"}
    changed = {**others, "token_store_key_file": key_file}
    new_key = TapOAuth2Generic.parse_configuration(changed).oauth2.token_store_key
    number = _store(raw).change_key(new_key)
    click.echo(f"{plural(number, 'connection')} now encrypted with the new key", err=True)
    return changed


def run(
    paths: tuple[str, ...],
    remove: str | None,
    new_key_file: str | None,
    *,
    as_json: bool,
    checks: bool,
) -> None:
    """Run the command ``connections``."""
    raw = TapOAuth2Generic.merge_configuration(paths)
    if new_key_file is not None:
        raw = _change_key(raw, new_key_file)
    store = _store(raw)
    done = []
    if remove is not None:
        remove_connection(store, remove)
        done.append(f"connection {remove!r} was removed")
    if checks:
        done.append(_check(raw))
    found = [describe(chain) for chain in store.read_all()]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in done:
        click.echo(printable(line))
    for shown in found:
        _show(shown)
    if not found:
        click.echo("the token store holds no connection")
