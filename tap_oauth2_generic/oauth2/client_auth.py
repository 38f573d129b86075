"""How the client proves itself at the token endpoint: a table of small functions.

The names are those of OpenID Connect Core section 9 and RFC 8705; a new way is a new entry.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Client:
    """Who proves itself; ``assertion`` signs a JWT that says so (RFC 7523 section 2.2)."""

    client_id: str
    client_secret: str = field(repr=False)
    assertion: Callable[[], str] = field(repr=False)


@dataclass
class Proof:
    """What a way of client authentication adds to a token request."""

    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _named(client: Client) -> dict[str, str]:
    return {"client_id": client.client_id} if client.client_id else {}


def _post(client: Client) -> Proof:
    """Send both as parameters; a public client has no secret (RFC 6749 section 2.3.1)."""
    secret = {"client_secret": client.client_secret} if client.client_secret else {}
    return Proof(_named(client) | secret)


def _basic(client: Client) -> Proof:
    """Send both as HTTP Basic, form-encoded first as RFC 6749 section 2.3.1 asks."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}".encode()
    return Proof(headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


def _private_key_jwt(client: Client) -> Proof:
    """Send a signed assertion instead of a secret (RFC 7523 section 2.2)."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = {"client_assertion_type": kind, "client_assertion": client.assertion()}
    return Proof(_named(client) | assertion)


def _only_named(client: Client) -> Proof:
    """Name the client; a TLS client certificate, or nothing, is the proof (RFC 8705 section 2)."""
    return Proof(_named(client))


#: The ways that send the client's secret.
SECRET_AUTH = ("client_secret_post", "client_secret_basic")
CLIENT_AUTH: dict[str, Callable[[Client], Proof]] = {
    "client_secret_post": _post,
    "client_secret_basic": _basic,
    "private_key_jwt": _private_key_jwt,
    "tls_client_auth": _only_named,
    "none": _only_named,
}
