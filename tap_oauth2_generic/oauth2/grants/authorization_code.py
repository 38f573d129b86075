"""Grant ``authorization_code``: a person consents once, the refresh token keeps it alive.

RFC 6749 section 4.1 with PKCE (RFC 7636). A configured refresh token replaces the login.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.oauth2.authorization import authorization_url, create_code_challenge
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.grants.base import Grant, LoginUI
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.runtime.redaction import mask_tokens, redact, register
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, TEMPLATES, URL, object_of
from tap_oauth2_generic.settings.fields import near_choice, setting
from tap_oauth2_generic.settings.values import text

# The state keeps its name: by it the login knows its own redirect.
_RENAMED = (
    "client_id",
    "redirect_uri",
    "scope",
    "response_type",
    "code_challenge",
    "code_challenge_method",
)


class AuthorizationCode(Grant):
    """A token for a user who logs in once in a browser."""

    grant_type = "authorization_code"
    aliases = ("refresh_token",)
    needs = (
        "`authorize_url`, `access_token_url`, `client_id`, and a login; or `access_token_url`, "
        "`client_id` and a `refresh_token` obtained elsewhere"
    )
    unattended = False

    authorize_url: str | None = setting(URL, "Where a person logs in and consents.")
    authorize_params: dict[str, Any] = setting(
        TEMPLATES, "Extra parameters of the authorize redirect; null removes one.", default={}
    )
    authorize_param_names: dict[str, str] = setting(
        object_of(text, {"type": "string"}),
        "What the authorize redirect calls its standard parameters, such as `client_id`.",
        default={},
    )
    code_param: str = setting(NAME, "What the login's redirect calls the code.", default="code")
    pkce: bool = setting(BOOLEAN, "Send an S256 code challenge with the login.", default=True)
    redirect_uri: str = setting(
        URL,
        "Where the provider redirects the browser after the login. The login command listens on a "
        "loopback address; for any other you paste the redirected address.",
        default="http://127.0.0.1:8400/callback",
    )

    def login(self, ui: LoginUI, client: TokenClient) -> Token:
        """Send a person to the provider, and exchange the code of the redirect."""
        state = secrets.token_urlsafe(32)
        params: dict[str, Any] = {"redirect_uri": self.redirect_uri}
        proof: dict[str, str] = {}
        if self.pkce:
            verifier, challenge = create_code_challenge()
            params |= {"code_challenge": challenge, "code_challenge_method": "S256"}
            proof = {"code_verifier": verifier}
        register(state, *proof.values())
        params |= {**client.fill(self.authorize_params), "state": state}
        endpoint = client.endpoints.resolve("authorize_url")
        url = authorization_url(
            endpoint, client.client_id, client.scope, params, self.authorize_param_names
        )
        redirect = ui.wait_for_redirect(url, self.redirect_uri)
        code = _read_code(redirect, state, client.endpoints, self.code_param)
        fields = {"grant_type": self.grant_type, "code": code, "redirect_uri": self.redirect_uri}
        token = client.redeem_code({**fields, **proof}, self.grant_type)
        kept = redirect.keys() - {"state", "iss", self.code_param}
        return replace(token, redirect={name: redirect[name] for name in kept})

    def contradictions(self) -> list[str]:
        """Return the names of parameters that the redirect has not, a sentence each."""
        return [
            f"authorize_param_names: the redirect has no {name!r} to rename"
            f"{near_choice(name, _RENAMED)}"
            for name in self.authorize_param_names
            if name not in _RENAMED
        ]


def _read_code(params: Mapping[str, str], state: str, endpoints: Endpoints, name: str) -> str:
    """Return a redirect's code, after checking its state and issuer."""
    if not hmac.compare_digest(params.get("state", "").encode(), state.encode()):
        raise AuthorizationError(
            "the redirect has the state of another login, so its code was not used; run the login "
            "again and open its newest address"
        )
    if params.get("iss"):
        endpoints.check_issuer(params["iss"])
    error = params.get("error")
    if error == "access_denied":
        raise AuthorizationError(
            "the login was denied: the user did not consent; run the login again"
        )
    if error:
        said = redact(": ".join(filter(None, (error, params.get("error_description")))))
        reason = mask_tokens(said)
        raise AuthorizationError(f"the provider rejected the login ({reason[:200]})")
    code = params.get(name, "")
    if not code:
        raise AuthorizationError(
            f"the redirect has neither a parameter {name} nor an error; run the login again"
        )
    register(code)
    return code
