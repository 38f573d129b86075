"""The API of the soak: pages for a given time, rotating tokens, injected faults.

Its counters tell how many records of each stream it has served.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from benchmarks import http_server
from benchmarks.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.http_server import Connection, Request

PAGE_SIZE = 200
OWNERS_A_PAGE = 10
NOTES = 20
_BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
_TOKEN_SECONDS = 60
# Pages that schema inference may read long before the stream's turn.
_SAMPLED_PAGES = 5
STREAMS = ("orders", "kept", "linked", "packed", "exported", "owners")
_JOB = b'{"id":"1","status":"done"}'
FAULTS = ("500", "429", "closed", "truncated", "corrupt gzip")


@dataclass
class Tokens:
    """Tokens that last for a minute or a number of requests; refresh tokens work once."""

    uses: int
    made: int = 0
    used_twice: int = 0
    _left: int = 0
    _ends_at: float = 0
    _refresh_token: str = "soak-seed"  # noqa: S105 - a benchmark's token

    def refresh(self, refresh_token: str) -> bytes:
        """Respond to a refresh (RFC 6749 section 6)."""
        if refresh_token != self._refresh_token:
            self.used_twice += 1
            return http_server.response(b'{"error":"invalid_grant"}', "400 Bad Request")
        self.made += 1
        self._left, self._ends_at = self.uses, time.monotonic() + _TOKEN_SECONDS
        self._refresh_token = f"soak-refresh-{self.made}"
        body = {"access_token": self._access_token, "refresh_token": self._refresh_token}
        return http_server.response(json.dumps({**body, "expires_in": _TOKEN_SECONDS}).encode())

    @property
    def _access_token(self) -> str:
        return f"soak-access-{self.made}"

    def accepts(self, head: bytes) -> bool:
        """Check that a request has the current token, and count it."""
        sent = f"authorization: bearer {self._access_token}\r\n".encode() in head.lower() + b"\r\n"
        self._left -= sent
        return sent and self._left >= 0 and time.monotonic() < self._ends_at


@dataclass
class Phase:
    """One stream: it ends after a number of pages and seconds."""

    least_pages: int
    least_seconds: float
    last: int | None = None
    _most: int = 0
    _began_at: float = 0

    def has(self, page: int) -> bool:
        """Check that page number ``page`` exists; an existing page never disappears."""
        self._most = max(self._most, page)
        if self._most < _SAMPLED_PAGES:
            return True
        self._began_at = self._began_at or time.monotonic()
        over = self._most >= self.least_pages
        if self.last is None and over and time.monotonic() - self._began_at >= self.least_seconds:
            self.last = self._most
        return self.last is None or page <= self.last


class SoakApi:
    """Streams in four paging styles, one with children, one exported; a fault every few pages."""

    def __init__(self, phases: dict[str, Phase], fault_every: int, tokens: Tokens) -> None:
        """Build the part that all records share."""
        self._tails = [_tail(number) for number in range(PAGE_SIZE)]
        self._phases, self._tokens = phases, tokens
        self._faults: Iterator[str] = cycle(FAULTS)
        self._fault_every, self._pages = fault_every, 0
        self._sent: Counter[str] = Counter()

    def handle(self, request: Request, connection: Connection) -> None:
        """Respond to a request, sometimes with a fault."""
        path, _, _ = request.target.partition("?")
        if path == "/token":
            seed = parse_qs(request.body.decode()).get("refresh_token", [""])[0]
            connection.send(self._tokens.refresh(seed))
        elif path == "/counters":
            connection.send(http_server.response(json.dumps(self._counters()).encode()))
        elif not self._tokens.accepts(request.head):
            connection.send(http_server.response(b"{}", "401 Unauthorized"))
        elif path.startswith("/exports"):
            connection.send(http_server.response(_JOB))
        else:
            self._pages += 1
            fault = next(self._faults) if self._pages % self._fault_every == 0 else None
            self._send(self._page(path, request.query), fault, connection)

    def _counters(self) -> dict[str, object]:
        """Return the number of records of each stream, and the injected faults."""
        sizes = dict.fromkeys(self._phases, PAGE_SIZE) | {"owners": OWNERS_A_PAGE}
        ended = {name: phase.last for name, phase in self._phases.items() if phase.last is not None}
        records = {name: (last + 1) * sizes[name] for name, last in ended.items()}
        records["notes"] = records.get("owners", 0) * NOTES
        return {
            "records": records,
            "requests": self._pages,
            "faults": self._sent,
            "tokens": self._tokens.made,
            "used_twice": self._tokens.used_twice,
        }

    def _send(self, page: bytes, fault: str | None, connection: Connection) -> None:
        if fault is not None:
            self._sent[fault] += 1
        if fault == "500":
            connection.send(http_server.response(b"{}", "500 Internal Server Error"))
        elif fault == "429":
            connection.send(http_server.response(b"{}", "429 Too Many Requests", Retry_After="0"))
        elif fault == "corrupt gzip":
            connection.send(http_server.response(page[-500:], Content_Encoding="gzip"))
        else:
            connection.send(
                {"closed": b"", "truncated": page[: len(page) // 2]}.get(fault or "", page)
            )
            if fault is not None:
                connection.close()

    def _page(self, path: str, query: dict[str, str]) -> bytes:
        """Return one page of a stream, or all notes of an owner."""
        name, *owner = path.strip("/").split("/")
        if owner:
            return http_server.response(b"[" + self._records(int(owner[0]), NOTES) + b"]")
        number = int(query.get("page") or query.get("cursor") or 0)
        if "offset" in query:
            number = int(query["offset"]) // PAGE_SIZE
        phase = self._phases[name]
        if not phase.has(number):
            return http_server.response(b'{"data":[]}')
        if name == "owners":
            return http_server.response(b'{"data":[' + _owners(number) + b"]}")
        if name == "packed":
            lines = gzip.compress(self._records(number, PAGE_SIZE, b"\n"), 1)
            following = {"X_Next": str(number + 1)} if phase.has(number + 1) else {}
            return http_server.response(lines, Content_Encoding="gzip", **following)
        more = f',"next":"?page={number + 1}"' if name == "linked" and phase.has(number + 1) else ""
        return http_server.response(
            b'{"data":[' + self._records(number, PAGE_SIZE) + f"]{more}}}".encode()
        )

    def _records(self, page: int, count: int, separator: bytes = b",") -> bytes:
        at = (_BEGIN + timedelta(seconds=page)).isoformat().encode()
        first = page * count
        heads = (b'{"id":%d,"updated_at":"%b",' % (first + n, at) for n in range(count))
        return separator.join(map(bytes.__add__, heads, self._tails))


def _tail(number: int) -> bytes:
    """Return a record without its id and time, which are prepended later."""
    made = record(number)
    del made["id"], made["updated_at"]
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()[1:]


def _owners(page: int) -> bytes:
    first = page * OWNERS_A_PAGE
    return b",".join(b'{"id":%d}' % n for n in range(first, first + OWNERS_A_PAGE))


def main() -> None:
    """Serve streams as long as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, required=True, help="least per stream")
    parser.add_argument("--seconds", type=float, required=True, help="least per stream")
    parser.add_argument("--fault-every", type=int, required=True, help="requests per fault")
    parser.add_argument("--token-uses", type=int, required=True, help="most requests per token")
    options = parser.parse_args()
    phases = {name: Phase(options.pages, options.seconds) for name in STREAMS}
    api = SoakApi(phases, options.fault_every, Tokens(options.token_uses))
    asyncio.run(http_server.serve(lambda: http_server.Connection(api.handle)))


if __name__ == "__main__":
    main()
