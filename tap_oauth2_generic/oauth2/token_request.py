"""One request to a token endpoint: its placeholders, its encoding, and what no response means.

Knows no grant and no client authentication.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from tap_oauth2_generic.errors import (
    AuthorizationError,
    SettingError,
    TokenLostError,
    TokenRequestError,
)
from tap_oauth2_generic.net import retry
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.token_response import endpoint_name
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.templates import Scope, as_text, fill_values

#: Error code of a request that never reached the endpoint, or of a login without a response.
UNREACHABLE = "unreachable"
_LOST = (
    "the refresh request to {} was sent, but its response was lost ({}); it is never repeated "
    "automatically, because the provider may have used up the refresh token. Run again; if the "
    "provider then returns invalid_grant, log in with tap-oauth2-generic login"
)


def fill(params: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Fill the placeholders; raise AuthorizationError if one has no value."""
    try:
        return {**fill_values(params, scope)}
    except SettingError as error:
        raise AuthorizationError(f"token request: {error}") from None


def encode(
    settings: OAuth2Settings, url: str, params: Mapping[str, Any], headers: Mapping[str, Any]
) -> requests.Request:
    """Build a request with its parameters in the configured place."""
    pairs = [(name, as_text(value)) for name, value in params.items()]
    sent = {"Accept": "application/json", **{n: as_text(value) for n, value in headers.items()}}
    method, encoding = settings.token_request_method, settings.token_request_format
    if encoding == "query" or method == "GET":
        return requests.Request(method, url, params=pairs, headers=sent)
    if encoding == "form":
        return requests.Request(method, url, data=pairs, headers=sent)
    sent = {"Content-Type": "application/json", **sent}
    return requests.Request(method, url, data=encode_json(params), headers=sent)


def send(
    transport: Transport, request: requests.Request, *, once: bool = False
) -> requests.Response:
    """Send a request on a connection of its own.

    If there is no response, raise TokenLostError for a request that may be sent only ``once`` and
    may have been received, else TokenRequestError.
    """
    try:
        return transport.send(request.prepare(), new_connection=True)
    except requests.exceptions.RequestException as error:
        reason = retry.root_cause(error)
        if once and not retry.was_not_sent(error):
            raise TokenLostError(_LOST.format(endpoint_name(request.url), reason)) from None
        raise TokenRequestError(
            f"could not obtain an access token: {endpoint_name(request.url)} is unreachable: "
            f"{reason}",
            UNREACHABLE,
            is_transient=True,
        ) from None
