"""The settings of a connection that hold whatever its grant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.oauth2.client_auth import CLIENT_AUTH
from tap_oauth2_generic.settings.field_types import (
    JSON_OBJECT,
    NAME,
    PATH,
    STRINGS,
    TEXT,
    TEXTS,
    URL,
    enum,
    number,
)
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import Path, parse_path


@dataclass(frozen=True, kw_only=True)
class OAuth2Settings:
    """Where tokens come from, how they are asked for and where they go."""

    issuer: str | None = setting(
        URL,
        "Issuer",
        "Finds the endpoints by OpenID Connect or RFC 8414 discovery; those given by hand win.",
        default=None,
    )
    access_token_url: str | None = setting(
        URL, "Access token URL", "Token endpoint of the provider; https.", default=None
    )
    refresh_token_url: str | None = setting(
        URL, "Refresh token URL", "Token endpoint for refreshing, where it differs.", default=None
    )
    client_id: str | None = setting(NAME, "Client ID", "OAuth2 client ID.", default=None)
    client_secret: str | None = setting(
        NAME,
        "Client secret",
        "OAuth2 client secret; empty for a public client.",
        default=None,
        secret=True,
    )
    scopes: list[str] = setting(
        STRINGS,
        "Scopes",
        "Scopes to ask for: an array, or a text with blanks or commas.",
        default=[],
    )
    scope_separator: str = setting(
        TEXT, "Scope separator", "What joins the scopes in a request.", default=" "
    )
    client_auth: str = setting(
        enum(*CLIENT_AUTH),
        "Client authentication",
        "How the client proves itself at the token endpoint.",
        default="client_secret_post",
    )
    refresh_token: str | None = setting(
        NAME,
        "Refresh token",
        "A refresh token obtained elsewhere: seeds the token store, and replaces what is stored "
        "when it is changed.",
        default=None,
        secret=True,
    )
    access_token: str | None = setting(
        NAME,
        "Access token",
        "An access token obtained elsewhere: seeds the token store likewise.",
        default=None,
        secret=True,
    )
    token_params: dict[str, Any] = setting(
        JSON_OBJECT,
        "Token parameters",
        "Parameters of the grant's token request: added, overriding, or removed by null.",
        default={},
        secret=True,
    )
    refresh_params: dict[str, Any] = setting(
        JSON_OBJECT,
        "Refresh parameters",
        "The same for the refresh request.",
        default={},
        secret=True,
    )
    token_headers: dict[str, str] = setting(
        TEXTS, "Token headers", "Extra headers of both token requests.", default={}, secret=True
    )
    token_request_format: str = setting(
        enum("form", "json", "query"),
        "Token request format",
        "How the parameters of a token request travel.",
        default="form",
    )
    token_request_method: str = setting(
        enum("POST", "GET"),
        "Token request method",
        "HTTP method of token requests; GET sends the parameters in the query.",
        default="POST",
    )
    client_id_param: str = setting(
        NAME, "Client ID parameter", "What the server calls `client_id`.", default="client_id"
    )
    client_secret_param: str = setting(
        NAME,
        "Client secret parameter",
        "What the server calls `client_secret`.",
        default="client_secret",
    )
    access_token_path: Path = setting(
        PATH,
        "Access token path",
        "Where the token response keeps the access token.",
        default=parse_path("access_token"),
    )
    refresh_token_path: Path = setting(
        PATH,
        "Refresh token path",
        "Where it keeps the refresh token.",
        default=parse_path("refresh_token"),
    )
    expires_in_path: Path = setting(
        PATH,
        "Lifetime path",
        "Where it keeps the lifetime in seconds.",
        default=parse_path("expires_in"),
    )
    expires_at_path: Path | None = setting(
        PATH,
        "Expiry path",
        "Where it keeps the time of expiry: epoch seconds or milliseconds, or ISO 8601.",
        default=None,
    )
    token_leeway: float = setting(
        number(0),
        "Token leeway",
        "Seconds before its end at which a token is renewed, at most half its lifetime.",
        default=60,
    )
    token_lifetime: float | None = setting(
        number(0, exclusive=True),
        "Token lifetime",
        "Seconds a token lasts where the token response does not say.",
        default=None,
    )
    auth_header: str = setting(
        NAME, "Token header", "Request header that carries the token.", default="Authorization"
    )
    auth_prefix: str = setting(
        TEXT, "Token prefix", "What stands before the token in that header.", default="Bearer"
    )
    auth_param: str | None = setting(
        NAME,
        "Token parameter",
        "Query parameter for the token, instead of the header.",
        default=None,
    )
    token_store: str | None = setting(
        NAME,
        "Token store",
        "SQLAlchemy URL of the SQLite file or PostgreSQL database in which tokens live between "
        "runs; by default a file in the user's state directory.",
        default=None,
        secret=True,
    )
    token_store_key: str | None = setting(
        NAME, "Token store key", "Encrypts stored tokens; any text.", default=None, secret=True
    )
    connection: str | None = setting(
        NAME,
        "Connection",
        "Name of the stored connection; derived from token URL, client ID and user by default.",
        default=None,
    )
