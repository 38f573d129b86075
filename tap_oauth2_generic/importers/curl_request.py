"""Read a curl line, of documentation or copied by a browser, as settings; pure.

Tokens, keys and cookies are kept apart from the request: they become settings that are secret.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from getopt import GetoptError
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.importers.command_line import split_command
from tap_oauth2_generic.importers.curl_options import read_options
from tap_oauth2_generic.importers.curl_values import (
    add_value,
    decode_basic,
    encode_pair,
    escape_braces,
    literal,
)
from tap_oauth2_generic.importers.names import drop_secrets, holds_secret, is_of_client, is_stand_in
from tap_oauth2_generic.settings.values import from_json, map_leaves

_FROM_FILES = frozenset({"data", "data-binary", "json"})


@dataclass
class CurlRequest:
    """The parts of a request.

    ``connection`` are settings that the request needs of its connection, secrets included;
    ``stand_ins`` are secret ones, None each, of which the line has only a placeholder;
    ``left_out`` names the parts that are not taken over, ``left_out_of_body`` the members of the
    body that hold secrets: the body of a stream is not a secret setting.
    """

    url: str = ""
    method: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    body_format: str = "json"
    connection: dict[str, Any] = field(default_factory=dict)
    stand_ins: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    left_out_of_body: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The address up to its path, the least that can be a base URL."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def definition(self, base_url: str) -> dict[str, Any]:
        """Return the settings of a stream, its path relative to ``base_url`` if it is below."""
        path = self.url
        if base_url and f"{self.url}/".startswith(f"{base_url.rstrip('/')}/"):
            path = self.url[len(base_url.rstrip("/")) :] or "/"
        found: dict[str, Any] = {"path": path, "method": self.method or "GET"}
        for name in ("params", "headers", "body"):
            if value := getattr(self, name):
                found[name] = value
        return found | ({"body_format": "form"} if self.body_format == "form" else {})


def parse_curl(line: str) -> CurlRequest:
    """Parse a command line; raise ValueError with a sentence if it is none."""
    try:
        words = split_command(line)
    except ValueError as error:
        raise ValueError(f"the curl line cannot be read: {error}") from None
    if not words or words[0] not in {"curl", "curl.exe"}:
        raise ValueError("the line must begin with curl")
    try:
        options, urls = read_options(words[1:])
    except GetoptError as error:
        raise ValueError(f"the curl line cannot be read: {error.msg}") from None
    return RequestReader().read(options, urls)


class RequestReader:
    """Collects the options of one line."""

    def __init__(self) -> None:
        self._made = CurlRequest()
        self._data: list[str] = []
        self._query: list[str] = []
        self._content_type = ""
        self._is_query = self._is_json = False

    def read(self, options: Iterable[tuple[str, str]], urls: list[str]) -> CurlRequest:
        """Return the request; raise ValueError if no setting describes it."""
        for name, value in options:
            self._take(name, value)
        if len(urls) != 1:
            raise ValueError(
                "the curl line has several addresses" if urls else "the curl line has no address"
            )
        self._fill_url(urls[0])
        self._fill_body()
        return self._made

    def _take(self, name: str, value: str) -> None:
        match name:
            case "request":
                self._made.method = value.upper()
            case "get":
                self._is_query = True
            case "header":
                self._take_header(value)
            case "user":
                self._take_user(value)
            case "oauth2-bearer":
                self._take_header(f"Authorization: Bearer {value}")
            case "cookie" if "=" in value:
                self._take_header(f"Cookie: {value}")
            case "data" | "data-raw" | "data-binary" | "json" | "data-urlencode" | "url-query":
                self._take_data(name, value)
            case "user-agent" | "referer" | "cookie" | "insecure" | "proxy" | "head":
                self._made.left_out.append(f"--{name}")

    def _take_header(self, line: str) -> None:
        name, _, value = line.partition(":")
        name, value = name.strip(), " ".join(value.split())
        if line.startswith("@"):
            raise ValueError("the headers of the curl line are in a file; put them into the line")
        if not name or name.lower() == "content-type":
            self._content_type = value.lower()
        elif name.lower() == "authorization":
            self._take_authorization(value)
        elif is_of_client(name) or (name.lower() == "accept" and value.startswith("*/*")):
            self._made.left_out.append(f"header {name}")
        elif holds_secret(name, value):
            self._keep_secret("headers", name, value)
        elif value:
            self._made.headers[name] = escape_braces(value)

    def _take_authorization(self, value: str) -> None:
        scheme, _, token = value.partition(" ")
        if scheme.lower() == "basic" and (user := decode_basic(token)):
            self._take_user(user)
        elif scheme.lower() == "bearer" and token and not is_stand_in(token):
            self._made.connection["access_token"] = token
        elif scheme.lower() == "bearer" or is_stand_in(token or value):
            self._made.left_out.append("header Authorization")
            is_token = scheme.lower() in {"bearer", value.lower()}
            named = {"access_token": None} if is_token else {"headers": {"Authorization": None}}
            self._made.stand_ins |= named
        else:
            self._keep_secret("headers", "Authorization", value)

    def _take_user(self, value: str) -> None:
        name, sign, password = value.partition(":")
        if sign and not password:
            # The user is the key then, which the configuration must not hold.
            encoded = base64.b64encode(value.encode()).decode()
            self._keep_secret("headers", "Authorization", f"Basic {encoded}", name)
            return
        if is_stand_in(password):
            self._made.stand_ins["password"], password = None, ""
        found = {"grant_type": "basic", "username": name, "password": password}
        self._made.connection |= {key: one for key, one in found.items() if one}

    def _keep_secret(self, place: str, name: str, value: str, decoded: str = "") -> None:
        if is_stand_in(decoded or value):
            self._made.left_out.append(f"{place.rstrip('s')} {name}")
            self._made.stand_ins.setdefault(place, {})[name] = None
            return
        # Settings of the connection are templates.
        self._made.connection.setdefault(place, {})[name] = escape_braces(value)

    def _take_data(self, name: str, value: str) -> None:
        self._is_json = self._is_json or name == "json"
        if name == "data-urlencode":
            value = encode_pair(value)
        elif name in _FROM_FILES and value.startswith("@"):
            raise ValueError("the data of the curl line is in a file; put the content in its place")
        if name == "url-query":
            self._query.append(value[1:] if value.startswith("+") else encode_pair(value))
        elif name == "json" and self._data:
            self._data[-1] += value
        else:
            self._data.append(value)

    def _fill_url(self, url: str) -> None:
        """Take the address apart: its query, and credentials that it may hold."""
        url = url if "://" in url else f"https://{url}"
        parts = urlsplit(url)
        host = parts.netloc
        if "@" in host:
            user, _, host = host.rpartition("@")
            self._take_user(user if ":" in user else f"{user}:")
        self._made.url = f"{parts.scheme}://{host}{parts.path}"
        found = [parts.query, *self._query, *(self._data if self._is_query else [])]
        for name, value in parse_qsl("&".join(filter(None, found)), keep_blank_values=True):
            if value and holds_secret(name, value):
                self._keep_secret("params", name, value)
            else:
                add_value(self._made.params, name, literal(value))

    def _fill_body(self) -> None:
        made, joined = self._made, "" if self._is_query else "&".join(self._data)
        if not joined:
            return
        made.method = made.method or "POST"
        made.body = from_json(joined)
        if isinstance(made.body, dict | list):
            made.body = map_leaves(drop_secrets(made.body, made.left_out_of_body), literal)
            return
        pairs = parse_qsl(joined, keep_blank_values=True)
        if self._is_json or "json" in self._content_type or not pairs or "=" not in joined:
            raise ValueError("the data of the curl line is neither JSON nor a form")
        made.body, made.body_format = {}, "form"
        for name, value in pairs:
            add_value(made.body, name, literal(value))
        made.body = drop_secrets(made.body, made.left_out_of_body)
