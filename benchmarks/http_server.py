"""A minimal HTTP/1.1 server on loopback: complete requests in, complete responses out."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_END = b"\r\n\r\n"
SEND_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Request:
    """A request; its head has no final line break."""

    head: bytes
    body: bytes

    @property
    def target(self) -> str:
        """Path and query."""
        return self.head.split(b" ", 2)[1].decode()

    @property
    def query(self) -> dict[str, str]:
        """Query parameters, not decoded."""
        pairs = self.target.partition("?")[2].split("&")
        return dict(pair.split("=", 1) for pair in pairs if pair)


class Connection(asyncio.Protocol):
    """One persistent connection without pipelining."""

    def __init__(self, handle: Callable[[Request, Connection], None]) -> None:
        """Call ``handle`` for each request; it responds now or later."""
        self._handle, self._received = handle, b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enlarge the write buffer to a complete page."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport
            transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Handle a request once it is complete."""
        self._received += data
        head, found, body = self._received.partition(HEAD_END)
        if found and len(body) >= _content_length(head):
            self._received = b""
            self._handle(Request(head, body), self)

    def send(self, content: bytes) -> None:
        """Send a response, unless the client has disconnected."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(content)

    def close(self) -> None:
        """Close the connection when everything has been sent."""
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return a response as bytes; an underscore in a header's name stands for a hyphen."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    headers.setdefault("Content_Type", "application/json")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + HEAD_END + body


async def serve(connect: Callable[[], asyncio.Protocol]) -> None:
    """Listen on a free loopback port, print the URL, and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
