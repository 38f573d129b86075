"""What the authorization of a Postman request is in settings of the connection; pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from tap_oauth2_generic.importers.curl_values import escape_braces
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.names import looks_secret
from tap_oauth2_generic.importers.postman_items import Scope, members, open_variables, string

_GRANTS = {
    "authorization_code": "authorization_code",
    "authorization_code_with_pkce": "authorization_code",
    "client_credentials": "client_credentials",
    "password_credentials": "password",
}
_FIELDS = {
    "authUrl": "authorize_url",
    "accessTokenUrl": "access_token_url",
    "refreshTokenUrl": "refresh_token_url",
    "clientId": "client_id",
    "scope": "scopes",
    "username": "username",
}
_SECRETS = {"clientSecret": "client_secret", "password": "password"}
_PARAMS = {
    "authRequestParams": "authorize_params",
    "tokenRequestParams": "token_params",
    "refreshRequestParams": "refresh_params",
}


class _Values:
    """The parameters of an authorization, their variables filled in."""

    def __init__(self, auth: Mapping[str, Any], scope: Scope) -> None:
        own = auth.get(string(auth.get("type")))
        self._own = {string(one.get("key")): one.get("value") for one in members(own)}
        self._scope = scope

    def get(self, name: str) -> str | None:
        """Return a value; None if it, or a variable in it, has none."""
        found = self._scope.resolve(string(self._own.get(name)), shows_hidden=True)
        return None if not found or open_variables(found) else found

    def show(self, text: str) -> str:
        """Return a string with the variables that are no secrets."""
        return self._scope.resolve(text)

    def pairs(self, name: str) -> list[Mapping[str, Any]]:
        """Return the further parameters of a request that are sent."""
        found = self._own.get(name)
        listed = found if isinstance(found, list) else []
        return [one for one in members(listed) if one.get("enabled", True)]


def read_auth(auth: Mapping[str, Any], scope: Scope) -> Imported:
    """Return the settings, the secrets and what has no counterpart."""
    kind, made = string(auth.get("type")), Imported({})
    reader = _KINDS.get(kind)
    if reader is not None:
        reader(_Values(auth, scope), made)
    elif kind not in {"", "noauth", "inherit"}:
        made.left_out.append(
            f"auth {kind!r}: no grant_type does it; set headers or another grant_type"
        )
    if not made.config and not made.secrets:
        made.config["grant_type"] = "none"
    return made


def _bearer(values: _Values, made: Imported) -> None:
    made.secrets["access_token"] = values.get("token")


def _basic(values: _Values, made: Imported) -> None:
    user, password = values.get("username"), values.get("password")
    if user and (not password or looks_secret(user)):
        # The user is the key then, which the configuration must not hold.
        encoded = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
        made.config["grant_type"] = "none"
        made.secrets["headers"] = {"Authorization": f"Basic {encoded}"}
        return
    made.config |= {"grant_type": "basic"} | ({"username": user} if user else {})
    made.secrets |= {"password": password} | ({} if user else {"username": None})


def _api_key(values: _Values, made: Imported) -> None:
    place = "params" if values.get("in") == "query" else "headers"
    made.config["grant_type"], value = "none", values.get("value")
    made.secrets[place] = {values.get("key") or "X-API-Key": value and escape_braces(value)}


def _oauth2(values: _Values, made: Imported) -> None:
    named = values.get("grant_type") or "authorization_code"
    config, secrets = made.config, made.secrets
    token = values.get("accessToken")
    if named in _GRANTS and values.get("accessTokenUrl"):
        config["grant_type"] = _GRANTS[named]
        config |= {to: value for name, to in _FIELDS.items() if (value := values.get(name))}
        needed = {"clientSecret"} | ({"password"} if named == "password_credentials" else set())
        secrets |= {_SECRETS[name]: values.get(name) for name in sorted(needed)}
        if named == "authorization_code_with_pkce" and not values.get("clientSecret"):
            del secrets["client_secret"]
        if values.get("client_authentication") != "body" and "client_secret" in secrets:
            config["client_auth"] = "client_secret_basic"
        _further(values, made)
    else:
        if named not in _GRANTS:
            made.left_out.append(f"auth 'oauth2', grant {named!r}: no grant_type does it")
        elif named != "authorization_code" or values.get("authUrl"):
            made.left_out.append("auth 'oauth2': accessTokenUrl has no value; set access_token_url")
        secrets["access_token"] = token
    if values.get("addTokenTo") == "queryParams":
        config["auth_param"] = "access_token"
    elif (prefix := values.get("headerPrefix")) and prefix.strip() != "Bearer":
        config["auth_prefix"] = prefix.strip()


def _further(values: _Values, made: Imported) -> None:
    """Take the further parameters; those sent as headers have one setting."""
    for name, setting in _PARAMS.items():
        for one in values.pairs(name):
            key, value = string(one.get("key")), values.show(string(one.get("value")))
            if not key or open_variables(value) or looks_secret(value):
                made.left_out.append(f"auth 'oauth2', {name} {key!r}: set {setting} by hand")
            elif one.get("send_as") == "request_header":
                made.config.setdefault("token_headers", {})[key] = value
            else:
                made.config.setdefault(setting, {})[key] = value
    for name in ("audience", "resource"):
        if own := values.get(name):
            made.config.setdefault("token_params", {}).setdefault(name, own)


_KINDS: dict[str, Callable[[_Values, Imported], None]] = {
    "bearer": _bearer,
    "basic": _basic,
    "apikey": _api_key,
    "oauth2": _oauth2,
}
