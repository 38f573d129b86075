"""A request and a response as the demo's rooms see them; no sockets here, and no routes."""

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
    """The address the client used, ``http://host:port``: what absolute links are built from."""

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
    """One response; Content-Length is added where it is sent."""

    status: int
    content_type: str
    body: bytes
    headers: Headers = ()
    fault: str = ""
    """``drop``: it never arrives; ``cut``: it breaks off half-way."""


def json_response(value: object, status: int = 200, headers: Headers = ()) -> Response:
    """Return ``value`` as a JSON response."""
    return Response(status, "application/json; charset=utf-8", render(value).encode(), headers)


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - it is the answer, not a failure of this program
    """An error answer in the shape of RFC 6749 section 5.2, the API's errors included.

    The description never repeats what the client sent.
    """

    status: int
    error: str
    description: str
    headers: Headers = field(default=())

    def response(self) -> Response:
        """Return the JSON answer."""
        body = {"error": self.error, "error_description": self.description}
        return json_response(body, self.status, (("Cache-Control", "no-store"), *self.headers))


def invalid_request(description: str) -> Problem:
    """Return the 400 for a parameter that is missing, malformed or given twice."""
    return Problem(400, "invalid_request", description)
