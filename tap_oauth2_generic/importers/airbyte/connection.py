"""Authenticators of a manifest as settings of the connection; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tap_oauth2_generic.importers.airbyte.credentials import plain, text_of
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.requests import option_name
from tap_oauth2_generic.importers.airbyte.session_logins import read_legacy_session, read_session
from tap_oauth2_generic.importers.airbyte.texts import Texts

#: Settings of the connection; a secret that its user must bring is None.
Settings = dict[str, Any]


class SecretValue(str):
    """A secret that was written into the manifest."""

    __slots__ = ()


def read_authenticator(one: Component | None, texts: Texts) -> Settings:
    """Return the settings of an authenticator; raise LeftOutError if the tap has none."""
    if one is None or one.type in ("NoAuth", ""):
        return {"grant_type": "none"}
    read = _KINDS.get(one.type)
    if read is None:
        raise one.fail(f"{one.kind} signs requests by custom code")
    return read(one, texts)


def _bearer(one: Component, texts: Texts) -> Settings:
    literal, has_secret = plain(one, "api_token", texts)
    # A token that was written into the manifest is a secret all the same.
    return {"access_token": SecretValue(literal) if literal and not has_secret else None}


def _api_key(one: Component, texts: Texts) -> Settings:
    prefix, has_secret = plain(one, "api_token", texts)
    found: Settings = {"access_token": None if has_secret else SecretValue(prefix)}
    prefix = prefix if has_secret else ""
    option = one.child("inject_into")
    name = option_name(option, texts) if option else texts.constant(one, one.text("header"))
    place = option.text("inject_into") if option else "header"
    if place == "request_parameter" and not prefix.strip():
        return {**found, "auth_param": str(name)}
    if place != "header" or not isinstance(name, str):
        raise one.fail("a key in the body of a request has no counterpart")
    return {**found, "auth_header": name or "Authorization", "auth_prefix": prefix.strip()}


def _basic(one: Component, texts: Texts) -> Settings:
    username, is_secret = plain(one, "username", texts)
    found: Settings = {"grant_type": "basic", "username": username or "your-username"}
    if is_secret:
        texts.notes.append(
            f"line {one.line}: username is a key; set TAP_OAUTH2_GENERIC_USERNAME with --config ENV"
        )
    return found | ({"password": None} if one.text("password") else {})


def _oauth(one: Component, texts: Texts) -> Settings:
    if one.child("profile_assertion"):
        return _assertion(one, texts)
    grant = str(texts.constant(one, one.text("grant_type", "refresh_token")))
    if grant not in ("refresh_token", "client_credentials"):
        raise one.fail(f"its grant_type {grant!r} has no counterpart", "grant_type")
    found: Settings = {
        "grant_type": "authorization_code" if grant == "refresh_token" else grant,
        "access_token_url": text_of(one, "token_refresh_endpoint", texts),
        "client_id": plain(one, "client_id", texts)[0] or "your-client-id",
        "client_secret": None,
    }
    if grant == "refresh_token":
        found["refresh_token"] = None
    for name, setting in _OAUTH_NAMES.items():
        value = one.text(name)
        if value and value != setting.removesuffix("_path").removesuffix("_param"):
            found[setting] = value
    if isinstance(scopes := one.get("scopes"), list) and scopes:
        found["scopes"] = [str(texts.constant(one, str(scope))) for scope in scopes]
    of_params = "refresh_params" if grant == "refresh_token" else "token_params"
    _take_extras(one, "refresh_request_body", of_params, found, texts)
    _take_extras(one, "refresh_request_headers", "token_headers", found, texts)
    return {key: value for key, value in found.items() if value != ""}


_OAUTH_NAMES = {
    "access_token_name": "access_token_path",
    "expires_in_name": "expires_in_path",
    "refresh_token_name": "refresh_token_path",
    "client_id_name": "client_id_param",
    "client_secret_name": "client_secret_param",
}


def _take_extras(one: Component, name: str, setting: str, found: Settings, texts: Texts) -> None:
    values = one.get(name)
    for key in values if isinstance(values, dict) else ():
        value = str(values[key])
        if key.lower() == "authorization" and "client_secret" in value:
            found["client_auth"] = "client_secret_basic_raw"
        elif key.lower() in ("content-type", "accept") and "json" not in value:
            continue
        elif key.lower() == "content-type":
            found["token_request_format"] = "json"  # noqa: S105 - no password
        else:
            rendered = texts.render(one, values[key], "params")
            found.setdefault(setting, {})[key] = rendered


_JWT_NAMES = {"additional_jwt_payload": "jwt_claims", "additional_jwt_headers": "jwt_headers"}


def _assertion(one: Component, texts: Texts) -> Settings:
    found: Settings = {
        "grant_type": "jwt_bearer",
        "access_token_url": text_of(one, "token_refresh_endpoint", texts),
        **_claims(one.child("profile_assertion") or one, texts),
    }
    return {key: value for key, value in found.items() if value != ""}


def _claims(jwt: Component, texts: Texts) -> Settings:
    payload = jwt.child("jwt_payload") or jwt
    found: Settings = {
        "private_key": None,
        "jwt_algorithm": jwt.text("algorithm", "RS256"),
        "jwt_issuer": plain(payload, "iss", texts)[0],
        "jwt_subject": plain(payload, "sub", texts)[0],
        "jwt_audience": plain(payload, "aud", texts)[0],
    }
    for name, setting in _JWT_NAMES.items():
        if isinstance(members := jwt.get(name), dict):
            found[setting] = {key: texts.constant(jwt, one) for key, one in members.items()}
    if isinstance(seconds := jwt.get("token_duration"), int):
        found["jwt_lifetime"] = seconds
    if headers := jwt.child("jwt_headers"):
        found["private_key_id"] = plain(headers, "kid", texts)[0]
    return found


def _jwt(one: Component, texts: Texts) -> Settings:
    if one.text("algorithm") not in ("RS256", "PS256", "ES256", "HS256"):
        raise one.fail("its algorithm has no counterpart")
    if one.get("base64_encode_secret_key") is True or one.text("passphrase"):
        raise one.fail("its key is encoded or encrypted; the tap signs with the key as it is")
    if one.child("request_option"):
        raise one.fail("the tap sends a JWT that it signs in a header")
    prefix = str(texts.constant(one, one.text("header_prefix")) or "")
    found = {key: value for key, value in _claims(one, texts).items() if value != ""}
    return {"grant_type": "jwt", "auth_prefix": prefix, **found}


def _selective(one: Component, texts: Texts) -> Settings:
    """Read one of several: that of the default, or the first that the tap has."""
    choices = one.child("authenticators")
    members = choices.data.items() if choices else ()
    names = [name for name, value in members if isinstance(value, dict)]
    if choices is None or not names:
        raise one.fail("it has no authenticators")
    path = one.get("authenticator_selection_path")
    chosen = texts.spec.find(tuple(path)) if isinstance(path, list) else None
    ordered = [chosen] if chosen in names else names
    error = None
    for name in ordered:
        try:
            found = read_authenticator(choices.child(name), texts)
        except type(one.fail("")) as failed:
            error = failed
            continue
        others = [other for other in names if other != name]
        texts.notes.append(
            f"line {one.line}: the connection is that of {name!r}; the manifest also has "
            f"{', '.join(map(repr, others))}"
        )
        return found
    raise error or one.fail("none of its authenticators has a counterpart")


_KINDS: dict[str, Callable[[Component, Texts], Settings]] = {
    "BearerAuthenticator": _bearer,
    "ApiKeyAuthenticator": _api_key,
    "BasicHttpAuthenticator": _basic,
    "OAuthAuthenticator": _oauth,
    "JwtAuthenticator": _jwt,
    "SessionTokenAuthenticator": read_session,
    "LegacySessionTokenAuthenticator": read_legacy_session,
    "SelectiveAuthenticator": _selective,
}
