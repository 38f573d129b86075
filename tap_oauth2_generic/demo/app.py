"""The demo as a whole: which path is answered by whom, and who needs a token. No sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.demo import api, exports, feeds_api, shop_api
from tap_oauth2_generic.demo.authorize import AuthorizationEndpoint
from tap_oauth2_generic.demo.grants import token_endpoint
from tap_oauth2_generic.demo.store import Store
from tap_oauth2_generic.demo.token_book import TokenBook
from tap_oauth2_generic.demo.trouble import Trouble
from tap_oauth2_generic.demo.wire import Problem, Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/v1"

Handler = Callable[..., Response]
ALL_METHODS = "GET POST PUT PATCH DELETE"

#: Methods, path and function of every endpoint whose rows can change.
STORED: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/countries", api.countries),
    ("GET", "/contacts", api.contacts),
    ("GET", "/issues", api.issues),
    ("GET", "/people", api.people),
    ("GET", "/messages", api.messages),
    ("GET", "/events", api.events),
    ("GET", "/charges", api.charges),
    ("POST", "/search", api.search),
    ("GET", "/lists", api.lists),
    ("GET", "/lists/{list}/tasks", api.tasks),
    ("GET", "/lists/{list}/tasks/{task}/comments", api.comments),
)
#: Likewise of every endpoint whose rows never change.
FIXED: tuple[tuple[str, str, Handler], ...] = (
    (ALL_METHODS, "/regions/{region}/orders", shop_api.orders),
    ("GET", "/prices", shop_api.prices),
    ("GET", "/stock", shop_api.stock),
    ("GET", "/articles", shop_api.articles),
    ("GET", "/exports/{file}", exports.customers),
    ("GET", "/changes/{kind}", feeds_api.changes),
    ("GET", "/readings", feeds_api.readings),
    ("GET", "/channels", feeds_api.channels),
    ("GET", "/channels/{channel}/posts", feeds_api.posts),
)


@dataclass(frozen=True)
class Route:
    """One path; what stands for the ``{names}`` in it is handed to ``handler``."""

    methods: str
    path: str
    handler: Handler
    about: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a request's path must fit whole."""
        return re.compile(re.sub(r"\{\w+\}", "([^/]+)", self.path))


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
        self._trouble = Trouble()
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
        fitting = [(route, route.pattern.fullmatch(request.path)) for route in self._routes]
        allowed = {
            method: (route, found)
            for route, found in fitting
            if found
            for method in route.methods.split()
        }
        if not allowed:
            raise Problem(404, "not_found", "there is nothing at this path")
        if request.method not in allowed:
            allow = (("Allow", ", ".join(allowed)),)
            raise Problem(405, "method_not_allowed", f"use {' or '.join(allowed)}", allow)
        route, found = allowed[request.method]
        path = request.path.removeprefix(API)
        return self._trouble.befall(
            path, request.query, lambda: route.handler(request, *found.groups())
        )

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._book.accepts(token.strip()):
            description = "the access token is missing, unknown, expired or revoked"
            challenge = f'Bearer error="invalid_token", error_description="{description}"'
            raise Problem(401, "invalid_token", description, (("WWW-Authenticate", challenge),))

    def endpoints(self) -> list[dict[str, Any]]:
        """Return what there is: methods, path and purpose of every endpoint."""
        return [
            {"methods": route.methods.split(), "path": route.path, "about": route.about}
            for route in self._routes
        ]

    def _open_routes(self) -> Iterator[Route]:
        yield Route("GET", "/", self._index, "all endpoints")
        yield Route("POST", "/oauth/token", self._token, "the token endpoint")
        yield Route("GET", "/oauth/authorize", self._authorization.ask, "the page to log in at")
        yield Route("POST", "/oauth/authorize", self._authorization.decide, "its form")
        yield Route("POST", "/demo/change", self._change, "changes three rows, adds one, of each")
        yield Route("GET", "/demo/counts", self._counts, "how many rows of each there are")
        yield Route("POST", "/demo/trouble", self._trouble.plan, _first_line(self._trouble.plan))
        yield Route("DELETE", "/demo/trouble", self._trouble.end, _first_line(self._trouble.end))

    def _api_routes(self) -> Iterator[Route]:
        for methods, path, handler in STORED:
            yield Route(methods, API + path, self._with_store(handler), _first_line(handler))
        for methods, path, handler in FIXED:
            yield Route(methods, API + path, handler, _first_line(handler))

    def _token(self, request: Request) -> Response:
        return token_endpoint(self._book, request)

    def _index(self, _: Request) -> Response:
        return json_response({"endpoints": self.endpoints()})

    def _change(self, _: Request) -> Response:
        return json_response(self._store.change())

    def _counts(self, _: Request) -> Response:
        return json_response(self._store.counts())

    def _with_store(self, handler: Handler) -> Handler:
        return lambda request, *groups: handler(self._store, request, *groups)


def _first_line(handler: Handler) -> str:
    return (handler.__doc__ or "").partition("\n")[0].strip()
