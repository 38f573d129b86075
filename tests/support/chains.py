"""Chains of tokens for tests of the store and of what finds them there."""

from __future__ import annotations

from typing import Any

from tap_oauth2_generic.oauth2.connection import StoredConnection
from tap_oauth2_generic.oauth2.store import SEPARATOR, Chain
from tap_oauth2_generic.oauth2.token import Token
from tests.support.settings import valid_config


def a_chain(name: str = "main", seed: str = "", **fields: Any) -> Chain:
    """Return a chain of a connection; its seed is the rest of its key."""
    given = {
        "token": Token(f"access-of-{name}", f"refresh-of-{name}"),
        "request": "hash-of-the-request",
        "issued_for": ("https://login.example.com/token", "client", "api.example.com"),
        "scopes": ["read"],
        "seeds": (seed,) if seed else (),
    }
    key = f"{name}{SEPARATOR}{seed or 'login'}"
    return Chain(**{"key": key, "connection": name, "seed": seed, **given, **fields})


def connection_of(*hosts: str, is_confined: bool = False, **settings: Any) -> StoredConnection:
    """Return the connection of a configuration, which may send tokens to these further hosts."""
    given = {
        "base_url": "https://api.example.com",
        "grant_type": "authorization_code",
        "authorize_url": "https://login.example.com/authorize",
        "access_token_url": "https://login.example.com/token",
        "client_id": "client",
        "client_secret": "secret-of-the-client",
        "connection": "main",
        "streams": [{"name": "items", "path": "items"}],
        **settings,
    }
    config = valid_config({name: value for name, value in given.items() if value is not None})
    own = (config.base_host, *hosts)
    parts = config.oauth2, config.grant, config.assertion, own
    return StoredConnection(*parts, is_confined=is_confined)
