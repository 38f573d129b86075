"""The authorization endpoint (RFC 6749 section 3.1): checks, asks the user, redirects with a code.

The page is in ``pages``; the exchange of the code is in ``grants``.
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tap_oauth2_generic.demo.clients import (
    CLIENTS,
    USERNAME,
    Client,
    allowed_redirect,
    right_password,
    same,
)
from tap_oauth2_generic.demo.grants import DEFAULT_SCOPE, SCOPES, granted_scope
from tap_oauth2_generic.demo.http_messages import (
    Headers,
    Problem,
    Request,
    Response,
    invalid_request,
)
from tap_oauth2_generic.demo.issued_tokens import AuthorizationCode, Family, IssuedTokens
from tap_oauth2_generic.demo.pages import consent_page, error_page
from tap_oauth2_generic.demo.params import oauth_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TICKET_LIFETIME = 600.0

_COOKIE = "demo_browser"
_BROWSER = re.compile(r"[A-Za-z0-9_-]{22}")
_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PAGE_HEADERS = (
    ("Cache-Control", "no-store"),
    # Without form-action: browsers also apply it to the redirect to the client.
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)


@dataclass(frozen=True)
class _Ticket:
    """A valid authorization request that waits for the user of one browser."""

    client: Client
    redirect_uri: str
    state: str
    scope: str
    code_challenge: str
    browser: str
    expires_at: float


class AuthorizationEndpoint:
    """Serve ``/oauth/authorize``.

    The form carries a one-time ticket bound to the browser that received it, the defense against
    cross-site request forgery.
    """

    def __init__(self, issuer: str, issued: IssuedTokens, clock: Callable[[], float]) -> None:
        """Send ``issuer`` as ``iss`` (RFC 9207); ``clock`` returns epoch seconds."""
        self._issuer = issuer
        self._issued = issued
        self._clock = clock
        self._lock = threading.Lock()
        self._tickets: dict[str, _Ticket] = {}

    def ask(self, request: Request) -> Response:
        """Respond to GET with the page, or with an error redirect."""
        try:
            params = oauth_fields(request.query)
            client, redirect_uri = _trusted_target(params)
        except Problem as problem:
            return _html(problem.status, error_page(problem.description))
        try:
            scope, challenge = _check_request(client, params)
        except Problem as problem:
            error = {"error": problem.error, "error_description": problem.description}
            return self._redirect(redirect_uri, params.get("state", ""), error)
        browser = _browser(request) or secrets.token_urlsafe(16)
        ticket = _Ticket(
            client=client,
            redirect_uri=redirect_uri,
            state=params.get("state", ""),
            scope=scope,
            code_challenge=challenge,
            browser=browser,
            expires_at=self._clock() + TICKET_LIFETIME,
        )
        cookie = f"{_COOKIE}={browser}; Path=/oauth/authorize; HttpOnly; SameSite=Strict"
        return _consent(200, self._keep(ticket), ticket, headers=(("Set-Cookie", cookie),))

    def decide(self, request: Request) -> Response:
        """Respond to the form: redirect with a code or ``access_denied``, or show it again."""
        try:
            form = oauth_fields(request.body)
            number, ticket = self._ticket_of(request, form)
        except Problem as problem:
            return _html(problem.status, error_page(problem.description))
        allowed = form.get("decision") == "allow"
        if allowed and not right_password(form.get("username", ""), form.get("password", "")):
            return _consent(403, number, ticket, error="Wrong user name or password.")
        with self._lock:
            unused = self._tickets.pop(number, None)
        if unused is None:
            return _html(400, error_page("This form was already used."))
        answer = {"code": self._code(ticket)} if allowed else {"error": "access_denied"}
        return self._redirect(ticket.redirect_uri, ticket.state, answer)

    def _keep(self, ticket: _Ticket) -> str:
        number, now = secrets.token_urlsafe(16), self._clock()
        with self._lock:
            current = {key: old for key, old in self._tickets.items() if old.expires_at > now}
            self._tickets = {**current, number: ticket}
        return number

    def _ticket_of(self, request: Request, form: Mapping[str, str]) -> tuple[str, _Ticket]:
        number = form.get("ticket", "")
        ticket = self._tickets.get(number)
        if ticket is None or ticket.expires_at <= self._clock():
            raise Problem(400, "invalid_request", "This form has expired. Start again.")
        if not same(_browser(request), ticket.browser):
            raise Problem(403, "invalid_request", "This form belongs to another browser.")
        return number, ticket

    def _code(self, ticket: _Ticket) -> str:
        family = Family(ticket.client.client_id, USERNAME, ticket.scope)
        code = AuthorizationCode(family, ticket.redirect_uri, ticket.code_challenge)
        return self._issued.add_code(code)

    def _redirect(self, uri: str, state: str, answer: Mapping[str, str]) -> Response:
        params = {**answer, **({"state": state} if state else {}), "iss": self._issuer}
        location = f"{uri}{'&' if '?' in uri else '?'}{urlencode(params)}"
        return _html(303, "", (("Location", location),))


def _trusted_target(params: Mapping[str, str]) -> tuple[Client, str]:
    """Return client and redirect URI; unless both are valid, nothing may be redirected."""
    client = CLIENTS.get(params.get("client_id", ""))
    if client is None:
        raise invalid_request("client_id is missing or unknown.")
    redirect_uri = params.get("redirect_uri", "")
    if not allowed_redirect(redirect_uri):
        raise invalid_request("redirect_uri is missing or not an http address of this computer.")
    return client, redirect_uri


def _check_request(client: Client, params: Mapping[str, str]) -> tuple[str, str]:
    """Return scope and code challenge of a request of a known client."""
    if params.get("response_type") != "code":
        raise Problem(400, "unsupported_response_type", "response_type must be code")
    scope = granted_scope(params.get("scope", DEFAULT_SCOPE), SCOPES)
    challenge = params.get("code_challenge", "")
    if client.secret is None and not challenge:
        raise invalid_request("this client must send a code_challenge")
    if challenge and params.get("code_challenge_method") != "S256":
        raise invalid_request("code_challenge_method must be S256")
    if challenge and not _CODE_CHALLENGE.fullmatch(challenge):
        raise invalid_request("code_challenge is not an S256 challenge")
    return scope, challenge


def _browser(request: Request) -> str:
    """Return the browser's id from its cookie, or an empty string."""
    name = request.cookie(_COOKIE)
    return name if _BROWSER.fullmatch(name) else ""


def _consent(
    status: int, number: str, ticket: _Ticket, *, error: str = "", headers: Headers = ()
) -> Response:
    page = consent_page(ticket.client.title, ticket.scope, ticket.redirect_uri, number, error)
    return _html(status, page, headers)


def _html(status: int, page: str, headers: Headers = ()) -> Response:
    return Response(status, "text/html; charset=utf-8", page.encode(), (*_PAGE_HEADERS, *headers))
