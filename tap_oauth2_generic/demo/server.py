"""The demo on a socket: HTTP/1.1 on loopback, one thread per connection. No endpoint lives here."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.demo import DEFAULT_PORT, HOST
from tap_oauth2_generic.demo.app import App
from tap_oauth2_generic.demo.http_messages import Problem, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

TOKEN_LIFETIME = 3600.0

_MAX_BODY = 65_536
_IDLE_SECONDS = 120
_POLL_SECONDS = 0.05
# Any other host name could be an attacker's that resolves to loopback (DNS rebinding).
_LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?", re.IGNORECASE)


class DemoServer:
    """The demo, served on loopback by a thread while the ``with`` block runs.

    Example:
        with DemoServer(port=0) as demo:
            requests.get(f"{demo.url}/demo/counts", timeout=5)
    """

    url: str
    """``http://127.0.0.1:PORT``, set once entered; the issuer and the base of all paths."""

    def __init__(
        self,
        port: int = DEFAULT_PORT,
        *,
        token_lifetime: float = TOKEN_LIFETIME,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare a server; it listens once entered.

        Args:
            port: TCP port; 0 picks a free one.
            token_lifetime: Lifetime of an access token in seconds.
            clock: Returns epoch seconds; replace it to expire tokens without waiting.
        """
        self._port = port
        self._token_lifetime = token_lifetime
        self._clock = clock

    def __enter__(self) -> DemoServer:  # noqa: PYI034 - Python 3.10 has no Self
        """Start to listen; raises OSError if the port is in use."""
        self._server = _Server((HOST, self._port), _Handler)
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        self._server.app = App(self.url, token_lifetime=self._token_lifetime, clock=self._clock)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving and close all open connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    app: App
    daemon_threads = True
    request_queue_size = 128
    # On Windows this would let two servers share a port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[Any] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # HTTPServer would look up the name of the host here, which can take seconds.
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that left is no error
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # a malformed request line also gets a complete response
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    timeout = _IDLE_SECONDS

    def _respond(self) -> None:
        try:
            request = self._read()
        except Problem as problem:
            self.close_connection = (
                True  # the next request cannot be told from the rest of this one
            )
            self._send(problem.response())
        else:
            self._send(self.server.app.respond(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond

    def _read(self) -> Request:
        body = self.rfile.read(self._content_length())
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "")
        if not _LOOPBACK_HOST.fullmatch(host):
            raise Problem(403, "forbidden_host", "use a loopback host name such as 127.0.0.1")
        path, _, query = self.path.partition("?")
        return Request(self.command, path, query, headers, body, f"http://{host}")

    def _content_length(self) -> int:
        if "Transfer-Encoding" in self.headers:
            raise Problem(411, "length_required", "send Content-Length instead of chunks")
        text = self.headers.get("Content-Length", "0")
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise Problem(400, "invalid_request", "Content-Length is no number")
        if int(text) > _MAX_BODY:
            raise Problem(413, "too_large", "the body is too large")
        return int(text)

    def _send(self, response: Response) -> None:
        if response.fault:
            self.close_connection = True
        if response.fault == "drop":
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        whole = len(response.body)
        self.wfile.write(response.body[: whole // 2 if response.fault else whole])

    def handle_expect_100(self) -> bool:
        """Tell the client to send its body immediately."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send errors of the HTTP parser as JSON."""
        del message, explain  # they may repeat what the client sent
        self.close_connection = True
        self._send(Problem(int(code), "bad_request", "the request is malformed").response())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Log nothing: queries and forms may contain secrets."""
