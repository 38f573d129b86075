"""Decide which requests reach the page: those of the browser that opened its address.

Every response passes here, too, for the headers that keep its content to this browser.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tap_oauth2_generic.settings.values import is_loopback

_MAX_BODY_BYTES = 16 * 2**20
_READING = ("GET", "HEAD")
TOKEN_HEADER = "X-Form-Token"  # noqa: S105 - a name
#: The headers of every response.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">{head}<title>Studio</title>
<main><h1>Studio</h1><p>{text}</p></main></html>"""
_OPEN_AGAIN = "Run <code>tap-oauth2-generic studio</code> again and open the address it prints."
_USED = f"The key of this address was used already. Go back to the open page, or start again. \
{_OPEN_AGAIN}"
_NO_KEY = f"This page is open in another browser, or its studio has ended. {_OPEN_AGAIN}"


@dataclass
class Access:
    """What one browser needs: first the one-time key, then the cookie and the form token."""

    port: int
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    is_used: bool = False

    @property
    def cookie_name(self) -> str:
        """The name of the cookie: browsers share cookies between the ports of a host."""
        return f"studio_{self.port}"

    def refusal(self, method: str, headers: Mapping[str, str]) -> Response | None:
        """Return the response to a request that is refused, None for one that may pass."""
        host = headers.get("Host", "")
        if not self._is_own_host(host):
            # The name of another site may lead here (DNS rebinding).
            return refuse("The studio has another address.")
        if not self._has_cookie(headers.get("Cookie", "")):
            return refuse(_NO_KEY)
        if method in _READING:
            return None
        if headers.get("Origin") != f"http://{host}":
            return refuse("Another site sent this request.")
        if not _equal(headers.get(TOKEN_HEADER, ""), self.form_token):
            return refuse("This page is out of date. Reload it.")
        length = headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            return refuse("The request is too large.", 413)
        return None

    def open(self, key: str) -> Response:
        """Exchange the one-time key for the cookie."""
        if self.is_used or not _equal(key, self.key):
            return refuse(_USED if _equal(key, self.key) else _NO_KEY)
        self.is_used = True
        # A redirect would not carry the cookie if another site led here.
        head = '<meta http-equiv="refresh" content="0;url=/">'
        page = HTMLResponse(_PAGE.format(head=head, text='<a href="/">Open the studio</a>'))
        page.set_cookie(self.cookie_name, self.cookie, httponly=True, samesite="strict", path="/")
        return page

    def has_own_host(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request names this server."""
        return self._is_own_host(headers.get("Host", ""))

    def _is_own_host(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            return is_loopback(parts.hostname) and parts.port == self.port
        except ValueError:
            return False

    def _has_cookie(self, header: str) -> bool:
        # Cookies of other servers on this host come along, whatever is in them.
        return _equal(cookie_parser(header).get(self.cookie_name, ""), self.cookie)


class Guard:
    """Let a request through to the app, or refuse it; add the headers to each response."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers, access = Headers(scope=scope), self._access
        keys = parse_qs(scope["query_string"].decode("latin-1")).get("key", [])
        is_opening = scope["method"] == "GET" and scope["path"] == "/" and bool(keys)
        refusal = access.refusal(scope["method"], headers)
        if refusal is not None and is_opening and access.has_own_host(headers):
            refusal = access.open(keys[0])
        await (refusal or self._app)(scope, receive, send_guarded)


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def refuse(text: str, status: int = 403) -> Response:
    """Return a page of one sentence."""
    return HTMLResponse(_PAGE.format(head="", text=text), status)
