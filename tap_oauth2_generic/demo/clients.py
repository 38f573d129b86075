"""The registered clients, the one user, and how each authenticates. No grant or token here."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from tap_oauth2_generic.demo.http_messages import Problem, Request, invalid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"
PUBLIC_CLIENT_ID = "demo-public"
USERNAME = "demo"
PASSWORD = "demo-password"

_LOOPBACK_URI = re.compile(
    r"http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?"
    r"(/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)?"
)


@dataclass(frozen=True)
class Client:
    """A registered client; one without a secret is public and must use PKCE."""

    client_id: str
    title: str
    secret: str | None = field(repr=False)
    grants: frozenset[str] | None = None
    """Grants it may use; None for all."""

    def may_use(self, grant_type: str) -> bool:
        """Check that this client may use a grant."""
        return self.grants is None or grant_type in self.grants


CLIENTS = {
    client.client_id: client
    for client in (
        Client(CLIENT_ID, "Demo client", CLIENT_SECRET),
        Client(
            PUBLIC_CLIENT_ID,
            "Demo public client",
            None,
            frozenset({"authorization_code", "refresh_token"}),
        ),
    )
}


def authenticate_client(request: Request, form: Mapping[str, str]) -> Client:
    """Return the client that sent a token request (RFC 6749 section 2.3).

    Raises:
        Problem: ``invalid_client`` (401), or ``invalid_request`` for two methods at once.
    """
    header = request.headers.get("authorization")
    if header is not None and "client_secret" in form:
        raise invalid_request(
            "the client authenticates twice; send either the header or client_secret"
        )
    if header is None:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    else:
        client_id, secret = _basic_credentials(header)
        if form.get("client_id", client_id) != client_id:
            raise invalid_request("client_id differs from the one in the Authorization header")
    client = CLIENTS.get(client_id)
    # A public client has no secret, so only an empty one is right.
    if client is None or not same(secret, client.secret or ""):
        raise _invalid_client("the client is unknown or its secret is wrong")
    return client


def right_password(username: str, password: str) -> bool:
    """Check the credentials of the demo user in constant time."""
    return same(username, USERNAME) & same(password, PASSWORD)


def allowed_redirect(uri: str) -> bool:
    """Check for a loopback redirect URI of any port and path (RFC 8252 section 7.3)."""
    return _LOOPBACK_URI.fullmatch(uri) is not None


def same(one: str, other: str) -> bool:
    """Compare two strings in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _basic_credentials(header: str) -> tuple[str, str]:
    """Parse HTTP Basic credentials, URL-decoded (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode().split(":", 1)
        client_id, secret = (unquote_plus(part, errors="strict") for part in pair)
    except ValueError:
        raise _invalid_client("the Authorization header has no valid Basic credentials") from None
    if scheme.lower() != "basic":
        raise _invalid_client("the Authorization header must use the Basic scheme")
    return client_id, secret


def _invalid_client(description: str) -> Problem:
    challenge = (("WWW-Authenticate", 'Basic realm="demo"'),)
    return Problem(401, "invalid_client", description, challenge)
