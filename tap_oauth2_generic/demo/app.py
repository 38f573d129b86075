"""The demo's routes: which endpoint serves a path, and which paths need a token. No sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.demo import api, exports, feeds_api, shop_api
from tap_oauth2_generic.demo.authorize import AuthorizationEndpoint
from tap_oauth2_generic.demo.faults import Faults
from tap_oauth2_generic.demo.grants import token_endpoint
from tap_oauth2_generic.demo.http_messages import Problem, Request, Response, json_response
from tap_oauth2_generic.demo.issued_tokens import IssuedTokens
from tap_oauth2_generic.demo.store import Store

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
#: The same for every endpoint whose rows never change.
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
    """One path; the values of its ``{names}`` are passed to ``handler``."""

    methods: str
    path: str
    handler: Handler
    about: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Pattern that the whole path of a request must match."""
        return re.compile(re.sub(r"\{\w+\}", "([^/]+)", self.path))


class App:
    """Map requests to responses, independent of the transport."""

    def __init__(self, issuer: str, *, token_lifetime: float, clock: Callable[[], float]) -> None:
        """Create the data and a provider without tokens.

        Args:
            issuer: URL of the provider.
            token_lifetime: Lifetime of an access token in seconds.
            clock: Returns epoch seconds.
        """
        self._issued = IssuedTokens(clock, token_lifetime)
        self._authorization = AuthorizationEndpoint(issuer, self._issued, clock)
        self._store = Store()
        self._faults = Faults()
        self._routes = [*self._open_routes(), *self._api_routes()]

    def respond(self, request: Request) -> Response:
        """Return the response to a request; errors are responses too."""
        try:
            return self._dispatch(request)
        except Problem as problem:
            return problem.response()

    def _dispatch(self, request: Request) -> Response:
        if request.path.startswith(f"{API}/"):
            self._check_token(request)
        matching = [(route, route.pattern.fullmatch(request.path)) for route in self._routes]
        allowed = {
            method: (route, found)
            for route, found in matching
            if found
            for method in route.methods.split()
        }
        if not allowed:
            raise Problem(404, "not_found", "no endpoint has this path")
        if request.method not in allowed:
            allow = (("Allow", ", ".join(allowed)),)
            raise Problem(405, "method_not_allowed", f"use {' or '.join(allowed)}", allow)
        route, found = allowed[request.method]
        path = request.path.removeprefix(API)
        return self._faults.apply(
            path, request.query, lambda: route.handler(request, *found.groups())
        )

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._issued.accepts(token.strip()):
            description = "the access token is missing, unknown, expired or revoked"
            challenge = f'Bearer error="invalid_token", error_description="{description}"'
            raise Problem(401, "invalid_token", description, (("WWW-Authenticate", challenge),))

    def endpoints(self) -> list[dict[str, Any]]:
        """Return methods, path and purpose of every endpoint."""
        return [
            {"methods": route.methods.split(), "path": route.path, "about": route.about}
            for route in self._routes
        ]

    def _open_routes(self) -> Iterator[Route]:
        yield Route("GET", "/", self._index, "all endpoints")
        yield Route("POST", "/oauth/token", self._token, "the token endpoint")
        yield Route("GET", "/oauth/authorize", self._authorization.ask, "the login page")
        yield Route(
            "POST", "/oauth/authorize", self._authorization.decide, "the form of the login page"
        )
        yield Route(
            "POST", "/demo/change", self._change, "change three rows of each collection and add one"
        )
        yield Route("GET", "/demo/counts", self._counts, "number of rows in each collection")
        yield Route("POST", "/demo/faults", self._faults.plan, _first_line(self._faults.plan))
        yield Route("DELETE", "/demo/faults", self._faults.end, _first_line(self._faults.end))

    def _api_routes(self) -> Iterator[Route]:
        for methods, path, handler in STORED:
            yield Route(methods, API + path, self._with_store(handler), _first_line(handler))
        for methods, path, handler in FIXED:
            yield Route(methods, API + path, handler, _first_line(handler))

    def _token(self, request: Request) -> Response:
        return token_endpoint(self._issued, request)

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
