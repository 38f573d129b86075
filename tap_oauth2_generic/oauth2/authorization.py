"""Build the authorization request of a login: its URL and its PKCE challenge.

The only module that imports requests-oauthlib and oauthlib.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_VERIFIER_LENGTH = 64


def authorization_url(
    endpoint: str,
    client_id: str,
    scope: str | None,
    params: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """Return the URL a person opens to consent (RFC 6749 section 4.1.1).

    ``params`` hold ``state`` and ``redirect_uri``, and override the standard's parameters;
    ``names`` are what the provider calls them.
    """
    from requests_oauthlib import OAuth2Session  # only a login needs it

    _mute_loggers()
    # oauthlib refuses plain http even on loopback, where the settings allow it.
    is_plain = endpoint.startswith("http:")
    secure = f"https{endpoint[4:]}" if is_plain else endpoint
    rest = {name: value for name, value in params.items() if name not in {"state", "redirect_uri"}}
    session = OAuth2Session(client_id, redirect_uri=params.get("redirect_uri"), scope=scope)
    url, _ = session.authorization_url(secure, state=params.get("state"), **rest)
    url = _rename(str(url), names) if names else str(url)
    return f"http{url[5:]}" if is_plain else url


def _rename(url: str, names: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(names.get(name, name), value) for name, value in pairs])
    return urlunsplit(parts._replace(query=query))


def create_code_challenge() -> tuple[str, str]:
    """Return a new code verifier and its S256 challenge (RFC 7636 section 4)."""
    from oauthlib.oauth2 import WebApplicationClient  # only a login needs it

    _mute_loggers()
    client = WebApplicationClient("")
    verifier = client.create_code_verifier(_VERIFIER_LENGTH)
    return verifier, client.create_code_challenge(verifier, "S256")


def _mute_loggers() -> None:
    """Disable the loggers of both libraries: at DEBUG they log secrets."""
    for name in [*logging.root.manager.loggerDict]:
        if name.startswith(("oauthlib", "requests_oauthlib")):
            logging.getLogger(name).disabled = True
