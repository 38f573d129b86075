"""Build the authorization request of a login: its URL and its PKCE challenge.

The only module that imports requests-oauthlib and oauthlib.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tap_oauth2_generic.settings.templates import as_text

_VERIFIER_LENGTH = 64


def authorization_url(
    endpoint: str,
    client_id: str,
    scope: str | None,
    params: Mapping[str, Any],
    names: Mapping[str, str],
) -> str:
    """Return the URL a person opens to consent (RFC 6749 section 4.1.1).

    ``params`` hold ``state`` and ``redirect_uri``, and override the standard's parameters; None
    removes one. ``names`` are what the provider calls them.
    """
    from requests_oauthlib import OAuth2Session  # only a login needs it

    parts = urlsplit(endpoint)
    # oauthlib refuses plain http even on loopback, where the settings allow it.
    secure = urlunsplit(parts._replace(scheme="https"))
    url, _ = OAuth2Session(client_id, scope=scope).authorization_url(secure)
    standard = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    pairs = [pair for pair in standard if pair[0] not in params]
    pairs += [(name, as_text(value)) for name, value in params.items() if value is not None]
    query = urlencode([(names.get(name, name), value) for name, value in pairs])
    return urlunsplit(parts._replace(query=query))


def create_code_challenge() -> tuple[str, str]:
    """Return a new code verifier and its S256 challenge (RFC 7636 section 4)."""
    from oauthlib.oauth2 import WebApplicationClient  # only a login needs it

    client = WebApplicationClient("")
    verifier = client.create_code_verifier(_VERIFIER_LENGTH)
    return verifier, client.create_code_challenge(verifier, "S256")
