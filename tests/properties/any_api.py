"""An API that keeps the rules of its paging style, and fails where it is told to.

Pages have any length, are empty where the style allows it, or equal. Rows are filtered by their
key or by when they were made. A token is new on every page, or never changes (a scroll).
"""

from __future__ import annotations

import os
import signal
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.support.server import Drop, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.key_types import KeyType
    from tests.support.server import Seen

TODAY = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
BEGIN = TODAY - timedelta(days=90)
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
COUNTED = {"page_number", "offset"}
#: What a page's request has and the first one of a slice has not.
PLACES = {"page", "offset", "token", "after"}
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


def _group(rows: list[Any]) -> list[Any]:
    """Return lists of one, two, no, one, two … rows: what an API pages that nests its rows."""
    groups, sizes = [], (1, 2, 0)
    while rows:
        size = sizes[len(groups) % len(sizes)]
        groups.append({"rows": rows[:size]})
        rows = rows[size:]
    return groups


#: For each ``records_path``: the items that are paged, and the body around some of them.
SHAPES: dict[str, tuple[Callable[[list[Any]], list[Any]], Callable[[list[Any]], Any]]] = {
    "items": (list, lambda items: {"items": items}),
    "$.items[*]": (list, lambda items: {"items": items}),
    "$.data['the items'][*].row": (
        lambda rows: [{"row": row} for row in rows],
        lambda items: {"data": {"the items": items}},
    ),
    "$.groups[*].rows[*]": (_group, lambda items: {"groups": items}),
}


