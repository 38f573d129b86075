"""The settings of a connection that are the same for every grant."""

from __future__ import annotations

import re
from typing import Any

from tap_oauth2_generic.net.request_template import templates_in
from tap_oauth2_generic.oauth2.client_auth import CLIENT_AUTH
from tap_oauth2_generic.oauth2.store_engine import store_url
from tap_oauth2_generic.settings.field_types import (
    NAME,
    PATH,
    STRINGS,
    TEMPLATE,
    TEMPLATES,
    TEXT,
    TEXT_TEMPLATES,
    URL,
    enum,
    number,
    section,
)
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting
from tap_oauth2_generic.settings.paths import Path, parse_path
from tap_oauth2_generic.settings.templates import Template
from tap_oauth2_generic.settings.values import url

_METADATA = re.compile(r"/\.well-known/(openid-configuration|oauth-authorization-server)(?=/|$)")


# An issuer given as the address of its metadata is shortened.
_ISSUER = FieldType(URL.schema, lambda value: _METADATA.sub("", url(value)))


def _exchange_url(value: Any) -> Template:
    template: Template = TEMPLATE.parse(value)
    if not template.placeholders:
        url(template.text)
    return template


class ExchangeSettings(Settings):
    """The request that exchanges a token for that of the API."""

    url: Template = setting(
        FieldType({"type": "string"}, _exchange_url), "Its URL (https), a template.", required=True
    )
    method: str = setting(enum("POST", "GET"), "Its HTTP method.", default="POST")
    params: dict[str, Any] = setting(
        TEMPLATES, "Its parameters; `{token.NAME}` is the first response.", default={}, secret=True
    )
    headers: dict[str, Template] = setting(
        TEXT_TEMPLATES, "Its headers, templates like `params`.", default={}, secret=True
    )
    format: str = setting(
        enum("form", "json", "query"), "Encoding of its parameters.", default="form"
    )
    access_token_path: Path = setting(
        PATH, "Path of the API's token in its response.", default=parse_path("access_token")
    )
    expires_in_path: Path = setting(
        PATH, "Path of that token's lifetime in seconds.", default=parse_path("expires_in")
    )

    @property
    def as_token_request(self) -> OAuth2Settings:
        """The settings of a token request that is sent and read like this one."""
        return OAuth2Settings(
            token_request_method=self.method,
            token_request_format=self.format,
            access_token_path=self.access_token_path,
            expires_in_path=self.expires_in_path,
        )


class OAuth2Settings(Settings):
    """Where tokens come from, how they are requested and how a request carries one."""

    issuer: str | None = setting(
        _ISSUER, "Issuer URL for OpenID Connect or RFC 8414 discovery; endpoints you set win."
    )
    access_token_url: str | None = setting(URL, "Token endpoint of the provider (https).")
    refresh_token_url: str | None = setting(URL, "Token endpoint for refreshes, if different.")
    client_id: str | None = setting(NAME, "OAuth2 client ID.")
    client_secret: str | None = setting(NAME, "Leave empty for a public client.", secret=True)
    client_secret_file: str | None = setting(NAME, "File that holds `client_secret`.")
    scopes: list[str] = setting(
        STRINGS,
        "Scopes to request: an array, or a string separated by spaces or commas.",
        default=[],
    )
    scope_separator: str = setting(TEXT, "Joins the scopes in a request.", default=" ")
    client_auth: str | None = setting(
        enum(*CLIENT_AUTH),
        "Client authentication method at the token endpoint. Default: `private_key_jwt` with a "
        "`private_key`, else `client_secret_post`.",
    )
    refresh_token: str | None = setting(
        NAME,
        "Refresh token obtained elsewhere; used until the store has a newer one. Change it to "
        "replace the stored token.",
        secret=True,
    )
    refresh_token_file: str | None = setting(NAME, "File that holds `refresh_token`.")
    access_token: str | None = setting(
        NAME,
        "Access token obtained elsewhere; seeds the token store like `refresh_token`.",
        secret=True,
    )
    token_params: dict[str, Any] = setting(
        TEMPLATES,
        "Parameters of the grant's token request: added or overridden; null removes one. "
        "Placeholders: settings that are not secret, `{token.NAME}`, a field of the last token "
        "response, `{uuid}` and `{now:FORMAT}`.",
        default={},
        secret=True,
    )
    refresh_params: dict[str, Any] = setting(
        TEMPLATES,
        "Parameters of the refresh request, like `token_params`.",
        default={},
        secret=True,
    )
    token_headers: dict[str, Template] = setting(
        TEXT_TEMPLATES, "Extra headers of both token requests.", default={}, secret=True
    )
    token_request_format: str = setting(
        enum("form", "json", "query"),
        "Encoding of token requests: form body, JSON body or query string.",
        default="form",
    )
    token_request_method: str = setting(
        enum("POST", "GET"),
        "HTTP method of token requests; GET puts the parameters into the query string.",
        default="POST",
    )
    client_id_param: str = setting(NAME, "Name of the `client_id` parameter.", default="client_id")
    client_secret_param: str = setting(
        NAME, "Name of the `client_secret` parameter.", default="client_secret"
    )
    refresh_token_param: str = setting(
        TEXT,
        "Name of the refresh request's token parameter. Under a name without `refresh` the access "
        "token is sent if there is no refresh token.",
        default="refresh_token",
    )
    access_token_path: Path = setting(
        PATH, "Path of the access token in the token response.", default=parse_path("access_token")
    )
    refresh_token_path: Path = setting(
        PATH,
        "Path of the refresh token in the token response.",
        default=parse_path("refresh_token"),
    )
    expires_in_path: Path = setting(
        PATH,
        "Path of the lifetime in seconds in the token response.",
        default=parse_path("expires_in"),
    )
    expires_at_path: Path | None = setting(
        PATH, "Path of the expiry time: epoch seconds, epoch milliseconds or ISO 8601."
    )
    token_exchange: ExchangeSettings | None = setting(
        section(ExchangeSettings),
        "Request that exchanges each new token for that of the API.",
        secret=True,
    )
    token_leeway: float = setting(
        number(0),
        "Renew a token this many seconds before it expires; at most half its lifetime.",
        default=60,
    )
    token_lifetime: float | None = setting(
        number(0, exclusive=True), "Lifetime in seconds if the token response has none."
    )
    auth_header: str = setting(
        NAME, "Request header that carries the token.", default="Authorization"
    )
    auth_prefix: str = setting(
        TEXT,
        "Prefix before the token in that header; a space follows, unless it ends in `=`.",
        default="Bearer",
    )
    auth_param: str | None = setting(NAME, "Query parameter for the token, instead of the header.")
    token_store: str | None = setting(
        FieldType({"type": "string"}, store_url),
        "URL of the SQLite file or PostgreSQL database that keeps tokens between runs. "
        "Default: a file in the user's state directory.",
        secret=True,
    )
    token_store_key: str | None = setting(NAME, "Any string; encrypts stored tokens.", secret=True)
    token_store_key_file: str | None = setting(NAME, "File that holds `token_store_key`.")
    connection: str | None = setting(
        NAME, "Name of the stored connection. Default: from token URL, client ID and user."
    )

    @property
    def names_access_token(self) -> bool:
        """Whether ``refresh_token_param`` is the name of an access token."""
        return "refresh" not in self.refresh_token_param.lower()

    @property
    def sends_access_token(self) -> bool:
        """Whether a refresh may send the access token itself, which renews it."""
        templates = templates_in(self.refresh_params, "")
        names = {one.name for _, template in templates for one in template.placeholders}
        return self.names_access_token or "token.access_token" in names
