"""The API: loopback HTTP in its own process, fast enough never to be the bottleneck.

Responses with records are built before they are first sent, so the first read of a path is slower.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import io
import json
import time
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks import http_server
from benchmarks.records import OWNED, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from benchmarks.http_server import Connection, Request


@dataclass
class Counters:
    """Counters since the last query; times are monotonic."""

    first_request_at: float | None = None
    first_page_at: float | None = None
    last_page_at: float | None = None
    pages: int = 0
    concurrent: int = 0
    most_concurrent: int = 0

    def ask(self) -> None:
        """Count a request of any kind."""
        self.first_request_at = self.first_request_at or time.monotonic()

    def begin(self) -> None:
        """Count the start of a page request."""
        self.first_page_at = self.first_page_at or time.monotonic()
        self.pages += 1
        self.concurrent += 1
        self.most_concurrent = max(self.most_concurrent, self.concurrent)

    def end(self) -> None:
        """Count the response to a page request."""
        self.concurrent -= 1
        self.last_page_at = time.monotonic()


class Api:
    """Serve pages of records.

    ``/LATENCY_MS/orders`` has pages of full records; ``newest`` the same, newest first; ``tenth/N``
    every tenth of them, from number N; ``zipped`` the same pages, compressed; ``orders.jsonl``,
    ``orders.csv``, ``orders.xml`` and ``orders.json``, which has spaces, the same pages in other
    formats, empty after the last one;
    ``/LATENCY_MS/tiny/PAGES[/OWNER]`` pages of one small record; ``/LATENCY_MS/owners/COUNT`` one
    page of parents, and ``owned/OWNER`` a page of ten full records of one of them. ``page``,
    ``offset`` or ``cursor`` in the query selects the page. Every JSON response suits every style:
    it has the number of pages, the next cursor and the next URL.
    """

    def __init__(self, records: int, page_size: int) -> None:
        """Build every page of records."""
        self._page_size = page_size
        self._numbers = range(records)
        self._built = {"orders": self._build(self._numbers)}
        self.counters = Counters()
        self.token = http_server.response(
            b'{"access_token":"benchmark","token_type":"Bearer","expires_in":86400}'
        )

    def handle(self, request: Request, connection: Connection) -> None:
        """Respond to a request, to a page request after the milliseconds in its path."""
        if request.target == "/counters":
            counted, self.counters = self.counters, Counters()
            connection.send(http_server.response(json.dumps(asdict(counted)).encode()))
            return
        self.counters.ask()
        if request.target == "/token":
            connection.send(self.token)
        else:
            self._send_page(request, connection)

    def _send_page(self, request: Request, connection: Connection) -> None:
        counters = self.counters
        counters.begin()
        path = request.target.partition("?")[0]
        latency_ms, collection, *rest = path.strip("/").split("/")
        page = self._find_page(collection, rest, request.query)

        def end() -> None:
            # The counters of that request: they may have been reset since.
            counters.end()
            connection.send(page)

        if int(latency_ms):
            asyncio.get_running_loop().call_later(int(latency_ms) / 1000, end)
        else:
            end()

    def _find_page(self, collection: str, rest: list[str], params: Mapping[str, str]) -> bytes:
        number = self._number(params)
        if collection in {"orders", "newest", "tenth", "zipped", *FORMATS}:
            pages = self._pages_of(collection, rest)
            return pages[min(number, len(pages)) - 1]
        if collection == "owners":
            owners = ",".join(f'{{"id":{owner}}}' for owner in range(int(rest[0])))
            return http_server.response(_page(owners.encode(), 1, 1))
        if collection == "owned":
            first = int(rest[0]) * OWNED
            return http_server.response(_page(_orders(range(first, first + OWNED)), 1, 1))
        return http_server.response(_tiny(int(rest[0]), number, "".join(rest[1:])))

    def _pages_of(self, collection: str, rest: list[str]) -> Sequence[bytes]:
        """Return the pages of a collection, the last one empty, built with its first request."""
        name = "/".join([collection, *rest])
        if name not in self._built:
            numbers = self._numbers[int(rest[0]) :: 10] if rest else self._numbers[::-1]
            if collection in FORMATS:
                self._built[name] = self._write(FORMATS[collection])
            elif collection == "zipped":
                self._built[name] = self._build(self._numbers, _compressed)
            else:
                self._built[name] = self._build(numbers)
        return self._built[name]

    def _parts(self, numbers: Sequence[int]) -> list[Sequence[int]]:
        size = self._page_size
        return [numbers[first : first + size] for first in range(0, len(numbers), size)]

    def _build(
        self, numbers: Sequence[int], respond: Callable[[bytes], bytes] = http_server.response
    ) -> Sequence[bytes]:
        parts = self._parts(numbers)
        count = len(parts)
        bodies = [_page(_orders(part), page, count) for page, part in enumerate(parts, 1)]
        return [respond(body) for body in (*bodies, _page(b"", count, count))]

    def _write(self, write: Callable[[Iterable[int]], bytes]) -> Sequence[bytes]:
        parts = [*self._parts(self._numbers), ()]
        return [http_server.response(write(part)) for part in parts]

    def _number(self, params: Mapping[str, str]) -> int:
        if "offset" in params:
            return int(params["offset"]) // self._page_size + 1
        return int(params.get("page") or params.get("cursor") or 1)


def _compressed(body: bytes) -> bytes:
    return http_server.response(gzip.compress(body, 1), Content_Encoding="gzip")


def _page(items: bytes, page: int, pages: int) -> bytes:
    cursor, url = (f'"{page + 1}"', f'"?page={page + 1}"') if page < pages else ("null", "null")
    rest = f'],"pages":{pages},"next_cursor":{cursor},"next_url":{url}}}'
    return b'{"data":[' + items + rest.encode()


def _orders(numbers: Sequence[int]) -> bytes:
    return b",".join(map(_encode, numbers))


@cache
def _encode(number: int) -> bytes:
    return json.dumps(record(number), ensure_ascii=False, separators=(",", ":")).encode()


def _json_lines(numbers: Iterable[int]) -> bytes:
    return b"".join(_encode(number) + b"\n" for number in numbers)


def _csv(numbers: Iterable[int]) -> bytes:
    """Write a column for each field, also of objects; lists are JSON, nulls are empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(name for name, _ in columns(record(0)))
    writer.writerows([value for _, value in columns(record(n))] for n in numbers)
    return text.getvalue().encode()


