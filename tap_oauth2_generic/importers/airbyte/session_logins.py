"""Logins of a manifest that are requests of their own, as a token request; pure."""

from __future__ import annotations

import ast
from typing import Any

from tap_oauth2_generic.importers.airbyte.credentials import plain, text_of
from tap_oauth2_generic.importers.airbyte.expressions import Unknown
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.requests import option_name, read_request
from tap_oauth2_generic.importers.airbyte.texts import Texts, literal
from tap_oauth2_generic.importers.names import drop_secrets


def read_session(one: Component, texts: Texts) -> dict[str, Any]:
    """Log in by a request of its own, and send what it returns."""
    login = one.child("login_requester", "HttpRequester")
    if login is None:
        raise one.fail("it has no login_requester")
    request, secret = _login_request(login, texts)
    path = one.get("session_token_path")
    found: dict[str, Any] = {
        "access_token_url": literal(request["path"], "params"),
        "access_token_path": to_path(tuple(path if isinstance(path, list) else ["token"])),
        "client_auth": "none",
        **secret,
    }
    way = one.child("request_authentication")
    option = way.child("inject_into") if way else None
    if option is not None:
        name = str(option_name(option, texts))
        is_query = option.text("inject_into") == "request_parameter"
        found |= {"auth_param": name} if is_query else {"auth_header": name, "auth_prefix": ""}
    return found


def _login_request(login: Component, texts: Texts) -> tuple[dict[str, Any], dict[str, Any]]:
    before = len(texts.secrets)
    names = dict[str, str]()
    body = login.get("request_body_json") or login.get("request_body_data") or {}
    if (given := login.child("request_body")) is not None:
        body = given.get("value")
    for key, value in body.items() if isinstance(body, dict) else ():
        found = len(texts.secrets)
        parts = texts.parts(login, str(value))
        if drop_secrets({key: str(value)}, []) == {}:
            names.setdefault("password", key)
            continue
        kind = "password" if len(texts.secrets) > found else "username"
        if any(isinstance(one, ast.Constant) and isinstance(one.value, Unknown) for one in parts):
            names.setdefault(kind, key)
    del texts.secrets[before:]
    bare = {k: v for k, v in login.data.items() if not k.startswith("request_body")}
    stripped = type(login.data)(login.line)
    stripped.update(bare)
    request = read_request(Component(stripped, login.parameters), texts)
    basic = login.child("authenticator")
    if basic is not None and basic.type == "BasicHttpAuthenticator":
        user = plain(basic, "username", texts)[0]
        return request, {
            "grant_type": "client_credentials", "client_id": user or "your-username",
            "client_secret": None, "client_auth": "client_secret_basic_raw",
        }  # fmt: skip
    if set(names) != {"username", "password"}:
        raise login.fail("its login takes something else than a user name and a password")
    rest = {
        key: texts.render(login, value, "params")
        for key, value in body.items()
        if key not in names.values()
    }
    return request, {
        "grant_type": "password", "username": "your-username", "password": None,
        "username_param": names["username"], "password_param": names["password"],
        "token_request_format": "json" if login.get("request_body_json") or given else "form",
        "token_params": {"grant_type": None, "client_id": None, **rest},
    }  # fmt: skip


def read_legacy_session(one: Component, texts: Texts) -> dict[str, Any]:
    """Log in with a user name and a password in JSON, as the oldest authenticator does."""
    base, login = text_of(one, "url_base", texts), text_of(one, "login_url", texts)
    return {
        "grant_type": "password", "username": plain(one, "username", texts)[0] or "your-username",
        "password": None, "token_request_format": "json", "client_auth": "none",
        "access_token_url": login if "://" in login else f"{base.rstrip('/')}/{login.lstrip('/')}",
        "access_token_path": one.text("session_token_response_key", "id"),
        "auth_header": one.text("header", "X-Session-Token"), "auth_prefix": "",
        "token_params": {"grant_type": None, "client_id": None},
    }  # fmt: skip
