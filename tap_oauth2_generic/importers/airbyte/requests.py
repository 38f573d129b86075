"""The request of a stream: address, method, parameters, headers and body; pure."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.texts import OMITTED, Texts
from tap_oauth2_generic.importers.names import drop_secrets, is_secret

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PROPERTIES = (
    "the columns to request come from the API itself; list yours in params, or get those that it "
    "returns without"
)
#: Where a request option goes, by its name in the manifest.
PLACES = {
    "request_parameter": "params",
    "header": "headers",
    "body_json": "body",
    "body_data": "body",
}


def read_request(requester: Component, texts: Texts) -> dict[str, Any]:
    """Return the settings of a request, ``path`` as an address that may be absolute."""
    if requester.type not in ("HttpRequester", ""):
        raise requester.fail(f"{requester.kind} is custom code")
    if requester.child("fetch_properties_from_endpoint") or requester.child("query_properties"):
        texts.lost.append(f"line {requester.line}: {_PROPERTIES}")
    made: dict[str, Any] = {"path": _address(requester, texts)}
    method = requester.text("http_method", "GET").upper()
    if method not in _METHODS:
        raise requester.fail(f"http_method {method!r} reads nothing", "http_method")
    if method != "GET":
        made["method"] = method
    for name, place in (("request_parameters", "params"), ("request_headers", "headers")):
        if values := _mapping(requester, name, texts, place):
            made[place] = values
    _take_body(requester, texts, made)
    return made


def _address(requester: Component, texts: Texts) -> str:
    """Join base and path by exactly one slash, as the CDK does."""
    base = requester.text("url_base") or requester.text("url")
    if not base:
        raise requester.fail("it has neither url_base nor url")
    path = requester.text("path") if requester.text("url_base") else ""
    # Some write it in quotes, which the CDK evaluates.
    base = base[1:-1] if base[:1] == base[-1:] == '"' else base
    joined = f"{base.rstrip('/')}/{path.lstrip('/')}" if path.strip("/ ") else base
    found = texts.render(requester, joined.strip(), "path")
    if not isinstance(found, str):
        raise requester.fail("its address is empty", "url_base")
    address = found if "://" in found else f"https://{found}"
    if "@" in address.split("/", 3)[2]:
        raise requester.fail("its address holds a user name", "url_base")
    return address


def split_base(address: str) -> tuple[str, str]:
    """Return the host of an address, with its scheme, and the rest."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", slash + path


def _mapping(requester: Component, name: str, texts: Texts, place: str) -> dict[str, Any]:
    """Return parameters or headers; written as one string they are a query."""
    values = requester.get(name)
    if values is None:
        return {}
    if isinstance(values, str):
        pairs = dict(parse_qsl(values)) if "{{" not in values else {}
        if not pairs:
            raise requester.fail(f"{name} is one string", name)
        values = pairs
    if not isinstance(values, dict):
        raise requester.fail(f"{name} is no object", name)
    for key in [key for key, one in values.items() if isinstance(one, dict)]:
        texts.lost.append(f"line {requester.line_of(name)}: {key}: {_PROPERTIES}")
        values = {other: one for other, one in values.items() if other != key}
    secret: dict[str, str | None] = {
        key: one
        for key, one in values.items()
        if isinstance(one, str) and is_secret(key) and "{{" not in one
    }
    if secret:
        texts.notes.append(
            f"line {requester.line_of(name)}: {', '.join(secret)} is taken for a secret, and is "
            "sent by all streams"
        )
    secret |= {key: None for key, one in values.items() if texts.has_secret(requester, one)}
    if secret:
        texts.of_connection.setdefault(place, {}).update(secret)
        values = {key: one for key, one in values.items() if key not in secret}
    found = texts.render(requester, values, place)
    return {key: _to_words(one) for key, one in found.items()}


