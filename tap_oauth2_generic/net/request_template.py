"""A stream's request as templates, and how they are filled.

Knows no paging, no token and no host rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.net.graphql import GraphQL
from tap_oauth2_generic.net.request import Request, encode_pairs
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.runtime.secret_values import of_header
from tap_oauth2_generic.settings.field_types import (
    BODY,
    HEADERS,
    PARAMETERS,
    TEMPLATE,
    enum,
    section,
)
from tap_oauth2_generic.settings.fields import Settings, names_of, setting
from tap_oauth2_generic.settings.limits import MIN_MASKED_LENGTH
from tap_oauth2_generic.settings.templates import (
    OF_REQUEST,
    Scope,
    Template,
    as_text,
    fill_values,
)
from tap_oauth2_generic.settings.values import map_leaves

# A dot segment: it leads to the same path or the one above (RFC 3986 section 3.3).
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?![^/#])", re.IGNORECASE)


METHOD = enum("GET", "POST", "PUT", "PATCH", "DELETE")


class RequestSettings(Settings):
    """One request of a stream."""

    path: Template = setting(
        TEMPLATE,
        "Path relative to `base_url`, or an absolute URL on one of `allowed_hosts`. A template.",
        required=True,
    )
    method: str = setting(METHOD, "The HTTP method.", default="GET")
    params: dict[str, Any] = setting(
        PARAMETERS, "Query parameters; values are templates or arrays.", default={}
    )
    raw_params: dict[str, Any] = setting(
        PARAMETERS,
        "Query parameters that are sent as written, never percent-encoded: `List(a,b)`. Templates.",
        default={},
    )
    headers: dict[str, Template | None] = setting(
        HEADERS, "Extra request headers; values are templates.", default={}
    )
    body: Any = setting(BODY, "Request body, an object or array whose strings are templates.")
    body_format: str = setting(enum("json", "form"), "Encoding of the body.", default="json")
    graphql: GraphQL | None = setting(
        section(GraphQL),
        "A GraphQL query, posted as JSON. `errors` in its response fail the read, and a limit on "
        "its cost is waited for.",
    )

    def templates(self) -> Iterator[tuple[str, Template]]:
        """Yield each template with its place."""
        yield "path", self.path
        for place in ("params", "raw_params", "headers", "body", "graphql"):
            yield from templates_in(getattr(self, place), place)

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The names of all placeholders."""
        used = (found.placeholders for _, found in self.templates())
        return frozenset(one.name for placeholders in used for one in placeholders)

    def contradictions(self) -> list[str]:
        """Return what cannot be sent, a sentence each."""
        if self.graphql and (self.body is not None or self.body_format == "form"):
            return ["graphql is a JSON body of its own; remove body and body_format"]
        if self.body_format == "form" and isinstance(self.body, list):
            return ["body_format form needs a body that is an object"]
        return []


@dataclass(frozen=True)
class RequestTemplate:
    """A stream's request, with the ``params`` and ``headers`` of the connection.

    A stream's own entry of the same name wins, and null removes it.
    """

    base_url: Template
    params: dict[str, Any]
    headers: dict[str, Template | None]
    settings: RequestSettings

    def fill(self, scope: Scope) -> Request:
        """Build a request; raise SettingError if a placeholder has no value."""
        base_url = self.base_url.render(scope)
        connection, raw = fill(self.params, scope), self._raw_params(scope)
        if link := self._link(base_url, scope):
            url, _, raw[""] = link.partition("#")[0].partition("?")
            given: dict[str, Any] = {}
        else:
            url, given = split_query(join(base_url, self._path(scope)))
        for template in self._secrets:
            value = template.render(scope)
            register(*(part for part in of_header(value) if len(part) >= MIN_MASKED_LENGTH))
        headers = fill({**self.headers, **self.settings.headers}, scope)
        body = self.settings.graphql.body if self.settings.graphql else self.settings.body
        if self.settings.body_format == "json":
            body = fill_values(body, scope)
        params = {**connection, **given, **fill(self.settings.params, scope)}
        return Request(
            method="POST" if self.settings.graphql else self.settings.method,
            url=url,
            params={name: value for name, value in params.items() if name not in raw},
            headers={name: value for name, value in headers.items() if value is not None},
            body=fill(body, scope),
            body_format="form" if self.settings.body_format == "form" else "json",
            base_url=base_url,
            raw_query="&".join(filter(None, raw.values())),
            link=link,
        )

    def _link(self, base_url: str, scope: Scope) -> str:
        """Return the address that a lone placeholder in the path holds, empty if it holds none."""
        if not self.settings.path.is_lone:
            return ""
        value = as_text(self.settings.path.value(scope))
        is_link = value.startswith("/") or urlsplit(value).scheme in {"http", "https"}
        return urljoin(base_url, value) if is_link else ""

    def _raw_params(self, scope: Scope) -> dict[str, str]:
        """Return each raw parameter as it is sent; a value that fills it cannot end it."""

        def render(value: Any) -> Any:
            is_template = isinstance(value, Template)
            return value.render(scope, lambda s: s.replace("&", "%26")) if is_template else value

        rendered = map_leaves(self.settings.raw_params, render)
        raw = dict.fromkeys(rendered, "")
        for name, value in encode_pairs(rendered):
            raw[name] += f"{'&' if raw[name] else ''}{quote(name, safe='')}={value}"
        return raw

    @cached_property
    def _secrets(self) -> list[Template]:
        """Anything sent with every request may be a secret, filled templates included.

        Not what is new for each request: there would be more secrets with every page.
        """
        found = [*self.headers.values(), *self.params.values()]
        return [
            one
            for one in found
            if isinstance(one, Template)
            if OF_REQUEST.keys().isdisjoint(placeholder.name for placeholder in one.placeholders)
        ]

    def _path(self, scope: Scope) -> str:
        # A value in a path is data: a slash or question mark in it is not syntax.
        path = self.settings.path.render(scope, encode=lambda value: quote(value, safe=""))
        if _dot_segments(path) > _dot_segments(self.settings.path.text):
            # No encoding helps: a server decodes it and follows it.
            message = f"path: a value makes a dot segment of {path!r}, which leads to another path"
            raise SettingError(message)
        return path


def _dot_segments(path: str) -> int:
    return len(_DOT_SEGMENT.findall(path.partition("?")[0]))


def templates_in(value: Any, place: str) -> Iterator[tuple[str, Template]]:
    """Yield each template inside parameters, headers or a body, with its place."""
    if isinstance(value, Template):
        yield place, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from templates_in(member, f"{place}.{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from templates_in(member, f"{place}[{index}]")
    elif isinstance(value, Settings):
        for name in names_of(type(value)):
            yield from templates_in(getattr(value, name), f"{place}.{name}")


def fill(value: Any, scope: Scope) -> Any:
    """Fill every template inside a value; numbers stay numbers."""
    return map_leaves(value, lambda v: v.render(scope) if isinstance(v, Template) else v)


def join(base_url: str, path: str) -> str:
    """Join by exactly one slash; an absolute path replaces the base URL."""
    if urlsplit(path).scheme in {"http", "https"}:
        return path
    if not path or path[0] in "?#":
        return base_url + path
    return f"{base_url.rstrip('/')}/{path.lstrip('/')}"


def split_query(url: str) -> tuple[str, dict[str, list[str]]]:
    """Split the query off a URL, as parameters that settings and paging may override."""
    address, _, query = url.partition("#")[0].partition("?")
    # Bytes that are not UTF-8 are encoded to the same bytes again.
    return address, parse_qs(query, keep_blank_values=True, errors="surrogateescape")
