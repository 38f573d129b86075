"""The demo as a whole: which path is answered by whom, and who needs a token. No sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo import api
from tap_oauth2_generic.demo.authorize import AuthorizationEndpoint
from tap_oauth2_generic.demo.grants import token_endpoint
from tap_oauth2_generic.demo.store import Store
from tap_oauth2_generic.demo.token_book import TokenBook
from tap_oauth2_generic.demo.wire import Problem, Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/v1"

Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """One method of one path; the groups of ``path`` are handed to ``handler``."""

    method: str
    path: re.Pattern[str]
    handler: Handler


class App:
    """Answers requests, whatever brings them."""

    def __init__(self, issuer: str, *, token_lifetime: float, clock: Callable[[], float]) -> None:
        """Make the data and an empty provider.

        Args:
            issuer: The provider's URL.
            token_lifetime: How long an access token is good, in seconds.
            clock: Returns epoch seconds.
        """
        self._book = TokenBook(clock, token_lifetime)
        self._authorization = AuthorizationEndpoint(issuer, self._book, clock)
        self._store = Store()
        self._routes = [*self._open_routes(), *self._api_routes()]

    def answer(self, request: Request) -> Response:
        """Return the answer to a request; an error is an answer, too."""
        try:
            return self._dispatch(request)
        except Problem as problem:
            return problem.response()

    def _dispatch(self, request: Request) -> Response:
        if request.path.startswith(f"{API}/"):
            self._check_token(request)
        fitting = [(route, route.path.fullmatch(request.path)) for route in self._routes]
        allowed = {route.method: (route, found) for route, found in fitting if found}
        if not allowed:
            raise Problem(404, "not_found", "there is nothing at this path")
        if request.method not in allowed:
            allow = (("Allow", ", ".join(allowed)),)
            raise Problem(405, "method_not_allowed", f"use {' or '.join(allowed)}", allow)
        route, found = allowed[request.method]
        return route.handler(request, *found.groups())

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._book.accepts(token.strip()):
            description = "the access token is missing, unknown, expired or revoked"
            challenge = f'Bearer error="invalid_token", error_description="{description}"'
            raise Problem(401, "invalid_token", description, (("WWW-Authenticate", challenge),))

    def _open_routes(self) -> Iterator[Route]:
        handlers: tuple[tuple[str, str, Handler], ...] = (
            ("POST", "/oauth/token", lambda request: token_endpoint(self._book, request)),
            ("GET", "/oauth/authorize", self._authorization.ask),
            ("POST", "/oauth/authorize", self._authorization.decide),
            ("POST", "/demo/change", lambda _: json_response(self._store.change())),
            ("GET", "/demo/counts", lambda _: json_response(self._store.counts())),
        )
        for method, path, handler in handlers:
            yield Route(method, re.compile(re.escape(path)), handler)

    def _api_routes(self) -> Iterator[Route]:
        handlers: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/countries", api.countries),
            ("GET", "/contacts", api.contacts),
            ("GET", "/issues", api.issues),
            ("GET", "/people", api.people),
            ("GET", "/messages", api.messages),
            ("GET", "/events", api.events),
            ("GET", "/charges", api.charges),
            ("POST", "/search", api.search),
            ("GET", "/lists", api.lists),
            ("GET", "/lists/([^/]+)/tasks", api.tasks),
        )
        for method, path, handler in handlers:
            yield Route(method, re.compile(API + path), self._with_store(handler))

    def _with_store(self, handler: Handler) -> Handler:
        return lambda request, *groups: handler(self._store, request, *groups)