@dataclass
class Failure:
    """A failure at a request, a message (``kill``) or a page (``limit``)."""

    kind: str
    at: int

    @property
    def sends(self) -> bool:
        """Whether the API sends its page all the same."""
        return self.kind in {"kill", "limit", "stop"}

    def reply(self, page: Reply) -> Any:
        """Return the response instead of a page."""
        if self.kind == "error":
            return Reply({"error": "on purpose"}, 500)
        if self.kind == "ignored":
            return Reply({"error": "on purpose"}, IGNORED)
        if self.kind.startswith("inside"):
            return self._inside(page)
        if self.kind == "drop":
            return Drop
        if self.kind == "cut":
            headers = {"Content-Length": str(len(page.content)), "Connection": "close"}
            return Reply(page.content[: len(page.content) // 2], headers=headers)
        if self.kind == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        return page

    def _inside(self, page: Reply) -> Reply:
        """Return an error inside a 200, perhaps with the next token of the page."""
        body = ERRORS[self.at % len(ERRORS)]
        if self.kind == "inside":
            return Reply(body)
        # Without an error it would be a page that leaves out its empty list.
        body = body or {"error": "quota"}
        tokens = {name: value for name, value in page.body.items() if name in {"token", "next"}}
        return Reply({**body, **tokens, "more": page.body.get("more")}, headers=page.headers)


@dataclass(frozen=True)
class Row:
    """A row: its fields, when it was made, and the time that its key holds."""

    fields: dict[str, Any]
    made: datetime = field(repr=False)
    at: datetime = field(repr=False)


@dataclass(frozen=True)
class Manner:
    """How an API pages and filters.

    ``sign`` is the setting that names its sign of more pages. ``scrolls``: its token never
    changes, and with ``ends_silently`` its last page has it, too. ``leaves_out``: an empty page
    that names a next one has no list. ``spares_first``: no response is ignored that is the first
    of its slice, since that would leave out all its rows.
    """

    url: str
    style: str
    key: KeyType
    lengths: Sequence[int]
    sign: dict[str, str]
    shape: str
    bounds: str
    by_creation: bool
    scrolls: bool
    ends_silently: bool
    leaves_out: bool
    spares_first: bool

    def needs_id(self, *, windows: bool) -> bool:
        """Return whether rows must differ.

        Without a sign an equal page ends a scroll. Equal rows of two windows could not be told
        apart over two runs.
        """
        is_apart = self.by_creation and windows
        return self.style == "last_record" or is_apart or (self.scrolls and not self.sign)


@dataclass
class AnyApi:
    """The rows of each stream and context, and how they are paged."""

    manner: Manner
    rows_of: Callable[[str, dict[str, str]], Sequence[Row]]
    failure: Failure | None = None
    requests: int = 0
    under_way: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    #: The position of each scroll by its token.
    scrolled: dict[str, int] = field(default_factory=dict)
    #: The pages of each slice by their place, of styles that count.
    served: dict[tuple[Any, ...], dict[int, Any]] = field(default_factory=lambda: defaultdict(dict))

    def __call__(self, seen: Seen) -> Any:
        with self.changed:
            self.under_way += 1
        try:
            return self._respond(seen)
        finally:
            with self.changed:
                self.under_way -= 1
                self.changed.notify_all()

    def _respond(self, seen: Seen) -> Any:
        with self.changed:
            if self.manner.scrolls and seen.query.get("token", "") not in {"", *self.scrolled}:
                # It comes late, from an earlier run.
                return Reply({"error": "no such scroll"}, 410)
            self.requests += 1
            failure = self.failure if self._fails(seen.query) else None
            page = self._page(seen, self.requests, moves=failure is None or failure.sends)
        return failure.reply(page) if failure else page

    def finish(self) -> None:
        """Wait until no response is under way: a signal of one would hit the next run."""
        with self.changed:
            self.changed.wait_for(lambda: not self.under_way)

    def _fails(self, query: dict[str, str]) -> bool:
        failure = self.failure
        if failure is None or self.requests < failure.at:
            return False
        if failure.kind != "ignored" or not self.manner.spares_first:
            return self.requests == failure.at
        is_first = (
            not PLACES & query.keys() or query.get("page") == "1" or query.get("offset") == "0"
        )
        if not is_first:
            # Once only.
            self.failure = None
        return not is_first

    def repeats_thrice(self) -> bool:
        """Return whether three pages in a row of a slice were equal."""
        for pages in self.served.values():
            found = [pages[place] for place in sorted(pages)]
            if any(a and a == b == c for a, b, c in zip(found, found[1:], found[2:], strict=False)):
                return True
        return False

    def fits(self, row: Row, query: dict[str, str]) -> bool:
        """Return whether a row is between the bounds of a request."""
        at = row.made if self.manner.by_creation else row.at
        if "since" in query:
            since = self.manner.key.read(query["since"])
            if at < since or (at == since and self.manner.bounds == "exclusive"):
                return False
        if "until" in query:
            until = self.manner.key.read(query["until"])
            return at < until or (at == until and self.manner.bounds == "inclusive")
        return True

    def _page(self, seen: Seen, request: int, *, moves: bool) -> Reply:
        manner, query = self.manner, seen.query
        rows = [row.fields for row in self.rows_of(seen.path, query) if self.fits(row, query)]
        divide, enclose = SHAPES[manner.shape]
        items = divide(rows)
        if manner.style == "none":
            return Reply(enclose(items))
        slice_ = (seen.path, *sorted((n, v) for n, v in query.items() if n not in PLACES))
        start, length = self._place(query, rows, request)
        end = start + length
        if manner.style in COUNTED:
            self.served[slice_][int(query[manner.style.partition("_")[0]])] = items[start:end]
        token = f"{end}.{request}"
        if manner.scrolls:
            # Each scroll has its own token, so that a late request of an earlier run moves none.
            token = query.get("token", f"{id(self)}.{request}")
            self.scrolled[token] = end if moves else start
        signs = {"total": len(items), "more": end < len(items)}
        signs = {name: value for name, value in signs.items() if name in manner.sign.values()}
        body = {**enclose(items[start:end]), **signs}
        if end >= len(items) and not (manner.scrolls and manner.ends_silently):
            return Reply(body)
        if start == end and manner.leaves_out and end < len(items):
            body = signs
        url = f"{manner.url}{seen.path}?{urlencode({**query, 'token': token})}"
        own = {"cursor": {"token": token}, "next_url": {"next": url}}.get(manner.style, {})
        link = {"Link": f'<{url}>; rel="next"'} if manner.style == "link_header" else {}
        return Reply(body | own, headers=link)

    def _place(self, query: dict[str, str], rows: list[Any], request: int) -> tuple[int, int]:
        """Return where a page starts and how long it is.

        Its length depends on the number of the request, but for page numbers: there it would
        change what page 2 means, and no client could read all rows.
        """
        lengths = self.manner.lengths

        def length(number: int) -> int:
            return min(lengths[number % len(lengths)], int(query.get("size", 200)))

        if "page" in query:
            number = int(query["page"]) - 1
            return sum(map(length, range(number))), length(number)
        if "after" in query:
            ids = [row["id"] for row in rows]
            return ids.index(int(query["after"])) + 1, length(request)
        if self.manner.scrolls and "token" in query:
            return self.scrolled[query["token"]], length(request)
        start = query.get("offset") or query.get("token", "0").partition(".")[0]
        return int(start), length(request)
