"""The loopback listener that the provider redirects the browser to (RFC 8252 section 7.3).

It accepts one navigation to one path and nothing from other sites; the login judges the parameters.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import hmac
import html
import ipaddress
import queue
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.settings.values import is_loopback

_HTTP_PORT = 80
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}}
h1{{font-size:1.4rem;color:{colour}}}</style><h1>{title}</h1><p>{text}</p></html>"""
# A browser keeps the fragment of an address to itself, so a script sends it as a query, once.
_SCRIPT = (
    "if(location.hash.length>1)location.replace("
    "location.pathname+(location.search||'?')+'&'+location.hash.slice(1))"
)
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_FRAGMENT_POLICY = f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'"
_FRAGMENT_PAGE = f"<!doctype html><title>Login</title><script>{_SCRIPT}</script>"


@contextmanager
def listen(redirect_uri: str, state: str) -> Iterator[Listener]:
    """Listen at a redirect URI while the ``with`` block runs.

    Raises AuthorizationError if the port is taken.
    """
    parts = urlsplit(redirect_uri)
    host, port = parts.hostname or "", parts.port or _HTTP_PORT
    with ExitStack() as stack:
        try:
            if not _is_address(host):
                _reserve_ipv6(stack, port)
            listener = stack.enter_context(Listener(redirect_uri, state, host, port))
        except OSError as error:
            is_taken = error.errno == errno.EADDRINUSE
            reason = "is in use" if is_taken else f"cannot be used: {error.strerror}"
            raise AuthorizationError(
                f"port {port} of redirect_uri {reason}; stop the program that uses it, or set "
                "redirect_uri to another port registered with the provider, or run "
                "tap-oauth2-generic login --no-browser"
            ) from None
        stack.callback(listener.shutdown)
        # A waiting browser would block the shutdown.
        stack.callback(listener.show, "The login failed", "See the terminal.", worked=False)
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        yield listener


class Listener(TCPServer):
    """Wait for the redirect, one request at a time: the browser waits for the login's end.

    An HTTPServer would look up the host's name, which may take seconds.
    """

    # Otherwise the port counts as taken for a minute after each login.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, redirect_uri: str, state: str, host: str, port: int) -> None:
        self.redirect_uri, self.state, self.port = redirect_uri, state, port
        self.path = urlsplit(redirect_uri).path or "/"
        self.params: queue.Queue[dict[str, str] | AuthorizationError] = queue.Queue()
        self.is_used = False
        self.wrong_path: str | None = None
        self.page: queue.Queue[str] = queue.Queue(1)
        if ":" in host:
            self.address_family = socket.AF_INET6
        # A name means this machine, even if DNS disagrees.
        super().__init__((host if _is_address(host) else "127.0.0.1", port), _Handler)

    def wait(self, timeout_seconds: float) -> dict[str, str]:
        """Return the parameters of the redirect.

        Raises AuthorizationError if there was none in time, it led to another path, or nobody
        waits any longer.
        """
        try:
            params = self.params.get(timeout=timeout_seconds)
        except queue.Empty:
            raise AuthorizationError(
                f"no redirect within {timeout_seconds:.0f} seconds: the login was not finished, or "
                f"the provider does not know the redirect URI {self.redirect_uri}; register "
                "exactly this one there, or set redirect_uri to the registered one"
            ) from None
        if isinstance(params, AuthorizationError):
            raise params
        if self.wrong_path is not None:
            raise AuthorizationError(
                f"the browser was redirected to path {self.wrong_path!r}, but redirect_uri ends in "
                f"{self.path!r}; set redirect_uri to the one registered with the provider"
            )
        return params

    def cancel(self, reason: str) -> None:
        """Stop waiting for the redirect, from another thread; ``wait`` raises the reason."""
        self.params.put(AuthorizationError(reason))

    def show(self, title: str, text: str, *, worked: bool) -> None:
        """Send a page to the waiting browser; without one, do nothing."""
        colour = "#1a7f37" if worked else "#b42318"
        page = _PAGE.format(title=html.escape(title), text=html.escape(text), colour=colour)
        if self.page.empty():
            self.page.put(page)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that went away: a traceback would show the request."""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reserve_ipv6(stack: ExitStack, port: int) -> None:
    """Bind a name's port at IPv6 loopback, where nothing is served, until a stack closes.

    Browsers try it first for a name such as localhost, and would hand the code to another
    program that listens there (RFC 8252 section 8.3). Raises OSError if one does.
    """
    try:
        stack.enter_context(socket.socket(socket.AF_INET6)).bind(("::1", port))
    except OSError as error:
        # Any other means that this machine has no IPv6.
        if error.errno == errno.EADDRINUSE:
            raise


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    timeout = 10

    def do_GET(self) -> None:
        listener = self.server
        is_expected = not listener.is_used and self._is_navigation()
        params = self._params() if is_expected else {}
        if not params:
            may_have_fragment = is_expected and self.path.partition("?")[0] == listener.path
            if may_have_fragment:
                self._send(404, _FRAGMENT_PAGE, _FRAGMENT_POLICY)
            else:
                self._send(404, "")
            return
        listener.is_used = True
        listener.params.put(params)
        self._send(200 if listener.wrong_path is None else 400, listener.page.get())

    def _params(self) -> dict[str, str]:
        """Return the parameters of the redirect, none for any other request.

        At another path, or with a code of another name, the ``state`` must match: only the
        provider knows it.
        """
        try:
            target = urlsplit(self.path)
        except ValueError:
            return {}
        listener = self.server
        params = dict(parse_qsl(target.query, keep_blank_values=True))
        given, expected = params.get("state", "").encode(), listener.state.encode()
        is_ours = bool(expected) and hmac.compare_digest(given, expected)
        if not (is_ours or params.keys() & {"code", "error"}):
            return {}
        if target.path != listener.path:
            if not is_ours:
                return {}
            listener.wrong_path = target.path[:200]
        return params

    def _is_navigation(self) -> bool:
        """Refuse what another site can make a browser send.

        Its names may point here (DNS rebinding), but are not loopback; its images, scripts and
        frames are no navigation of the window, as the browser states (W3C Fetch Metadata).
        """
        try:
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:
            return False
        return is_loopback(host) and self.headers.get("Sec-Fetch-Dest", "document") == "document"

    def _send(self, status: int, page: str, policy: str = _POLICY) -> None:
        content = page.encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing: the request line contains the code."""