def _to_words(value: Any) -> Any:
    """Return a value as the CDK sends it: Python's words for booleans."""
    return str(value) if isinstance(value, bool) else value


def _take_body(requester: Component, texts: Texts, made: dict[str, Any]) -> None:
    name, value, is_form = _body_of(requester)
    if value is None:
        return
    if name == "graphql":
        made["graphql"] = _graphql(requester, value, texts)
        made.pop("method", None)
        return
    if isinstance(value, str) and not is_form:
        try:
            value = json.loads(value)
        except ValueError:
            raise requester.fail(f"{name} is one string, not an object", name) from None
    if isinstance(value, str):
        value = dict(parse_qsl(value)) if "{{" not in value else None
    if not isinstance(value, dict | list):
        raise requester.fail(f"{name} is one string, not an object", name)
    names: list[str] = []
    found = drop_secrets(texts.render(requester, value, "body"), names)
    if names:
        raise requester.fail(f"its body holds {names[0]!r}, a secret; the tap keeps none there")
    if found is not OMITTED and found != {}:
        made["body"] = found
        if is_form:
            made["body_format"] = "form"


def _body_of(requester: Component) -> tuple[str, Any, bool]:
    """Return the name, the value and whether it is a form."""
    if (body := requester.child("request_body")) is not None:
        kind = {"RequestBodyGraphQL": "graphql", "RequestBodyUrlEncodedForm": "form"}
        name = kind.get(body.type, "request_body")
        if body.type == "RequestBodyPlainText":
            raise body.fail("the body is plain text")
        return name, body.get("value"), name == "form"
    for name in ("request_body_json", "request_body_data"):
        if requester.get(name) is not None:
            return name, requester.get(name), name == "request_body_data"
    return "", None, False


def _graphql(requester: Component, value: Any, texts: Texts) -> dict[str, Any]:
    query = value.get("query") if isinstance(value, dict) else None
    if not isinstance(query, str):
        raise requester.fail("its GraphQL body has no query", "request_body")
    if "{{" in query and any(not isinstance(one, str) for one in texts.parts(requester, query)):
        raise requester.fail("its GraphQL query is put together for each request", "request_body")
    variables = value.get("variables") or {}
    found = texts.render(requester, variables, "body")
    return {"query": query} | ({"variables": found} if found else {})


def put_option(
    option: Component | None, value: str, made: dict[str, Any], texts: Texts
) -> tuple[str, str] | None:
    """Return the name and place of a request option; a header or body gets the template."""
    if option is None:
        return None
    place = PLACES.get(option.text("inject_into"))
    name = option_name(option, texts)
    if place is None or not name:
        raise option.fail(f"inject_into {option.text('inject_into')!r} has no counterpart")
    if place == "body" and option.text("inject_into") == "body_data":
        made["body_format"] = "form"
    if value and place == "body" and "graphql" in made:
        if name[0] != "variables":
            raise option.fail("its place in the GraphQL body is no variable")
        _put(made["graphql"], name, value, option)
    elif value:
        _put(made.setdefault(place, {}), name if place == "body" else [name], value, option)
    return name if isinstance(name, str) else ".".join(name), place


def option_name(option: Component, texts: Texts) -> Any:
    """Return the name of a request option, or the keys of its field in a body."""
    path = option.get("field_path")
    if isinstance(path, list) and path:
        return [str(texts.constant(option, one)) for one in path]
    return str(texts.constant(option, option.text("field_name")) or "")


def _put(target: Any, name: Any, value: str, option: Component) -> None:
    keys = [name] if isinstance(name, str) else list(name)
    for key in keys[:-1]:
        target = target.setdefault(key, {}) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        raise option.fail("its place in the body is no object")
    target[keys[-1]] = value


def host_of(address: str) -> str:
    """Return the host of an address, an empty string if it has no plain one."""
    host = address.split("/", 3)[2]
    return host if re.fullmatch(r"[\w.-]+(:\d+)?", host) else ""
