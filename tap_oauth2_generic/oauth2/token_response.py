"""Read a token endpoint's response: a token, or the error it means (RFC 6749 section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tap_oauth2_generic.errors import TokenRequestError
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.runtime.masked_json import mask, mask_headers
from tap_oauth2_generic.runtime.redaction import MASK, mask_tokens, redact, register
from tap_oauth2_generic.runtime.timestamps import epoch_seconds, read_epoch, read_number
from tap_oauth2_generic.settings.paths import Path

_OK = range(200, 300)
_NO_ENDPOINT = {404, 405}
_MAX_EXCERPT = 200
# RFC 6750 section 2.1; no word of a sentence is that long.
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9._~+/=-]{16,}")
# RFC 6749 appendix A.12, without the space of a sentence.
_VISIBLE = re.compile("[!-~]+")
# What to check, by the error codes of RFC 6749 section 5.2.
_ADVICE = {
    "invalid_scope": "check scopes and scope_separator",
    "unauthorized_client": "the provider does not allow this grant to this client",
    "unsupported_grant_type": "check grant_type and access_token_url",
    "invalid_request": "compare token_params, token_request_format and client_auth with the "
    "provider's documentation",
}


def read_token(
    body: Mapping[str, Any], settings: OAuth2Settings, now: float, previous: str | None
) -> Token | None:
    """Return the token in a decoded response, None if it has no access token.

    ``previous`` is the refresh token in use: a provider that does not rotate sends none.
    """
    access_token = settings.access_token_path.find(body)
    if not isinstance(access_token, str) or not access_token:
        return None
    rotated = settings.refresh_token_path.find(body)
    refresh_token = rotated if isinstance(rotated, str) and rotated else previous
    return Token(access_token, refresh_token, _expiry(body, settings, now), now, body)


def read_body(response: requests.Response, settings: OAuth2Settings, request_name: str) -> Any:
    """Decode a response; raise TokenRequestError for one that is an error."""
    body = _decode(response)
    fields = body if isinstance(body, dict) else {}
    found = settings.access_token_path.find(fields)
    register(found, settings.refresh_token_path.find(fields))
    code, description = _error_of(fields)
    if response.status_code in _OK and (not code or (isinstance(found, str) and found)):
        return body
    excerpt = _TOKEN_LIKE.sub(MASK, " ".join(response.text.split()))
    reason = mask_tokens(redact(": ".join(filter(None, (code, description))))) or excerpt
    message = (
        f"token endpoint {endpoint_name(response.url)} rejected the {request_name} request with "
        f"status {response.status_code} ({redact(reason)[:_MAX_EXCERPT] or 'empty response'})"
    )
    if response.is_redirect:
        message += "; token requests follow no redirects: set access_token_url to the new address"
    if advice := _ADVICE.get(code):
        message += f"; {advice}"
    elif response.status_code in _NO_ENDPOINT:
        message += "; check that URL in the configuration"
    raise TokenRequestError(message, code)


def describe_exchange(response: requests.Response) -> dict[str, Any]:
    """Return a token request and its response as a person may see them, masked."""
    request, found = response.request, _decode(response)
    sent = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    is_form = "form" in request.headers.get("Content-Type", "")
    text = _TOKEN_LIKE.sub(MASK, " ".join(response.text.split()))[:_MAX_EXCERPT]
    return {
        "request": {
            "method": request.method,
            "url": redact(request.url or ""),
            "headers": mask_headers(request.headers),
            "body": mask_headers(dict(parse_qsl(sent))) if is_form else mask(sent),
        },
        "response": {
            "status": response.status_code,
            "headers": mask_headers(response.headers),
            "body": redact(text) if found is None else _mask_unknown(found),
        },
    }


def _mask_unknown(value: Any) -> Any:
    """Mask also what only looks like a token: an error may show one unknown to the tap."""
    if isinstance(value, dict):
        return {redact(name): _mask_unknown(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_mask_unknown(member) for member in value]
    return mask_tokens(redact(value)) if isinstance(value, str) else mask(value)


def missing_token(
    response: requests.Response, body: Any, path: Path, setting: str = "access_token_path"
) -> TokenRequestError:
    """Return the error of a response without an access token; ``setting`` says where it is."""
    keys = ", ".join(body) if isinstance(body, dict) else "no JSON object"
    return TokenRequestError(
        f"token endpoint {endpoint_name(response.url)} returned status {response.status_code} "
        f"without an access token at {path.text!r}; the response has: {keys or 'nothing'}; set "
        f"{setting} to where the token is"
    )


def endpoint_name(url: str | None) -> str:
    """Return an endpoint's URL without user, password and query, for messages."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _decode(response: requests.Response) -> Any:
    """Decode JSON, the form encoding of older servers, or a bare token; None if neither fits."""
    text = response.text.strip()
    try:
        found = decode(response.content)
    except ValueError:
        pairs = dict(parse_qsl(text))
        if "access_token" in pairs or "error" in pairs:
            return pairs
        found = text if _TOKEN_LIKE.fullmatch(text) else None
    is_bare = isinstance(found, str) and _VISIBLE.fullmatch(found) and response.status_code in _OK
    return {"access_token": found} if is_bare else found


def _expiry(body: Mapping[str, Any], settings: OAuth2Settings, now: float) -> float | None:
    if settings.expires_at_path and (at := _instant(settings.expires_at_path.find(body))):
        return at
    lifetime = read_number(settings.expires_in_path.find(body)) or settings.token_lifetime
    return now + lifetime if lifetime and lifetime > 0 else None


def _instant(value: Any) -> float | None:
    number = read_number(value)
    if number is not None:
        return read_epoch(number)
    iso = epoch_seconds(value.strip()) if isinstance(value, str) else None
    return float(iso) if iso is not None else None


def _error_of(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return error code and description, as RFC 6749 or variants place them."""
    error = fields.get("error")
    if isinstance(error, dict):
        return str(error.get("code", "")), str(error.get("message", ""))
    match fields.get("errors"):
        case [{"field": str() as field, "code": str() as code}, *_]:
            # Strava: the refresh_token is invalid.
            error = f"{code}_{field}"
    description = fields.get("error_description") or fields.get("message") or ""
    if error is None and fields.get("status") == "BAD_REFRESH_TOKEN":
        error = "bad_refresh_token"  # HubSpot
    return (error if isinstance(error, str) else ""), str(description)
