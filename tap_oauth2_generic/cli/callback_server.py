"""The listener on loopback to which a provider sends the browser back (RFC 8252 section 7.3).

Answers one request to one path, and no page of another site; what the answer means is for the
login to judge.
"""

from __future__ import annotations

import errno
import hmac
import html
import ipaddress
import queue
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.settings.values import is_loopback

if TYPE_CHECKING:
    from types import TracebackType

_HTTP_PORT = 80
_ANSWER_SECONDS = 120
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}}
h1{{font-size:1.4rem;color:{colour}}}</style><h1>{title}</h1><p>{text}</p></html>"""


def can_listen(redirect_uri: str) -> bool:
    """Tell whether a redirect URI leads to this machine, over plain http."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and is_loopback(parts.hostname)


class Listener:
    """Listens at a redirect URI while the ``with`` block runs."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        """Name where to listen, and the ``state`` that was sent; nothing is bound yet."""
        self.redirect_uri = redirect_uri
        self.state = state
        parts = urlsplit(redirect_uri)
        self.path = parts.path or "/"
        self.host, self.port = parts.hostname or "", parts.port or _HTTP_PORT
        self.arrived: queue.Queue[dict[str, str]] = queue.Queue(1)
        self.was_answered = False
        self.elsewhere: str | None = None
        self._page: queue.Queue[str] = queue.Queue(1)
        self._server: _Server | None = None
        self._held: socket.socket | None = None

    def __enter__(self) -> Listener:  # noqa: PYI034 - Self is not in Python 3.10
        """Bind; raises AuthorizationError where the port is taken."""
        try:
            self._held = _held(self.host, self.port)
            self._server = _Server(self)
        except OSError as error:
            self._let_go()
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"fails: {error.strerror}"
            message = (
                f"port {self.port} of redirect_uri {reason}: end the program that holds it, or set "
                "redirect_uri to another port that the provider knows, or use --no-browser"
            )
            raise AuthorizationError(message) from None
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._server is not None:
            # A browser that still waits would hold the listener open.
            self.show("The login failed", "The terminal says why.", worked=False)
            self._server.shutdown()
            self._server.server_close()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()

    def wait(self, timeout_seconds: float) -> dict[str, str]:
        """Give the parameters that the browser came back with.

        Raises AuthorizationError where none came in time, or they came to another path.
        """
        try:
            params = self.arrived.get(timeout=timeout_seconds)
        except queue.Empty:
            message = (
                f"no answer came within {timeout_seconds:.0f} seconds: the login page was not "
                f"finished, or the provider does not know the redirect URI {self.redirect_uri}; "
                "register exactly this one there, or set redirect_uri to the one that is registered"
            )
            raise AuthorizationError(message) from None
        if self.elsewhere is not None:
            message = (
                f"the browser came back at {self.elsewhere!r}, but redirect_uri ends in "
                f"{self.path!r}: set redirect_uri to the one that is registered with the provider"
            )
            raise AuthorizationError(message)
        return params

    def show(self, title: str, text: str, *, worked: bool) -> None:
        """Answer the waiting browser with a page; without one it does nothing."""
        colour = "#1a7f37" if worked else "#b42318"
        page = _PAGE.format(title=html.escape(title), text=html.escape(text), colour=colour)
        if self._page.empty():
            self._page.put(page)

    def page(self) -> str:
        """Wait for the page that the browser is to see."""
        try:
            return self._page.get(timeout=_ANSWER_SECONDS)
        except queue.Empty:
            return ""


class _Server(HTTPServer):
    """One request at a time: the browser waits while its code is exchanged."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        if ":" in listener.host:
            self.address_family = socket.AF_INET6
        super().__init__((_address(listener.host), listener.port), _Handler)

    def server_bind(self) -> None:
        """Bind without looking up the name of the host, which may take seconds."""
        if sys.platform != "win32":
            # Or the port would count as taken for a minute after each login.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.listener.host, self.listener.port

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where a browser went away: a traceback would name what it asked for."""


def _address(host: str) -> str:
    """Give the address to bind: a name is this machine's whatever a name server makes of it."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "127.0.0.1"


def _held(host: str, port: int) -> socket.socket | None:
    """Hold the port of a name at IPv6's loopback, too, where nobody answers.

    Browsers look there first for a name such as localhost, and would bring the code to another
    program of this machine that listens there (RFC 8252 section 8.3). Raises OSError where
    one does.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return None
    holder = None
    try:
        holder = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        holder.bind(("::1", port))
    except OSError as error:
        if holder is not None:
            holder.close()
        if error.errno == errno.EADDRINUSE:
            raise
        return None  # this machine has no IPv6
    return holder


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        listener = self.server.listener
        params = {} if listener.was_answered or not self._is_for_us() else self._params()
        if not params:
            self._send(404, "")
            return
        listener.was_answered = True
        listener.arrived.put(params)
        page = listener.page()
        self._send(200 if listener.elsewhere is None and page else 400, page)

    def _params(self) -> dict[str, str]:
        """Give the parameters of an answer to the login; none where the request is no answer.

        At another path the state must be right: the provider knows it, nobody else does.
        """
        try:
            target = urlsplit(self.path)
        except ValueError:
            return {}
        listener = self.server.listener
        params = dict(parse_qsl(target.query, keep_blank_values=True))
        if not params.keys() & {"code", "error"}:
            return {}
        if target.path != listener.path:
            given, expected = params.get("state", "").encode(), listener.state.encode()
            if not hmac.compare_digest(given, expected):
                return {}
            listener.elsewhere = target.path[:200]
        return params

    def _is_for_us(self) -> bool:
        """Refuse what another site may have a browser send.

        A name that it pointed here (DNS rebinding) is not ours; its images, scripts and frames
        are no navigation of the window, which browsers say (W3C Fetch Metadata).
        """
        try:
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:
            return False
        fetched_for = self.headers.get("Sec-Fetch-Dest", "document")
        return is_loopback(host) and fetched_for == "document"

    def _send(self, status: int, page: str) -> None:
        content = page.encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Referrer-Policy": "no-referrer",
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the request line holds the code."""
