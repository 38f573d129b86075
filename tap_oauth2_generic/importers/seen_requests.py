"""A request that lists records, as a source shows it with its responses; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.importers.curl_request import CurlRequest
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.parsing.extract_records import RecordSettings, extract_records
from tap_oauth2_generic.parsing.guess_records import guess_records
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.fields import ErrorCollector, read

# The end of a path that only reads, although its request is a POST.
_READS = re.compile(r"search|query|list|find|filter|lookup", re.IGNORECASE)
_MUTATES = re.compile(r"\s*(#[^\n]*\n\s*)*(mutation|subscription)\b")


@dataclass
class Seen:
    """A request that lists records.

    ``steps`` are the parts of its path, ``:name`` for a variable, whose value may be in ``values``;
    ``unsent`` are parameters that it may carry, ``pages`` its responses that hold a list.
    """

    where: str
    request: CurlRequest
    steps: tuple[str, ...]
    pages: list[Page] = field(default_factory=list)
    values: Mapping[str, str] = field(default_factory=dict)
    unsent: tuple[str, ...] = ()
    graphql: dict[str, Any] | None = None
    pagination: dict[str, Any] | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def longest(self) -> Page | None:
        """The response with the most records."""
        return max(self.pages, key=lambda page: page.length, default=None)

    @property
    def shape(self) -> tuple[Any, ...]:
        """What two requests for the same records have in common."""
        return (*shape_of(self.steps), *([self.graphql["query"]] if self.graphql else []))


def lists(body: Any, headers: Mapping[str, str], url: str, name: str) -> Page | None:
    """Return the page of a response that holds a list of records, None if it holds none."""
    settings = guess_records(body, [name])
    if not settings and not isinstance(body, list):
        return None
    page = Page(url, 200, CaseInsensitiveDict(headers), body)
    try:
        read_settings = read(RecordSettings, settings, ErrorCollector())
        page.records, page.found, page.sent, page.is_lone = extract_records(body, read_settings)
    except ResponseError:
        return None
    is_of_objects = isinstance(body, list) and body and not any(isinstance(r, dict) for r in body)
    return None if is_of_objects else page


def only_reads(request: CurlRequest, steps: Sequence[str], graphql: Any) -> bool:
    """Return whether a request only reads, as far as its method and path tell."""
    if graphql:
        return not _MUTATES.match(graphql["query"])
    is_search = request.method == "POST" and bool(steps) and _READS.search(steps[-1])
    return request.method in {"", "GET"} or bool(is_search)


def take_connection(made: Imported, request: CurlRequest) -> None:
    """Add what a request needs of its connection; the first request with a value wins."""
    for name, value in [*request.connection.items(), *request.stand_ins.items()]:
        if isinstance(value, Mapping):
            known = made.secrets.setdefault(name, {})
            known |= {n: v for n, v in value.items() if n not in known}
        elif name == "grant_type":
            made.config[name] = value
        elif name not in made.config:
            made.secrets.setdefault(name, value)


def is_variable(step: str) -> bool:
    """Return whether a part of a path is a variable."""
    return step.startswith(":") and len(step) > 1


def shape_of(steps: Sequence[str]) -> tuple[Any, ...]:
    """Return a path without the names of its variables."""
    return (tuple(":" if is_variable(s) else s.removesuffix(".json") for s in steps),)


def request_settings(seen: Seen) -> dict[str, Any]:
    """Return the settings of a stream that say what is sent."""
    request = seen.request
    found: dict[str, Any] = {}
    headers = {"headers": request.headers} if request.headers else {}
    if seen.graphql:
        return {"method": "POST", "graphql": seen.graphql} | headers
    if request.method not in {"", "GET"}:
        found["method"] = request.method
    if request.params:
        found["params"] = request.params
    found |= headers
    if request.body and request.method not in {"", "GET"}:
        found["body"] = request.body
        found |= {"body_format": "form"} if request.body_format == "form" else {}
    return found
