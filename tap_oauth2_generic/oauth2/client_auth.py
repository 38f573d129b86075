"""Client authentication at the token endpoint: one small function for each method.

The names are those of OpenID Connect Core section 9 and RFC 8705. To add a method, add a
function to ``CLIENT_AUTH``: it returns what it adds to a token request, parameters and headers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from tap_oauth2_generic.oauth2.assertion import (
    AssertionSettings,
    RequestContext,
    sign,
    sign_with_secret,
)
from tap_oauth2_generic.runtime.redaction import register

_Proof = tuple[dict[str, str], dict[str, str]]


def _identify(client: RequestContext) -> _Proof:
    """Send the client ID only; a TLS certificate may be the proof (RFC 8705)."""
    return {"client_id": client.client_id}, {}


def _secret_post(client: RequestContext) -> _Proof:
    """Send ID and secret as parameters; a public client has no secret."""
    return {"client_id": client.client_id, "client_secret": client.client_secret}, {}


def _secret_basic(client: RequestContext) -> _Proof:
    """Send both as HTTP Basic, form-encoded first (RFC 6749 section 2.3.1)."""
    return _basic(quote_plus(client.client_id), quote_plus(client.client_secret))


def _secret_basic_raw(client: RequestContext) -> _Proof:
    """Send both as HTTP Basic as they are, as many providers compare them."""
    return _basic(client.client_id, client.client_secret)


def _basic(user: str, password: str) -> _Proof:
    pair = f"{user}:{password}"
    encoded = base64.b64encode(pair.encode()).decode()
    register(encoded)
    return {}, {"Authorization": f"Basic {encoded}"}


def _private_key_jwt(client: RequestContext) -> _Proof:
    """Send an assertion signed with the private key (RFC 7523 section 2.2)."""
    return _assertion(client, sign)


def _client_secret_jwt(client: RequestContext) -> _Proof:
    """Send an assertion signed with the secret, which itself is never sent."""
    return _assertion(client, sign_with_secret)


def _assertion(
    client: RequestContext, sign_claims: Callable[[RequestContext, dict[str, Any]], str]
) -> _Proof:
    client_id, settings = client.client_id or None, client.assertion
    claims = {"iss": client_id, "sub": client_id, "aud": client.audience}
    if not client.signs_grant:
        # Otherwise they are those of the grant's assertion.
        claims |= {"iss": settings.jwt_issuer or client_id, **settings.jwt_claims}
    return {
        "client_id": client.client_id,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": sign_claims(client, claims),
    }, {}


#: The methods that send the client secret.
SECRET_AUTH = ("client_secret_post", "client_secret_basic", "client_secret_basic_raw")
CLIENT_AUTH: dict[str, Callable[[RequestContext], _Proof]] = {
    "client_secret_post": _secret_post,
    "client_secret_basic": _secret_basic,
    "client_secret_basic_raw": _secret_basic_raw,
    "client_secret_jwt": _client_secret_jwt,
    "private_key_jwt": _private_key_jwt,
    "tls_client_auth": _identify,
    "none": _identify,
}


def choose_auth(configured: str | None, assertion: AssertionSettings, *, signs: bool) -> str:
    """Return the method; ``signs``: the grant uses the private key itself."""
    return configured or (
        "private_key_jwt" if assertion.private_key and not signs else SECRET_AUTH[0]
    )


def other_auth(refused: str, assertion: AssertionSettings) -> str:
    """Return the end of a sentence: which methods to try instead of a refused one."""
    others = [name for name in SECRET_AUTH if refused in SECRET_AUTH and name != refused]
    if assertion.private_key and refused != "private_key_jwt":
        others.insert(0, "private_key_jwt, which uses private_key")
    return f"; try client_auth {' or '.join(others)}" if others else ""
