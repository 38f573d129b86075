"""How the client proves itself at the token endpoint: a table of small functions.

The names are those of OpenID Connect Core section 9; a new way is a new entry.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Proof:
    """What a way of client authentication adds to a token request."""

    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _post(client_id: str, client_secret: str) -> Proof:
    """Send both as parameters; a public client has no secret (RFC 6749 section 2.3.1)."""
    params = {"client_id": client_id}
    if client_secret:
        params["client_secret"] = client_secret
    return Proof(params)


def _basic(client_id: str, client_secret: str) -> Proof:
    """Send both as HTTP Basic, form-encoded first as RFC 6749 section 2.3.1 asks."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode()
    return Proof(headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


def _none(client_id: str, client_secret: str) -> Proof:  # noqa: ARG001 - the secret stays home
    """Name the client and prove nothing."""
    return Proof({"client_id": client_id})


CLIENT_AUTH: dict[str, Callable[[str, str], Proof]] = {
    "client_secret_post": _post,
    "client_secret_basic": _basic,
    "none": _none,
}
