"""How real APIs page, by their documentation: a small handler for each shape, with invented rows.

Parameters that an API does not know are ignored, as most do.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.support.server import Reply

if TYPE_CHECKING:
    from tests.support.server import Seen

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """A request to a shape: its rows and parameters, and the address of the API."""

    rows: Rows
    seen: Seen
    url: str

    def number(self, name: str, default: int, most: int = 100) -> int:
        """Return a parameter of the query as a number."""
        value = self.seen.query.get(name, "")
        return min(int(value), most) if value.lstrip("-").isdecimal() else default

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter of the query."""
        return self.seen.query.get(name, default)

    def body(self, *names: str) -> Any:
        """Return a member of the body."""
        value = self.seen.json
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def part(self, start: int, size: int) -> Rows:
        """Return the rows of a page."""
        return self.rows[max(start, 0) : max(start, 0) + size]

    def link(self, **params: Any) -> str:
        """Return the address of another page."""
        query = "&".join(f"{quote(name)}={quote(str(value))}" for name, value in params.items())
        return f"{self.url}/items?{query}"


@dataclass(frozen=True)
class Shape:
    """One API: its handler, and what is configured besides name and path."""

    respond: Callable[[Call], Any]
    settings: dict[str, Any] = field(default_factory=dict)
    count: int = 45
    unsure: str = ""
    wrap: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row


@dataclass(frozen=True)
class Part:
    """A page of rows, and the numbers that an envelope may name."""

    rows: Rows
    total: int
    start: int = 0
    limit: int = 0
    page: int = 0
    pages: int = 0


SHAPES: dict[str, Shape] = {}


def shape(**options: Any) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    """Register a handler under its name."""

    def register(respond: Callable[[Call], Any]) -> Callable[[Call], Any]:
        SHAPES[respond.__name__] = Shape(respond, **options)
        return respond

    return register


def encode(number: int) -> str:
    """Return an opaque cursor."""
    return base64.b64encode(f"at:{number}".encode()).decode()


def decode(cursor: Any) -> int:
    """Return the number of a cursor, 0 without one; raise ValueError if it is none."""
    if not cursor:
        return 0
    text = base64.b64decode(str(cursor), validate=True).decode()
    if not text.startswith("at:"):
        raise ValueError(cursor)
    return int(text[3:])


def by_cursor(call: Call, cursor: Any, size: int) -> tuple[Rows, str | None] | None:
    """Return the rows of a cursor and the next cursor; None if the cursor is wrong."""
    try:
        start = decode(cursor)
    except ValueError:
        return None
    end = start + size
    return call.part(start, size), encode(end) if end < len(call.rows) else None


BAD = Reply({"message": "invalid parameter"}, 400)


def query_cursor(param: str, size: int = 20, size_param: str = "limit") -> Any:
    """Return a function that reads the page of a cursor in the query."""
    return lambda call: by_cursor(call, call.text(param), call.number(size_param, size))


def after_id(param: str, size: int, envelope: Callable[[Rows, bool], Any]) -> Any:
    def respond(call):
        ids = [str(row["id"]) for row in call.rows]
        after = call.text(param)
        if after and after not in ids:
            return BAD
        start = ids.index(after) + 1 if after else 0
        return envelope(call.part(start, size), start + size < len(call.rows))

    return respond


def graphql(
    query: str, envelope: Callable[[Rows, str | None], Any], variable: str = "after"
) -> Shape:
    def respond(call):
        page = by_cursor(call, call.body("variables", variable), 20)
        if page is None:
            return {"errors": [{"message": "invalid cursor"}], "data": None}
        return {"data": envelope(*page)}

    return Shape(respond, {"method": "POST", "body": {"query": query}})


def page_info(rows: Rows, cursor: str | None) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": bool(cursor), "endCursor": cursor or encode(45)}}
