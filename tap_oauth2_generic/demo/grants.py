"""The token endpoint and its grants (RFC 6749): one function each, listed in ``GRANTS``.

To add a grant, write one function and list it. No page lives here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo.clients import authenticate_client, right_password, same
from tap_oauth2_generic.demo.http_messages import (
    Problem,
    Request,
    Response,
    invalid_request,
    json_response,
)
from tap_oauth2_generic.demo.issued_tokens import Family, IssuedTokens, Tokens, invalid_grant
from tap_oauth2_generic.demo.params import oauth_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oauth2_generic.demo.clients import Client

SCOPES = "read write"
DEFAULT_SCOPE = "read"

_CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True)
class TokenRequest:
    """A token request of an authenticated client."""

    client: Client
    form: Mapping[str, str]
    issued: IssuedTokens

    def require(self, name: str) -> str:
        """Return a field of the form; raises ``invalid_request`` if it is missing."""
        try:
            return self.form[name]
        except KeyError:
            raise invalid_request(f"{name} is missing") from None

    def scope(self, allowed: str = SCOPES, default: str = DEFAULT_SCOPE) -> str:
        """Return the requested scope, space-separated, or ``default``."""
        return granted_scope(self.form.get("scope", default), allowed)


Grant = Callable[[TokenRequest], Tokens]


def token_endpoint(issued: IssuedTokens, request: Request) -> Response:
    """Respond to ``POST /oauth/token``.

    Raises:
        Problem: one of the errors of RFC 6749 section 5.2.
    """
    if request.media_type() != "application/x-www-form-urlencoded":
        raise invalid_request("the request must be application/x-www-form-urlencoded")
    form = oauth_fields(request.body)
    client = authenticate_client(request, form)
    token_request = TokenRequest(client, form, issued)
    grant_type = token_request.require("grant_type")
    if grant_type not in GRANTS:
        raise Problem(400, "unsupported_grant_type", f"use one of {', '.join(GRANTS)}")
    if not client.may_use(grant_type):
        raise Problem(400, "unauthorized_client", "this client may not use this grant")
    return _token_response(GRANTS[grant_type](token_request))


def granted_scope(requested: str, allowed: str) -> str:
    """Return ``requested``, a subset of ``allowed``; raises ``invalid_scope``."""
    if not set(requested.split()) <= set(allowed.split()):
        raise Problem(400, "invalid_scope", f"scope must be among: {allowed}")
    return " ".join(requested.split())


def _client_credentials(request: TokenRequest) -> Tokens:
    client_id = request.client.client_id
    return request.issued.issue(Family(client_id, client_id, request.scope()), refreshable=False)


def _password(request: TokenRequest) -> Tokens:
    username, password = request.require("username"), request.require("password")
    if not right_password(username, password):
        raise invalid_grant("the user name or the password is wrong")
    family = Family(request.client.client_id, username, request.scope())
    return request.issued.issue(family, refreshable=True)


def _authorization_code(request: TokenRequest) -> Tokens:
    code = request.issued.take_code(request.require("code"))
    if code.family.client_id != request.client.client_id:
        raise invalid_grant("the authorization code was issued to another client")
    if code.redirect_uri != request.require("redirect_uri"):
        raise invalid_grant("redirect_uri differs from the one of the authorization request")
    if not _is_verifier_valid(code.code_challenge, request.form.get("code_verifier", "")):
        raise invalid_grant("code_verifier does not match the code_challenge")
    return request.issued.issue(code.family, refreshable=True)


def _refresh_token(request: TokenRequest) -> Tokens:
    return request.issued.rotate(
        request.require("refresh_token"),
        request.client.client_id,
        lambda consented: request.scope(allowed=consented, default=consented),
    )


GRANTS: dict[str, Grant] = {
    "authorization_code": _authorization_code,
    "client_credentials": _client_credentials,
    "password": _password,
    "refresh_token": _refresh_token,
}


def _is_verifier_valid(challenge: str, verifier: str) -> bool:
    """Check PKCE (RFC 7636 section 4.6); a verifier without a challenge is a downgrade attack."""
    if not challenge:
        return not verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return _CODE_VERIFIER.fullmatch(verifier) is not None and same(challenge, expected)


def _token_response(tokens: Tokens) -> Response:
    body = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": int(tokens.expires_in),
        "scope": tokens.scope,
    }
    if tokens.refresh_token:
        body["refresh_token"] = tokens.refresh_token
    return json_response(body, headers=(("Cache-Control", "no-store"), ("Pragma", "no-cache")))
