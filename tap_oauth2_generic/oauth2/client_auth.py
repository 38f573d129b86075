"""Client authentication at the token endpoint: one small function for each method.

The names are those of OpenID Connect Core section 9 and RFC 8705. To add a method, add a
function to ``CLIENT_AUTH``.
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
    """The client to authenticate; ``create_assertion`` signs a JWT (RFC 7523 section 2.2)."""

    client_id: str
    client_secret: str = field(repr=False)
    create_assertion: Callable[[], str] = field(repr=False)


@dataclass
class Proof:
    """What a method adds to a token request."""

    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _identify(client: Client) -> Proof:
    """Send the client ID only; a TLS certificate may be the proof (RFC 8705)."""
    return Proof({"client_id": client.client_id} if client.client_id else {})


def _secret_post(client: Client) -> Proof:
    """Send ID and secret as parameters; a public client has no secret."""
    secret = {"client_secret": client.client_secret} if client.client_secret else {}
    return Proof(_identify(client).params | secret)


def _secret_basic(client: Client) -> Proof:
    """Send both as HTTP Basic, form-encoded first (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}".encode()
    return Proof(headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


def _private_key_jwt(client: Client) -> Proof:
    """Send a signed assertion instead of a secret (RFC 7523 section 2.2)."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = {"client_assertion_type": kind, "client_assertion": client.create_assertion()}
    return Proof(_identify(client).params | assertion)


#: The methods that send the client secret.
SECRET_AUTH = ("client_secret_post", "client_secret_basic")
CLIENT_AUTH: dict[str, Callable[[Client], Proof]] = {
    "client_secret_post": _secret_post,
    "client_secret_basic": _secret_basic,
    "private_key_jwt": _private_key_jwt,
    "tls_client_auth": _identify,
    "none": _identify,
}
