"""The API that is read: loopback HTTP in a process of its own, cheap enough never to be waited for.

Answers with records are built before the first request. Knows nothing of who reads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD_END = b"\r\n\r\n"
_SEND_BUFFER_BYTES = 1 << 20


@dataclass
class Counters:
    """What the server saw since it was last asked; times are of the machine's monotonic clock."""

    first_request_at: float | None = None
    first_page_at: float | None = None
    last_page_at: float | None = None
    pages: int = 0
    under_way: int = 0
    most_under_way: int = 0

    def ask(self) -> None:
        """Note a request of any kind."""
        self.first_request_at = self.first_request_at or time.monotonic()

    def begin(self) -> None:
        """Note that a page was asked for."""
        self.first_page_at = self.first_page_at or time.monotonic()
        self.pages += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)

    def end(self) -> None:
        """Note that a page was answered."""
        self.under_way -= 1
        self.last_page_at = time.monotonic()


class Api:
    """Finds the answer to a target.

    ``/LATENCY_MS/orders`` gives pages of full records; ``/LATENCY_MS/tiny/PAGES[/OWNER]`` pages of
    one small record; ``/LATENCY_MS/owners/COUNT`` one page of parents. ``page``, ``offset`` or
    ``cursor`` in the query chooses the page, and every answer serves every style: it holds the
    number of pages, the next cursor and the next URL.
    """

    def __init__(self, records: int, page_size: int) -> None:
        """Build every page of records."""
        self._page_size = page_size
        self._pages = -(-records // page_size)
        self._orders = [
            _ok(_page(_orders(page, page_size, records), page, self._pages))
            for page in range(1, self._pages + 1)
        ]
        self._after_the_end = _ok(_page(b"", self._pages, self._pages))
        self.counters = Counters()
        self.token = _ok(b'{"access_token":"benchmark","token_type":"Bearer","expires_in":86400}')

    def take_counters(self) -> Counters:
        """Give what was counted, and count anew."""
        counted, self.counters = self.counters, Counters()
        return counted

    def answer(self, target: str) -> tuple[bytes, float]:
        """Give the whole answer and the seconds that it takes."""
        path, _, query = target.partition("?")
        latency_ms, collection, *rest = path.strip("/").split("/")
        params = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        return self._found(collection, rest, params), int(latency_ms) / 1000

    def _found(self, collection: str, rest: list[str], params: Mapping[str, str]) -> bytes:
        number = self._number(params)
        if collection == "orders":
            return self._orders[number - 1] if number <= self._pages else self._after_the_end
        if collection == "owners":
            owners = ",".join(f'{{"id":{owner}}}' for owner in range(int(rest[0])))
            return _ok(_page(owners.encode(), 1, 1))
        return _ok(_tiny(int(rest[0]), number, "".join(rest[1:])))

    def _number(self, params: Mapping[str, str]) -> int:
        if "offset" in params:
            return int(params["offset"]) // self._page_size + 1
        return int(params.get("page") or params.get("cursor") or 1)


class Connection(asyncio.Protocol):
    """One kept-alive connection; its client waits for each answer before it asks again."""

    def __init__(self, api: Api) -> None:
        """Begin with nothing received."""
        self._api, self._received = api, b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make room for a whole page, so that it leaves at once."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport
            transport.set_write_buffer_limits(high=_SEND_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Answer when a request is there as a whole."""
        self._received += data
        head, found, body = self._received.partition(_HEAD_END)
        if found and len(body) >= _content_length(head):
            self._received = b""
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, target: str) -> None:
        if target == "/counters":
            self._write(_ok(json.dumps(asdict(self._api.take_counters())).encode()))
            return
        self._api.counters.ask()
        if target == "/token":
            self._write(self._api.token)
        else:
            self._answer_page(target)

    def _answer_page(self, target: str) -> None:
        counters = self._api.counters
        counters.begin()
        answer, seconds = self._api.answer(target)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._end_page, answer, counters)
        else:
            self._end_page(answer, counters)

    def _end_page(self, answer: bytes, counters: Counters) -> None:
        # Not the counters of now: a client may have gone, and its pages with it.
        counters.end()
        self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _ok(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + _HEAD_END + body


def _page(items: bytes, page: int, pages: int) -> bytes:
    cursor, url = (f'"{page + 1}"', f'"?page={page + 1}"') if page < pages else ("null", "null")
    rest = f'],"pages":{pages},"next_cursor":{cursor},"next_url":{url}}}'
    return b'{"data":[' + items + rest.encode()


def _orders(page: int, page_size: int, records: int) -> bytes:
    numbers = range((page - 1) * page_size, min(page * page_size, records))
    items = [json.dumps(record(n), ensure_ascii=False, separators=(",", ":")) for n in numbers]
    return ",".join(items).encode()


def _tiny(pages: int, page: int, owner: str) -> bytes:
    at = f"2024-01-{page % 28 + 1:02d}T00:00:00Z"
    item = f'{{"id":"{owner}-{page}","page":{page},"updated_at":"{at}"}}'
    return _page(item.encode() if page <= pages else b"", page, pages)


async def serve(api: Api) -> None:
    """Listen on a free port of loopback, print the address, and go on until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(api), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve records of the number and page size that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--page-size", type=int, default=200)
    options = parser.parse_args()
    asyncio.run(serve(Api(options.records, options.page_size)))


if __name__ == "__main__":
    main()
