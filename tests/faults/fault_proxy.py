"""A TCP proxy that injects faults into responses.

Independent of the tap. A fault is a function of the good response and of the connection to the
client; it returns whether the connection can serve another request.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE_BYTES = 65536


@dataclass
class GoodResponse:
    """The response of the server."""

    body: bytes

    def head(self, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
        """Return a head; an underscore in a header's name stands for a hyphen."""
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json"]
        if "Transfer_Encoding" not in headers:
            lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()

    def whole(self, status: str = "200 OK", **headers: str) -> bytes:
        """Return the response as bytes."""
        return self.head(status, **headers) + self.body


class Client:
    """The connection to the client."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def reset(self) -> None:
        """Reset the TCP connection."""
        linger = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()

    def drip(self, pieces: list[bytes], seconds: float) -> None:
        """Send a piece at a time, until the client or the test stops."""
        for piece in pieces:
            self.send(piece)
            if self._stopping.wait(seconds):
                return

    def stay_silent(self) -> None:
        """Keep the connection open without a byte, until the client or the test closes it."""
        self._connection.settimeout(0.05)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                if not self._connection.recv(1):
                    return


def _none(good: GoodResponse, client: Client) -> bool:
    client.send(good.whole())
    return True


class FaultProxy:
    """Forward to a server; ``fault`` replaces responses to targets that ``is_faulty`` selects.

    ``targets`` are the request targets in order.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self.fault: Callable[[GoodResponse, Client], object] | None = None
        self.is_faulty: Callable[[str], bool] = lambda _: True
        self.targets: list[str] = []
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)
        self._lock = threading.Lock()

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            # Wakes the accepting thread.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (request := _request(connection)) is not None:
                target = request[0].split(b" ", 2)[1].decode()
                with self._lock:
                    self.targets.append(target)
                    fault = self.fault if self.fault and self.is_faulty(target) else None
                good = self._forward(request, target)
                fault = fault or _none
                if not fault(GoodResponse(good), Client(connection, self._stopping)):
                    return

    def _forward(self, request: tuple[bytes, bytes], target: str) -> bytes:
        """Forward the request and return the body of the response."""
        first, *lines = request[0].decode().split("\r\n")[:-2]
        headers = dict(line.split(": ", 1) for line in lines)
        server = http.client.HTTPConnection(self._host, timeout=10)
        with contextlib.closing(server):
            server.request(first.partition(" ")[0], target, request[1] or None, headers)
            return server.getresponse().read()


def _request(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Read a request's head and body, or None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        some = connection.recv(_PIECE_BYTES)
        if not some:
            return None
        data += some
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(_PIECE_BYTES)
    return head + b"\r\n\r\n", body
