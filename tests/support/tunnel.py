"""A proxy on loopback that tunnels every host to one server.

Tests check the requests that it saw.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIECE_BYTES = 65536


class Tunnel:
    """A proxy; ``seen`` has method, target and headers of each request."""

    def __init__(self, host: str) -> None:
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []
        name, _, port = host.partition(":")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler((name, int(port))))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Tunnel:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def _handler(self, server: tuple[str, int]) -> type[BaseHTTPRequestHandler]:
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                self._note()
                with socket.create_connection(server, 10) as far:
                    self.send_response(200)
                    self.end_headers()
                    threading.Thread(target=_pour, args=(far, self.connection), daemon=True).start()
                    _pour(self.connection, far)

            def do_GET(self) -> None:
                self._note()
                self.send_error(502)

            do_POST = do_GET

            def _note(self) -> None:
                seen.append((self.command, self.path, dict(self.headers)))

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        return Handler


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE_BYTES):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
