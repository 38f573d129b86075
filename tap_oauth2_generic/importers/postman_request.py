"""One request of a Postman collection: what is sent, what is secret, what has no value; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from tap_oauth2_generic.importers.curl_request import RequestReader
from tap_oauth2_generic.importers.curl_values import escape_braces
from tap_oauth2_generic.importers.names import holds_secret, is_secret
from tap_oauth2_generic.importers.postman_items import Item, members, open_variables, string
from tap_oauth2_generic.importers.postman_url import Address
from tap_oauth2_generic.importers.seen_requests import Seen
from tap_oauth2_generic.settings.values import from_json

_OK = range(200, 300)


class RequestParts:
    """Takes one request apart: what is sent, what is secret, what has no value."""

    def __init__(self, item: Item, address: Address) -> None:
        self._item, self._address = item, address
        self._secrets: dict[str, Any] = {}
        self._missing: list[str] = []

    def read(self) -> Seen:
        """Return the request; raise ValueError if it cannot be described."""
        item, address, request = self._item, self._address, self._item.request
        method = string(request.get("method")).upper() or "GET"
        query = self._split("params", address.query)
        options = [("request", method)]
        options += [("header", f"{n}: {v}") for n, v in self._split("headers", _headers(request))]
        body, graphql = self._body(request.get("body"))
        options += body if method != "GET" else []
        read = RequestReader().read(options, [f"{address.host}/?{urlencode(query)}"])
        for place, found in self._secrets.items():
            is_both = isinstance(found, dict) and place in read.connection
            read.connection[place] = {**read.connection[place], **found} if is_both else found
        read.method = method
        read.body = self._without_missing(read.body)
        missing = [*self._missing, *read.left_out_of_body]
        unsent = tuple(string(one.get("key")) for one in address.query if one.get("disabled"))
        seen = Seen(item.where, read, address.steps, [], address.values, unsent, graphql)
        if missing:
            names = ", ".join(map(repr, dict.fromkeys(missing)))
            seen.remarks.append(f"{item.where}: {names} has no value to write; set it by hand")
        return seen

    def _split(self, place: str, entries: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
        """Return what is sent; keep secrets apart, and note what has no value."""
        shown = []
        for one in entries:
            name, written = string(one.get("key")), string(one.get("value"))
            if one.get("disabled") or not name or (place == "params" and not written):
                continue
            scope = self._item.scope
            value = scope.resolve(written, shows_hidden=True)
            is_hidden = value != scope.resolve(written)
            if names := open_variables(value):
                if holds_secret(name, "") or any(map(is_secret, names)):
                    self._ask_for(place, name, value)
                else:
                    self._missing.append(name)
            elif (is_hidden or holds_secret(name, value)) and name.lower() != "authorization":
                self._secrets.setdefault(place, {})[name] = escape_braces(value)
            else:
                shown.append((name, value))
        return shown

    def _ask_for(self, place: str, name: str, value: str) -> None:
        """Note a secret that the collection does not have."""
        scheme = value.partition(" ")[0].lower()
        if name.lower() != "authorization" or scheme not in {"bearer", "basic"}:
            self._secrets.setdefault(place, {})[name] = None
        elif scheme == "bearer":
            self._secrets["access_token"] = None
        else:
            self._secrets |= {"grant_type": "basic", "username": None, "password": None}

    def _body(self, body: Any) -> tuple[list[tuple[str, str]], dict[str, Any] | None]:
        """Return the options of a body, or its GraphQL query."""
        if not isinstance(body, Mapping) or body.get("disabled"):
            return [], None
        mode, scope = string(body.get("mode")), self._item.scope
        if mode == "graphql" and isinstance(inner := body.get("graphql"), Mapping):
            return [], self._graphql(inner)
        raw = scope.resolve(string(body.get("raw")))
        decoded = from_json(raw) if mode == "raw" else None
        if isinstance(decoded, dict) and re.match(r"\s*(query\b|\{)", str(decoded.get("query"))):
            return [], self._graphql(decoded)
        if mode == "urlencoded":
            raw = urlencode(self._split("body", list(members(body.get("urlencoded")))))
            if self._secrets.pop("body", None):
                self._missing.append("a secret of its body")
            return [("data-raw", raw)], None
        if mode in {"formdata", "file"}:
            raise ValueError(f"a body of {mode} has no setting")
        return ([("data-raw", raw)] if raw.strip() else []), None

    def _graphql(self, body: Mapping[str, Any]) -> dict[str, Any]:
        resolve = self._item.scope.resolve
        query, name = resolve(string(body.get("query"))), string(body.get("operationName"))
        if open_variables(query):
            raise ValueError("its query has a variable without a value")
        variables = body.get("variables")
        if isinstance(variables, str):
            variables = from_json(resolve(variables))
        found: dict[str, Any] = {"query": query}
        if isinstance(variables, dict) and (kept := self._without_missing(variables)):
            found["variables"] = kept
        if named := re.search(r"\bquery\s+(\w+)", query):
            name = name or named[1]
        return found | ({"name": name} if name else {})

    def _without_missing(self, value: Any) -> Any:
        """Return the members of a body that have a value and are no secret."""
        if isinstance(value, list):
            return [self._without_missing(one) for one in value]
        if not isinstance(value, dict):
            return value
        bad = {
            n
            for n, v in value.items()
            if isinstance(v, str) and (open_variables(v) or holds_secret(n, v))
        }
        self._missing += sorted(bad)
        return {n: self._without_missing(v) for n, v in value.items() if n not in bad}


def saved_bodies(item: Item) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield the bodies of the saved responses that are JSON, with their headers."""
    for one in item.responses:
        code = one.get("code")
        body = from_json(string(one.get("body")))
        if isinstance(body, dict | list) and (not isinstance(code, int) or code in _OK):
            headers = {string(h.get("key")): string(h.get("value")) for h in _headers(one)}
            yield body, headers


def _headers(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return headers, which version 2.0 may have in one string."""
    found = holder.get("header")
    if isinstance(found, str):
        pairs = (line.partition(":") for line in found.splitlines())
        return [{"key": name.strip(), "value": value.strip()} for name, _, value in pairs]
    return [*members(found)]
