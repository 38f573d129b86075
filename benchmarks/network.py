"""A network between the tap and the API: a proxy that delays every byte, both ways."""

from __future__ import annotations

import argparse
import asyncio
from collections import deque
from urllib.parse import urlsplit

from benchmarks import http_server


class _End(asyncio.Protocol):
    """One end of a connection; everything from it is handed on in order, after the delay."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._on_the_way: deque[bytes | None] = deque()
        self._transport: asyncio.WriteTransport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, with space for a complete page."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport
            transport.set_write_buffer_limits(high=http_server.SEND_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on later."""
        self._delay_bytes(data)

    def connection_lost(self, _: Exception | None) -> None:
        """Close the other end later."""
        self._delay_bytes(None)

    def send(self, data: bytes | None) -> None:
        """Send bytes, or close this end for None."""
        if self._transport is None or self._transport.is_closing():
            return
        if data is None:
            self._transport.close()
        else:
            self._transport.write(data)

    def _delay_bytes(self, data: bytes | None) -> None:
        # Timers of the same instant may fire in any order.
        self._on_the_way.append(data)
        asyncio.get_running_loop().call_later(self._delay, self._hand_on)

    def _hand_on(self) -> None:
        data = self._on_the_way.popleft()
        if self.other is not None:
            self.other.send(data)


class _Client(_End):
    """The end of the tap; a connection to the API takes a round trip more."""

    def __init__(self, api: str, delay: float) -> None:
        super().__init__(delay)
        self._api = urlsplit(api)
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the API before any byte is read."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.ReadTransport):
            transport.pause_reading()
            self._connecting = asyncio.ensure_future(self._connect(transport))

    async def _connect(self, transport: asyncio.ReadTransport) -> None:
        await asyncio.sleep(2 * self._delay)
        loop, host, port = asyncio.get_running_loop(), self._api.hostname, self._api.port
        _, self.other = await loop.create_connection(
            lambda: _End(self._delay), str(host), port or 80
        )
        self.other.other = self
        transport.resume_reading()


def main() -> None:
    """Delay what passes between clients and an API as long as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--api", required=True)
    parser.add_argument("--delay", type=float, default=0.01, help="seconds, one way")
    options = parser.parse_args()
    asyncio.run(http_server.serve(lambda: _Client(options.api, options.delay)))


if __name__ == "__main__":
    main()
