"""A real HTTP server on loopback with scripted responses and a token endpoint.

Independent of the tap: tests check the requests that it saw.
"""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


@dataclass
class Seen:
    """One request; ``query`` has the first value of each name."""

    method: str
    target: str
    headers: dict[str, str]
    content: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in self.queries.items()}

    @property
    def queries(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.content.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Reply:
    """A response; a body other than bytes is sent as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Drop:
    """In place of a response: close the connection."""


class _CountingServer(ThreadingHTTPServer):
    """Counts the connections it accepts; with TLS, those whose handshake succeeded."""

    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class ApiServer:
    """A server that responds by ``routes``, a function for each path, and ``token``.

    A function returns a ``Reply``, ``Drop``, or the JSON body of a 200.
    """

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[Seen], Any]] = {}
        self.seen: list[Seen] = []
        self._scheme = "http"
        self.token: Callable[[Seen], Any] = lambda _: {
            "access_token": "token-of-the-test",
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        self._server = _CountingServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        # Tests check failed handshakes.
        self._server.handle_error = lambda *_: None
        self._is_closing = False
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> ApiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing = True
        socket.create_connection(self._server.server_address).close()
        self._thread.join()
        self._server.server_close()

    def _accept(self) -> None:
        # serve_forever() would make each test wait for its poll interval.
        while not self._is_closing:
            self._server.handle_request()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.host}"

    @property
    def connections(self) -> int:
        """How many connections were opened for anything but a token, which has its own."""
        return self._server.connections - len(self.requests("/token"))

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Use TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    def requests(self, path: str) -> list[Seen]:
        """Return the requests to a path in order."""
        return [seen for seen in self.seen if seen.path == path]

    def serve(self, path: str, *replies: Any) -> None:
        """Return these responses in order, then repeat the last one."""
        waiting = list(replies)
        self.routes[path] = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def config(self, *streams: dict[str, Any], **settings: Any) -> dict[str, Any]:
        """Return a configuration for this server with these streams."""
        return {
            "base_url": self.url,
            "grant_type": "client_credentials",
            "access_token_url": f"{self.url}/token",
            "client_id": "client-of-the-test",
            "client_secret": "secret-of-the-test",
            "max_retries": 0,
            "streams": list(streams),
            **settings,
        }

    def _respond(self, seen: Seen) -> Any:
        if seen.path == "/token":
            return self.token(seen)
        route = self.routes.get(seen.path)
        return Reply({"error": "no such path"}, 404) if route is None else route(seen)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(length)
                seen = Seen(self.command, self.path, dict(self.headers), content)
                outer.seen.append(seen)
                reply = outer._respond(seen)
                if reply is Drop:
                    self.close_connection = True
                    return
                reply = reply if isinstance(reply, Reply) else Reply(reply)
                self.send_response(reply.status)
                headers = {"Content-Type": "application/json", **reply.headers}
                headers.setdefault("Content-Length", str(len(reply.content)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        return Handler
