"""The second request of ``token_exchange``: a token of the provider for one of the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import requests

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.oauth2.settings import ExchangeSettings
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_request import encode, fill
from tap_oauth2_generic.oauth2.token_response import missing_token, read_body, read_token
from tap_oauth2_generic.settings.templates import Scope
from tap_oauth2_generic.settings.values import url


def build_exchange(settings: ExchangeSettings, first: Token, scope: Scope) -> requests.Request:
    """Return the request; raise AuthorizationError if it cannot be built from the first token."""
    scope = {**scope, "token": first.fields}
    address = fill({"url": settings.url}, scope)["url"]
    try:
        address = url(address)
    except ValueError as error:
        raise AuthorizationError(f"token_exchange.url {error}, not {address!r}") from None
    params, headers = fill(settings.params, scope), fill(settings.headers, scope)
    return encode(settings.as_token_request, address, params, headers)


def read_exchange(
    response: requests.Response, settings: ExchangeSettings, first: Token, now: float
) -> Token:
    """Return the API's token, which remembers the first; raise TokenRequestError without one."""
    reading = settings.as_token_request
    body = read_body(response, reading, "token_exchange")
    fields = body if isinstance(body, dict) else {}
    token = read_token(fields, reading, now, None)
    if token is None:
        place = "token_exchange.access_token_path"
        raise missing_token(response, body, settings.access_token_path, place)
    merged = {**first.response, **fields}
    changes: dict[str, Any] = {
        "expires_at": token.expires_at,
        "obtained_at": now,
        "response": merged,
    }
    return replace(first, access_token=token.access_token, first=first, **changes)
