"""The address of a Postman request: its host, the parts of its path, its query; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.importers.names import looks_secret
from tap_oauth2_generic.importers.postman_items import Scope, members, open_variables, string
from tap_oauth2_generic.settings.values import is_loopback

_BEFORE_PATH = re.compile(r"((?:\w+://)?[^/?#]*)([^?#]*)\??([^#]*)")
_WHOLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}|\{([\w-]+)\}")
# Variables of a path that are the same for all requests.
_FIXED = re.compile("version|locale|lang|format|region|env", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """``host``: with scheme, and credentials if it has any; ``base`` is the same without them.

    ``steps`` are the parts of the path, ``:name`` for a variable; ``values`` are those that the
    collection has for variables.
    """

    host: str
    base: str
    steps: tuple[str, ...]
    values: Mapping[str, str]
    query: list[Mapping[str, Any]]


def read_address(url: Any, scope: Scope) -> Address:
    """Take an address apart; raise ValueError if it has a secret or a part of unknown value."""
    parts = url if isinstance(url, Mapping) else {"raw": string(url)}
    before, path, query = _split(string(parts.get("raw")))
    if parts.get("host"):
        scheme = string(parts.get("protocol"))
        port = f":{string(parts.get('port'))}" if parts.get("port") else ""
        before = (f"{scheme}://" if scheme else "") + _join(parts["host"], ".") + port
        path = _join(parts.get("path"), "/")
    if isinstance(parts.get("query"), list):
        query = [*members(parts["query"])]
    full = scope.resolve(before, shows_hidden=True)
    if "@" not in full:
        full = scope.resolve(before)
    host, above, _ = _split(full)
    given = {
        string(one.get("key") or one.get("id")): scope.resolve(string(one.get("value")))
        for one in members(parts.get("variable"))
    }
    steps, values = [], {}
    for step in filter(None, f"{above}/{path}".split("/")):
        name, value = _variable(step, scope, given)
        steps += [f":{name}"] if name else [part for part in value.split("/") if part]
        if name and value:
            values[name] = value
    host = _with_scheme(host)
    return Address(host, _without_user(host), tuple(steps), values, query)


def _split(url: str) -> tuple[str, str, list[Mapping[str, Any]]]:
    found = _BEFORE_PATH.match(url.strip())
    before, path, query = found.groups() if found else ("", "", "")
    pairs = parse_qsl(query, keep_blank_values=True)
    return before, path, [{"key": name, "value": value} for name, value in pairs]


def _variable(step: str, scope: Scope, given: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the variable that a part of a path is, and its value."""
    if step.startswith(":") and len(step) > 1:
        value = given.get(step[1:], "")
        is_fixed = value and not open_variables(value) and _FIXED.search(step)
        return ("", value) if is_fixed else (step[1:], "")
    shown, whole = scope.resolve(step), _WHOLE.fullmatch(step)
    name = next(filter(None, whole.groups()), "") if whole else ""
    if (not name and open_variables(shown)) or name in scope.hidden:
        raise ValueError("their path has a variable that is secret or has no value")
    if looks_secret(shown):
        raise ValueError("their path seems to hold a secret; no setting keeps one there")
    if open_variables(shown) or (whole and whole[2]):
        return name, ""
    is_own = name and "/" not in shown and not _FIXED.search(name)
    return (name if is_own else "", shown)


def _join(value: Any, by: str) -> str:
    if not isinstance(value, list):
        return string(value)
    return by.join(string(v.get("value") if isinstance(v, Mapping) else v) for v in value)


def _with_scheme(host: str) -> str:
    """Return the address with https, which alone may carry a token, but for this machine."""
    scheme, sign, name = host.rpartition("://")
    try:
        is_local = is_loopback(urlsplit(f"//{name}").hostname)
    except ValueError:
        raise ValueError("their address is none") from None
    if open_variables(host) and not sign:
        return host
    return f"{(scheme or 'http') if is_local else 'https'}://{name}"


def _without_user(host: str) -> str:
    scheme, sign, name = host.rpartition("://")
    return scheme + sign + name.rpartition("@")[2]
