"""Read a curl command line as the documentation of an API shows it; pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.settings.values import from_json

_METHODS = frozenset({"-X", "--request"})
_HEADERS = frozenset({"-H", "--header"})
_DATA = frozenset({"-d", "--data", "--data-raw", "--data-ascii", "--data-binary", "--json"})
_URLS = frozenset({"--url"})
# Options with a value that says nothing about the request, or that a login replaces.
_IGNORED = frozenset(
    {
        "-u",
        "--user",
        "-o",
        "--output",
        "-A",
        "--user-agent",
        "-m",
        "--max-time",
        "--connect-timeout",
    }
    | {"--connect-timeout", "-b", "--cookie", "-w", "--write-out", "--cacert", "-e", "--referer"}
)
_TOKEN_HEADERS = frozenset({"authorization", "content-length", "host"})
_SHORT = 2


@dataclass
class CurlRequest:
    """The parts of a request; ``left_out`` names what the connection adds or nothing needs."""

    url: str = ""
    method: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    body_format: str = "json"
    left_out: list[str] = field(default_factory=list)

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
        words = shlex.split(line.replace("\\\r\n", " ").replace("\\\n", " ").replace("^\n", " "))
    except ValueError as error:
        raise ValueError(f"the curl line cannot be read: {error}") from None
    if not words or words[0] != "curl":
        raise ValueError("the line must begin with curl")
    found, data, is_query = CurlRequest(), list[str](), False
    rest = iter(words[1:])
    for word in rest:
        option, value = _split(word)
        if option in {"-G", "--get"}:
            is_query = True
            continue
        if option in _METHODS | _HEADERS | _DATA | _URLS | _IGNORED and value is None:
            value = next(rest, "")
        _take(found, data, option, value)
    if not found.url:
        raise ValueError("the curl line has no address")
    _fill(found, data, is_query=is_query)
    return found


def _split(word: str) -> tuple[str, str | None]:
    """Return an option and its value, if that is in the same word."""
    if word.startswith("--"):
        name, sign, value = word.partition("=")
        return name, value if sign else None
    if word.startswith("-") and len(word) > _SHORT and word[:_SHORT] in {"-X", "-H", "-d"}:
        return word[:_SHORT], word[_SHORT:]
    return word, None


def _take(found: CurlRequest, data: list[str], option: str, value: str | None) -> None:
    if option in _METHODS:
        found.method = (value or "").upper()
    elif option in _HEADERS:
        name, _, content = (value or "").partition(":")
        if name.strip().lower() in _TOKEN_HEADERS:
            found.left_out.append(f"header {name.strip()}")
        elif name.strip():
            found.headers[name.strip()] = content.strip()
    elif option in _DATA:
        data.append(value or "")
    elif option in _URLS or not option.startswith("-"):
        found.url = value or option
    elif option in _IGNORED:
        found.left_out.append(option)


def _fill(found: CurlRequest, data: list[str], *, is_query: bool) -> None:
    """Put query and data where a stream has them."""
    if "://" not in found.url:
        found.url = f"https://{found.url}"
    query = urlsplit(found.url).query
    found.url = found.url.partition("#")[0].partition("?")[0]
    if any(one.startswith("@") for one in data):
        raise ValueError("the data of the curl line is in a file; put the content in its place")
    joined = "&".join(data)
    if is_query:
        query, joined = "&".join(filter(None, (query, joined))), ""
    for name, value in parse_qsl(query, keep_blank_values=True):
        before = found.params.get(name)
        found.params[name] = value if before is None else [*_listed(before), value]
    if joined:
        found.method = found.method or "POST"
        body = from_json(joined)
        if isinstance(body, dict | list):
            found.body = body
        else:
            found.body = dict(parse_qsl(joined, keep_blank_values=True))
            found.body_format = "form"
        if found.body == {}:
            raise ValueError("the data of the curl line is neither JSON nor a form")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