def _spaced(numbers: Iterable[int]) -> bytes:
    items = ", ".join(json.dumps(record(number), ensure_ascii=False) for number in numbers)
    return f'{{"data": [{items}]}}'.encode()


def _xml(numbers: Iterable[int]) -> bytes:
    return (
        b"<orders>"
        + b"".join(_element("order", record(n)).encode() for n in numbers)
        + b"</orders>"
    )


def _element(name: str, value: Any) -> str:
    """Write a value as an element, a list as one for each member."""
    if isinstance(value, list):
        return "".join(_element(name, member) for member in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(map(_element, value, value.values()))}</{name}>"
    return f"<{name}>{value}</{name}>" if value is not None else f"<{name}/>"


def columns(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the columns of a record in CSV, each with its value."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from columns(value, f"{before}{name}_")
        elif isinstance(value, list):
            yield before + name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        else:
            yield before + name, value


FORMATS: Mapping[str, Callable[[Iterable[int]], bytes]] = {
    "orders.jsonl": _json_lines,
    "orders.csv": _csv,
    "orders.json": _spaced,
    "orders.xml": _xml,
}


def _tiny(pages: int, page: int, owner: str) -> bytes:
    at = f"2024-01-{page % 28 + 1:02d}T00:00:00Z"
    item = f'{{"id":"{owner}-{page}","page":{page},"updated_at":"{at}"}}'
    return _page(item.encode() if page <= pages else b"", page, pages)


def main() -> None:
    """Serve as many records and pages as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--page-size", type=int, default=200)
    options = parser.parse_args()
    api = Api(options.records, options.page_size)
    asyncio.run(http_server.serve(lambda: http_server.Connection(api.handle)))


if __name__ == "__main__":
    main()
