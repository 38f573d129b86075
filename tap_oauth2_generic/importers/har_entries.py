"""The entries of a HAR file that list records, decoded one at a time; pure.

A HAR of a browser may have 100 MB, most of it scripts and images: only responses that are JSON are
decoded, and of them no more are kept than is needed to see how requests page.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.curl_request import CurlRequest, RequestReader
from tap_oauth2_generic.importers.names import looks_secret
from tap_oauth2_generic.importers.seen_requests import lists, only_reads
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.values import from_json

# Pages of one path, and characters of all, that are kept.
_MOST_PAGES = 8
_MOST_KEPT = 32_000_000
_LARGEST = 8_000_000
_CACHE = re.compile("_|_?t|_?ts|_dc|cb|cache_?buster|nocache|rand", re.IGNORECASE)
_TIME_DIGITS = 10
_OK = range(200, 300)
_QUERY = re.compile(r"\s*(#[^\n]*\n\s*)*(query\b|\{)")


class _Request(msgspec.Struct, rename="camel"):
    url: str = ""
    method: str = "GET"
    headers: Any = None
    post_data: Any = None


class _Content(msgspec.Struct, rename="camel"):
    text: str = ""
    encoding: str | None = None
    mime_type: str | None = None


class _Response(msgspec.Struct):
    status: int = 0
    headers: Any = None
    content: _Content = msgspec.field(default_factory=_Content)


class _Entry(msgspec.Struct):
    request: _Request
    response: _Response


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]


class _Har(msgspec.Struct):
    log: _Log


@dataclass
class Entry:
    """A request and the list that it got; ``number`` is its place among the entries."""

    number: int
    request: CurlRequest
    steps: tuple[str, ...]
    graphql: dict[str, Any] | None
    page: Page

    @property
    def path(self) -> tuple[Any, ...]:
        """What the requests for one list have in common."""
        query = self.graphql["query"] if self.graphql else None
        return self.request.method, self.steps, query


@dataclass
class Entries:
    """The entries by host, and how many of each kind are left out."""

    by_host: dict[str, list[Entry]] = field(default_factory=dict)
    aside: Counter[str] = field(default_factory=Counter)
    _kept: int = 0
    _pages: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def read(self, text: str) -> None:
        """Read a HAR file; raise InputError if it is none."""
        try:
            log = msgspec.json.decode(text, type=_Har).log
        except (msgspec.MsgspecError, RecursionError) as error:
            raise InputError(f"it is no HAR file, or is cut off: {error}") from None
        for number, raw in enumerate(log.entries, 1):
            try:
                self._add(number, msgspec.json.decode(raw, type=_Entry))
            except (ValueError, RecursionError):
                self.aside["entries that cannot be read"] += 1

    def _add(self, number: int, entry: _Entry) -> None:
        reason = _reason(entry)
        if reason:
            self.aside[reason] += 1
            return
        text = _text(entry.response.content)
        body = from_json(text)
        if not isinstance(body, dict | list):
            self.aside["responses that are cut off or were not saved"] += 1
            return
        request, graphql = _read_request(entry.request)
        steps = tuple(filter(None, request.url.removeprefix(request.origin).split("/")))
        found = dict(pairs(entry.response.headers))
        page = lists(body, found, entry.request.url, steps[-1] if steps else "")
        if not only_reads(request, steps, graphql):
            self.aside["requests that may write"] += 1
        elif page is None:
            self.aside["responses that hold no list of records"] += 1
        elif any(map(looks_secret, steps)):
            self.aside["paths that seem to hold a secret; no setting keeps one there"] += 1
        else:
            self._keep(Entry(number, request, steps, graphql, page), len(text))

    def _keep(self, entry: Entry, size: int) -> None:
        place = (entry.request.origin, *entry.path)
        self._pages[place] += 1
        self._kept += size
        if self._pages[place] > 1 and (self._pages[place] > _MOST_PAGES or self._kept > _MOST_KEPT):
            self.aside["further responses of the same lists"] += 1
            return
        self.by_host.setdefault(entry.request.origin, []).append(entry)


def pairs(listed: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each entry of a list, such as one of headers."""
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            value = one.get("value")
            yield one["name"], value if isinstance(value, str) else ""


def _member(body: Any, name: str) -> Any:
    """Return a member of a body, None if it is no object."""
    return body.get(name) if isinstance(body, dict) else None


def _is_for_cache(name: str, value: Any) -> bool:
    """Return whether a parameter only keeps a browser from its cache: a time in milliseconds."""
    return bool(_CACHE.fullmatch(name)) and str(value).isdecimal() and len(value) >= _TIME_DIGITS


def _reason(entry: _Entry) -> str:
    """Return why an entry cannot be a list, by what is known without its content."""
    kind = (entry.response.content.mime_type or "").lower()
    if entry.request.method == "OPTIONS":
        return "preflight requests"
    if entry.response.status not in _OK:
        return "responses with another status than 2xx"
    if "json" not in kind and not (kind in {"", "text/plain"} and _may_be_json(entry)):
        return "static files and responses that are not JSON"
    if not entry.request.url.startswith(("http://", "https://")):
        return "requests that are not HTTP"
    if len(entry.response.content.text) > _LARGEST:
        return "responses that are too large to look into"
    return ""


def _may_be_json(entry: _Entry) -> bool:
    return entry.response.content.text.lstrip()[:1] in {"{", "["}


def _text(content: _Content) -> str:
    if content.encoding != "base64":
        return content.text
    try:
        return base64.b64decode(content.text, validate=True).decode()
    except ValueError:
        return ""


def _read_request(request: _Request) -> tuple[CurlRequest, dict[str, Any] | None]:
    options = [("request", request.method)]
    # HTTP/2 has its own fields with a colon.
    options += [
        ("header", f"{name}: {value}")
        for name, value in pairs(request.headers)
        if not name.startswith(":") and not value.startswith("@")
    ]
    posted = request.post_data if isinstance(request.post_data, Mapping) else {}
    text = posted.get("text")
    if isinstance(text, str) and text and request.method != "GET":
        options.append(("data-raw", text))
    read = RequestReader().read(options, [request.url.partition("#")[0]])
    read.params = {n: v for n, v in read.params.items() if not _is_for_cache(n, v)}
    sent = from_json(text) if isinstance(text, str) else None
    query = _member(sent, "query")
    if not isinstance(query, str) or not (_QUERY.match(query) or "mutation" in query):
        return read, None
    name, variables = _member(sent, "operationName"), _member(read.body, "variables")
    graphql: dict[str, Any] = {"query": query}
    graphql |= {"variables": variables} if isinstance(variables, dict) and variables else {}
    return read, graphql | ({"name": name} if isinstance(name, str) and name else {})
