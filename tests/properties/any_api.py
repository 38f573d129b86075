"""An API that keeps the rules of its paging style, and fails where it is told to.

Pages have any length, are empty where the style allows it, or equal where a sign says that more
follow. Rows are filtered by their key or by when they were made.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.support.server import Drop, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.key_types import KeyType
    from tests.support.server import Seen

_TODAY = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
BEGIN = _TODAY - timedelta(days=90)
PAGING: dict[str, dict[str, Any]] = {
    "none": {},
    "page_number": {},
    "offset": {},
    "cursor": {"cursor_path": "token", "cursor_param": "token"},
    "next_url": {"next_url_path": "next"},
    "link_header": {},
    "last_record": {"last_record_path": "id", "cursor_param": "after"},
}
TOKENS = {"cursor", "next_url", "link_header"}
#: Signs of more pages; with the last one a style has none but its own.
SIGNS: tuple[dict[str, str], ...] = ({"total_path": "total"}, {"has_more_path": "more"}, {})
IGNORED = 409
ERRORS: tuple[Any, ...] = (
    {"error": {"code": 7}},
    {"ok": False, "error": "ratelimited"},
    {"success": False, "errors": ["quota"]},
    {"items": None, "error": {"code": 7}},
    {"items": [], "error": "quota"},
    {},
)


@dataclass
class Failure:
    """A failure at a request, a message (``kill``) or a page (``limit``)."""

    kind: str
    at: int

    def reply(self, page: Reply) -> Any:
        """Return the response instead of a page."""
        if self.kind == "error":
            return Reply({"error": "on purpose"}, 500)
        if self.kind == "ignored":
            return Reply({"error": "on purpose"}, IGNORED)
        if self.kind == "inside":
            return Reply(ERRORS[self.at % len(ERRORS)])
        if self.kind == "drop":
            return Drop
        if self.kind == "cut":
            headers = {"Content-Length": str(len(page.content)), "Connection": "close"}
            return Reply(page.content[: len(page.content) // 2], headers=headers)
        if self.kind == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        return page


@dataclass(frozen=True)
class Row:
    """A row: its fields, when it was made, and the time that its key holds."""

    fields: dict[str, Any]
    made: datetime = field(repr=False)
    at: datetime = field(repr=False)


@dataclass
class AnyApi:
    """The rows of each stream and context, and how they are paged."""

    url: str
    style: str
    key: KeyType
    rows: dict[tuple[str, str], Sequence[Row]]
    lengths: Sequence[int]
    bounds: str
    by_creation: bool
    failure: Failure | None = None
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, seen: Seen) -> Any:
        with self.lock:
            self.requests += 1
            request = self.requests
        query = seen.query
        rows = [row for row in self.rows[seen.path, query.get("part", "")] if self.fits(row, query)]
        page = self._page(seen, [row.fields for row in rows], request)
        failure = self.failure
        return failure.reply(page) if failure and failure.at == request else page

    def fits(self, row: Row, query: dict[str, str]) -> bool:
        """Return whether a row is between the bounds of a request."""
        at = row.made if self.by_creation else row.at
        if "since" in query:
            since = self.key.read(query["since"])
            if at < since or (at == since and self.bounds == "exclusive"):
                return False
        if "until" in query:
            until = self.key.read(query["until"])
            return at < until or (at == until and self.bounds == "inclusive")
        return True

    def _page(self, seen: Seen, rows: list[dict[str, Any]], request: int) -> Reply:
        if self.style == "none":
            return Reply({"items": rows})
        start, length = self._place(seen.query, rows, request)
        end = start + length
        body: dict[str, Any] = {"items": rows[start:end], "total": len(rows), "more": False}
        if end >= len(rows):
            return Reply(body)
        # No token is ever the same: one that came again would be a loop.
        token = f"{end}.{request}"
        url = f"{self.url}{seen.path}?{urlencode({**seen.query, 'token': token})}"
        body |= {"more": True, "token": token, "next": url}
        return Reply(body, headers={"Link": f'<{url}>; rel="next"'})

    def _place(self, query: dict[str, str], rows: list[Any], request: int) -> tuple[int, int]:
        """Return where a page starts and how long it is.

        Its length depends on the number of the request, but for page numbers: there it would
        change what page 2 means, and no client could read all rows.
        """

        def length(number: int) -> int:
            return min(self.lengths[number % len(self.lengths)], int(query.get("size", 200)))

        if "page" in query:
            number = int(query["page"]) - 1
            return sum(map(length, range(number))), length(number)
        if "after" in query:
            ids = [row["id"] for row in rows]
            return ids.index(int(query["after"])) + 1, length(request)
        start = query.get("offset") or query.get("token", "0").partition(".")[0]
        return int(start), length(request)
