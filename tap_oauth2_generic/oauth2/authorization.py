"""The authorization request of a login: its address and its PKCE challenge.

The one file that imports requests-oauthlib and oauthlib.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERIFIER_LENGTH = 64


def authorization_address(
    url: str, client_id: str, scope: str | None, params: Mapping[str, str]
) -> str:
    """Build the address that a person opens to consent (RFC 6749 section 4.1.1).

    ``params`` hold ``state`` and ``redirect_uri``, and win over what the standard says.
    """
    from requests_oauthlib import OAuth2Session  # only a login needs it

    _mute()
    # oauthlib refuses plain http even on loopback, where the settings allow it.
    plain = url.startswith("http:")
    secure = f"https{url[4:]}" if plain else url
    rest = {name: value for name, value in params.items() if name not in {"state", "redirect_uri"}}
    session = OAuth2Session(client_id, redirect_uri=params.get("redirect_uri"), scope=scope)
    address, _ = session.authorization_url(secure, state=params.get("state"), **rest)
    return f"http{address[5:]}" if plain else str(address)


def create_code_challenge() -> tuple[str, str]:
    """Give a new code verifier and its S256 challenge (RFC 7636 section 4)."""
    from oauthlib.oauth2 import WebApplicationClient  # only a login needs it

    _mute()
    client = WebApplicationClient("")
    verifier = client.create_code_verifier(_VERIFIER_LENGTH)
    return verifier, client.create_code_challenge(verifier, "S256")


def _mute() -> None:
    """At DEBUG both libraries log what they are given, secrets included."""
    for name in ("oauthlib", "requests_oauthlib"):
        logging.getLogger(name).disabled = True
        for child in logging.root.manager.loggerDict:
            if child.startswith(f"{name}."):
                logging.getLogger(child).disabled = True
