"""A server that pages rows in any style, with its own cap on the page size."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import parse_path
from tests.support.server import Reply
from tests.support.settings import valid_style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.server import ApiServer, Seen

#: Where ``read_pages`` sends its requests.
ADDRESS = "https://a.example/items"
#: The setting ``pagination`` of a stream for each style that ``PagedApi`` serves.
PAGINATION: dict[str, dict[str, Any]] = {
    "none": {"style": "none"},
    "page_number": {"style": "page_number"},
    "offset": {"style": "offset"},
    "cursor": {"style": "cursor", "cursor_path": "next", "cursor_param": "from"},
    "next_url": {"style": "next_url", "next_url_path": "url"},
    "link_header": {"style": "link_header"},
    "last_record": {"style": "last_record", "last_record_path": "id", "cursor_param": "after"},
}


@dataclass(frozen=True)
class PagedApi:
    """Rows with an ``id`` behind one path, at most ``cap`` a page.

    A row's ``at`` is compared with the parameter ``since``, inclusively.
    """

    api: ApiServer
    rows: Sequence[dict[str, Any]]
    style: str
    cap: int
    path: str

    def __post_init__(self) -> None:
        self.api.routes[f"/{self.path}"] = self.respond

    def stream(self, **settings: Any) -> dict[str, Any]:
        """Return the stream that reads all rows."""
        pagination = PAGINATION[self.style] | settings.pop("pagination", {})
        fixed = {"name": self.path, "path": self.path, "records_path": "rows"}
        return {**fixed, "pagination": pagination, **settings}

    def config(self, **settings: Any) -> dict[str, Any]:
        """Return a configuration with that stream alone; ``settings`` are the stream's."""
        return self.api.config(self.stream(**settings))

    @property
    def queries(self) -> list[dict[str, str]]:
        """The query of each page request so far."""
        return [seen.query for seen in self.api.requests(f"/{self.path}")]

    def respond(self, seen: Seen) -> Reply:
        """Return the page that a request names."""
        rows = [row for row in self.rows if row.get("at", "") >= seen.query.get("since", "")]
        if self.style == "none":
            return Reply({"rows": rows})
        start = self._start(seen.query, rows)
        end = start + self.cap
        body: dict[str, Any] = {"rows": rows[start:end], "total": len(rows)}
        headers = {}
        if end < len(rows):
            since = f"&since={seen.query['since']}" if "since" in seen.query else ""
            url = f"{self.api.url}/{self.path}?from={end}{since}"
            body |= {"next": str(end), "url": url}
            headers["Link"] = f'<{url}>; rel="next"'
        return Reply(body, headers=headers)

    def _start(self, query: dict[str, str], rows: Sequence[dict[str, Any]]) -> int:
        if self.style == "page_number":
            return (int(query["page"]) - 1) * self.cap
        if self.style == "last_record":
            ids = [str(row["id"]) for row in rows]
            return ids.index(query["after"]) + 1 if "after" in query else 0
        return int(query["offset"] if self.style == "offset" else query.get("from", 0))


def read_pages(
    raw: dict[str, Any],
    respond: Callable[[Request], tuple[dict[str, Any], dict[str, str]]],
    most: int = 300,
) -> tuple[Paginator, list[Any]]:
    """Page through ``respond``, a server without a network; return the records emitted, too.

    It gets a request and returns body and headers. The records are at ``rows``.
    """
    where = RecordSettings(records_path=parse_path("rows"))
    paginator, emitted = Paginator(valid_style(**raw)), []
    while paginator.stop is None:
        request = paginator.place(Request("GET", ADDRESS))
        body, headers = respond(request)
        page = read_page(request.url, 200, headers, json.dumps(body).encode(), where)
        emitted += [row for new in paginator.take(page) for row in new.records]
        assert paginator.pages <= most, "paging does not stop"
    return paginator, emitted


def sign_of(style: str, token: str, url: str = ADDRESS) -> dict[str, Any]:
    """Return how a server names the next page in a style: in the body or a header."""
    return {
        "cursor": {"body": {"next": token}},
        "next_url": {"body": {"url": f"{url}?from={token}"}},
        "link_header": {"headers": {"Link": f'<{url}?from={token}>; rel="next"'}},
    }.get(style, {})
