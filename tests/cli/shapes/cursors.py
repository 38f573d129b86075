"""Cursors in the body or a header, and counts in headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.cli.shapes.tools import BAD, SHAPES, Rows, Shape, by_cursor, encode, shape
from tests.support.server import Reply

# Counts in headers without a link


@shape()
def wordpress_counts(call):
    page = call.number("page", 1)
    headers = {"X-WP-Total": str(len(call.rows)), "X-WP-TotalPages": str(-(-len(call.rows) // 10))}
    return Reply(call.part(page * 10 - 10, 10), headers=headers)


@shape()
def cursor_in_header(call):
    found, following = by_cursor(call, call.text("cursor"), 20) or ([], None)
    return Reply(found, headers={"X-Next-Cursor": following} if following else {})


@shape()
def next_page_in_header(call):
    page = call.number("page", 1)
    more = page * 20 < len(call.rows)
    headers = {"X-Next-Page": str(page + 1) if more else "", "X-Page": str(page)}
    return Reply(call.part(page * 20 - 20, 20), headers=headers)


@shape()
def json_server(call):
    start = call.number("_start", 0)
    page = call.number("_page", 1)
    found = call.part(start + page * 10 - 10, 10)
    return Reply(found, headers={"X-Total-Count": str(len(call.rows))})


# Cursors in the body


def cursor_shape(param: str, envelope: Callable[[Rows, str | None], Any], size: int = 20) -> Any:
    """Return a handler that takes its cursor from the query and refuses wrong ones."""

    def respond(call):
        page = by_cursor(call, call.text(param), size)
        return BAD if page is None else envelope(*page)

    return respond


_CURSOR_SHAPES: dict[str, tuple[str, Callable[[Rows, str | None], Any]]] = {
    "google_people": (
        "pageToken",
        lambda rows, cursor: (
            {"connections": rows, "totalItems": 45}
            | ({"nextPageToken": cursor} if cursor else {"nextSyncToken": "sync"})
        ),
    ),
    "youtube": (
        "pageToken",
        lambda rows, cursor: (
            {
                "kind": "youtube#list",
                "etag": "x",
                "items": rows,
                "pageInfo": {"totalResults": 45, "resultsPerPage": 20},
            }
            | ({"nextPageToken": cursor} if cursor else {})
        ),
    ),
    "google_ads_snake": (
        "page_token",
        lambda rows, cursor: {"items": rows, "next_page_token": cursor or ""},
    ),
    "zoom": (
        "next_page_token",
        lambda rows, cursor: {
            "page_count": 3,
            "page_number": 1,
            "page_size": 20,
            "total_records": 45,
            "next_page_token": cursor or "",
            "users": rows,
        },
    ),
    "jira_enhanced_search": (
        "nextPageToken",
        lambda rows, cursor: (
            {"issues": rows, "isLast": cursor is None}
            | ({"nextPageToken": cursor} if cursor else {})
        ),
    ),
    "slack": (
        "cursor",
        lambda rows, cursor: {
            "ok": True,
            "members": rows,
            "cache_ts": 1700000000,
            "response_metadata": {"next_cursor": cursor or ""},
        },
    ),
    "hubspot_v3": (
        "after",
        lambda rows, cursor: (
            {"results": rows}
            | (
                {"paging": {"next": {"after": cursor, "link": f"?after={quote(cursor)}"}}}
                if cursor
                else {}
            )
        ),
    ),
    "airtable": (
        "offset",
        lambda rows, cursor: {"records": rows} | ({"offset": cursor} if cursor else {}),
    ),
    "square": (
        "cursor",
        lambda rows, cursor: {"customers": rows} | ({"cursor": cursor} if cursor else {}),
    ),
    "twitch": (
        "after",
        lambda rows, cursor: {"data": rows, "pagination": {"cursor": cursor} if cursor else {}},
    ),
    "twitter": (
        "pagination_token",
        lambda rows, cursor: {
            "data": rows,
            "includes": {"users": [{"id": n} for n in range(30)]},
            "meta": {"result_count": len(rows)} | ({"next_token": cursor} if cursor else {}),
        },
    ),
    "reddit": (
        "after",
        lambda rows, cursor: {
            "kind": "Listing",
            "data": {"after": cursor, "before": None, "dist": len(rows), "children": rows},
        },
    ),
    "intercom_contacts": (
        "starting_after",
        lambda rows, cursor: {
            "type": "list",
            "data": rows,
            "total_count": 45,
            "pages": {"type": "pages", "page": 1, "per_page": 20, "total_pages": 3}
            | ({"next": {"page": 2, "starting_after": cursor}} if cursor else {}),
        },
    ),
    "pipedrive_v2": (
        "cursor",
        lambda rows, cursor: {
            "success": True,
            "data": rows,
            "additional_data": {"next_cursor": cursor},
        },
    ),
    "eventbrite": (
        "continuation",
        lambda rows, cursor: {
            "events": rows,
            "pagination": {
                "object_count": 45,
                "page_number": 1,
                "page_size": 20,
                "page_count": 3,
                "has_more_items": bool(cursor),
            }
            | ({"continuation": cursor} if cursor else {}),
        },
    ),
    "box_marker": (
        "marker",
        lambda rows, cursor: {"entries": rows, "limit": 20, "next_marker": cursor or ""},
    ),
    "box_events": (
        "stream_position",
        lambda rows, cursor: {
            "chunk_size": len(rows),
            "entries": rows,
            # The feed has no end: past the last event the position stays.
            "next_stream_position": cursor or encode(45),
        },
    ),
    "sumo_logic": ("token", lambda rows, cursor: {"data": rows, "next": cursor}),
    "pinterest": ("bookmark", lambda rows, cursor: {"items": rows, "bookmark": cursor}),
    "solr": (
        "cursorMark",
        lambda rows, cursor: {
            "response": {"numFound": 45, "start": 0, "docs": rows},
            "nextCursorMark": cursor or encode(45),
        },
    ),
    "cursor_in_meta": (
        "cursor",
        lambda rows, cursor: {
            "results": rows,
            "meta": {"hasMore": bool(cursor), "cursor": cursor or encode(45)},
        },
    ),
    "aws_style": (
        "NextToken",
        lambda rows, cursor: {"Items": rows} | ({"NextToken": cursor} if cursor else {}),
    ),
    "cursor_called_page": (
        "page",
        lambda rows, cursor: {"items": rows, "nextPage": cursor},
    ),
}
for _name, (_param, _envelope) in _CURSOR_SHAPES.items():
    SHAPES[_name] = Shape(cursor_shape(_param, _envelope))


@shape()
def hubspot_v1_deals(call):
    start = call.number("offset", 0, most=10**9) // 1000
    found = call.part(start, 20)
    return {"deals": found, "hasMore": start + 20 < len(call.rows), "offset": (start + 20) * 1000}


@shape()
def hubspot_v1_contacts(call):
    start = call.number("vidOffset", 0, most=10**9) // 1000
    found = call.part(start, 20)
    return {
        "contacts": found,
        "has-more": start + 20 < len(call.rows),
        "vid-offset": (start + 20) * 1000,
    }


@shape()
def bitbucket_server(call):
    start, limit = call.number("start", 0), call.number("limit", 25)
    found, last = call.part(start, limit), start + limit >= len(call.rows)
    return {
        "size": len(found),
        "limit": limit,
        "isLastPage": last,
        "values": found,
        "start": start,
        "nextPageStart": None if last else start + limit,
    }


@shape()
def pipedrive_v1(call):
    start, limit = call.number("start", 0), call.number("limit", 20)
    more = start + limit < len(call.rows)
    paging = {"start": start, "limit": limit, "more_items_in_collection": more}
    paging |= {"next_start": start + limit} if more else {}
    return {
        "success": True,
        "data": call.part(start, limit),
        "additional_data": {"pagination": paging},
    }


@shape()
def next_page_number(call):
    page = call.number("page", 1)
    return {
        "items": call.part(page * 10 - 10, 10),
        "next_page": page + 1 if page * 10 < len(call.rows) else None,
    }
