"""Request, response and error as the demo's modules see them. No sockets, no routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo.raw_json import render

if TYPE_CHECKING:
    from collections.abc import Mapping

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One request, body read. ``path`` is still percent-encoded; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    """Address the client used, ``http://host:port``: the base of absolute links."""

    def media_type(self) -> str:
        """Return the Content-Type without its parameters, lower case, or an empty string."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def cookie(self, name: str) -> str:
        """Return the value of the cookie ``name``, or an empty string."""
        try:
            morsel = SimpleCookie(self.headers.get("cookie", "")).get(name)
        except CookieError:
            return ""
        return morsel.value if morsel else ""


@dataclass(frozen=True)
class Response:
    """One response; the server adds Content-Length."""

    status: int
    content_type: str
    body: bytes
    headers: Headers = ()
    fault: str = ""
    """``drop``: never sent; ``cut``: only the first half is sent."""


def json_response(value: object, status: int = 200, headers: Headers = ()) -> Response:
    """Return ``value`` as a JSON response."""
    return Response(status, "application/json; charset=utf-8", render(value).encode(), headers)


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - it is a response, not a failure of this program
    """An error in the format of RFC 6749 section 5.2, used by the API too.

    The description never repeats client input.
    """

    status: int
    error: str
    description: str
    headers: Headers = field(default=())

    def response(self) -> Response:
        """Return the JSON response."""
        body = {"error": self.error, "error_description": self.description}
        return json_response(body, self.status, (("Cache-Control", "no-store"), *self.headers))


def invalid_request(description: str) -> Problem:
    """Return the 400 for a parameter that is missing, malformed or given twice."""
    return Problem(400, "invalid_request", description)
