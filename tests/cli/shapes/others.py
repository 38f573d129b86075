"""The last record, requests with a body, and APIs that show nothing."""

from __future__ import annotations

from tests.cli.shapes.tools import (
    BAD,
    SHAPES,
    Shape,
    after_id,
    by_cursor,
    graphql,
    page_info,
    shape,
)

# The last record leads on


SHAPES |= {
    "stripe": Shape(
        after_id(
            "starting_after",
            10,
            lambda rows, more: {
                "object": "list",
                "url": "/v1/items",
                "has_more": more,
                "data": rows,
            },
        )
    ),
    "has_more_after_id": Shape(
        after_id("after", 10, lambda rows, more: {"items": rows, "has_more": more})
    ),
    "anthropic_admin": Shape(
        after_id(
            "after_id",
            20,
            lambda rows, more: {
                "data": rows,
                "first_id": "1",
                "last_id": str(rows[-1]["id"]) if rows else None,
                "has_more": more,
            },
        )
    ),
}


# Requests with a body


@shape(settings={"method": "POST", "body": {"filter": {"property": "x"}}})
def notion(call):
    page = by_cursor(call, call.body("start_cursor"), 20)
    if page is None:
        return BAD
    return {
        "object": "list",
        "results": page[0],
        "next_cursor": page[1],
        "has_more": bool(page[1]),
        "type": "page_or_database",
    }


@shape(
    settings={"method": "POST", "body": {"query": {"field": "x"}, "pagination": {"per_page": 20}}}
)
def intercom_search(call):
    page = by_cursor(call, call.body("pagination", "starting_after"), 20)
    if page is None:
        return BAD
    following = {"next": {"page": 2, "starting_after": page[1]}} if page[1] else {}
    return {"type": "list", "data": page[0], "pages": {"page": 1, "per_page": 20, **following}}


@shape(settings={"method": "POST", "body": {"size": 10, "sort": [{"id": "asc"}]}})
def elasticsearch_search_after(call):
    after = call.body("search_after") or [-1]
    found = [row for row in call.rows if row["id"] > int(after[0])][:10]
    hits = [{"_index": "i", "_id": str(r["id"]), "_source": r, "sort": [r["id"]]} for r in found]
    return {"took": 1, "hits": {"total": {"value": len(call.rows), "relation": "eq"}, "hits": hits}}


@shape(settings={"method": "POST", "body": {"filters": []}})
def search_by_post_offset(call):
    start = call.body("offset") or 0
    return {"offset": start, "limit": 20, "total": len(call.rows), "objects": call.part(start, 20)}


@shape(settings={"method": "POST", "body": {}})
def search_by_post_page(call):
    page = call.body("page") or 1
    return {
        "page": page,
        "total_pages": -(-len(call.rows) // 10),
        "rows": call.part(page * 10 - 10, 10),
    }


SHAPES |= {
    "github_graphql": graphql(
        "query($after: String) {{ organization(login: 1) {{ repositories(first: 20, after: $after) "
        "{{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }} }}",
        lambda rows, cursor: {
            "organization": {
                "repositories": {"totalCount": 45, "nodes": rows, **page_info(rows, cursor)}
            }
        },
    ),
    "shopify_graphql": graphql(
        "query($cursor: String) {{ products(after: $cursor) {{ edges {{ node {{ id }} }} "
        "pageInfo {{ hasNextPage endCursor }} }} }}",
        lambda rows, cursor: {
            "products": {
                "edges": [{"cursor": "c", "node": r} for r in rows],
                **page_info(rows, cursor),
            }
        },
        "cursor",
    ),
    "linear": graphql(
        "query Issues($after: String) {{ issues(after: $after) {{ nodes {{ id }} "
        "pageInfo {{ hasNextPage endCursor }} }} }}",
        lambda rows, cursor: {"issues": {"nodes": rows, **page_info(rows, cursor)}},
    ),
    "braintree": graphql(
        "query($after: String) {{ search {{ payments(after: $after) {{ edges {{ node {{ id }} }} "
        "pageInfo {{ hasNextPage endCursor }} }} }} }}",
        lambda rows, cursor: {
            "search": {
                "payments": {"edges": [{"node": r} for r in rows], **page_info(rows, cursor)}
            }
        },
    ),
    "monday": graphql(
        "query($cursor: String) {{ boards(ids: [1]) {{ items_page(limit: 20, cursor: $cursor) "
        "{{ cursor items {{ id }} }} }} }}",
        lambda rows, cursor: {"boards": [{"items_page": {"cursor": cursor, "items": rows}}]},
        "cursor",
    ),
}


GRAPHQL = ("github_graphql", "shopify_graphql", "linear", "braintree", "monday")


def by_setting(found: Shape) -> Shape:
    """Return a shape whose query is given by the setting ``graphql``, where braces are literal."""
    query = found.settings["body"]["query"].replace("{{", "{").replace("}}", "}")
    return Shape(found.respond, {"graphql": {"query": query}})


SHAPES |= {f"{name}_by_setting": by_setting(SHAPES[name]) for name in GRAPHQL}


@shape(settings={"method": "POST"})
def search_by_post_without_body(call):
    start = (call.body("start") if call.seen.content else 0) or 0
    return {"start": start, "total": len(call.rows), "hits": call.part(start, 10)}


# Nothing in the response leads on, or nothing that a definition can express


SHAPES |= {
    "trello_plain_list": Shape(lambda call: call.rows[:37], unsure="no sign of pages"),
    "discord_plain_list": Shape(
        after_id("before_message", 50, lambda rows, _: rows), count=130, unsure="no sign of pages"
    ),
    "dropbox_list_folder": Shape(
        lambda call: {"entries": call.rows[:20], "cursor": "AAH", "has_more": True},
        {"method": "POST", "body": {"path": ""}},
        unsure="says that more follows",
    ),
    "quickbooks": Shape(
        lambda call: {
            "QueryResponse": {"Customer": call.rows[:20], "startPosition": 1, "maxResults": 20},
            "time": "2026-01-01",
        },
        {"params": {"query": "select * from Customer"}},
        unsure="unsure",
    ),
    "graphql_without_variables": Shape(
        lambda call: {"data": {"items": {"nodes": call.rows[:20], **page_info([], "abc")}}},
        {"method": "POST", "body": {"query": "{{ items {{ nodes {{ id }} }} }}"}},
        unsure="says that more follows",
    ),
    "elasticsearch_scroll": Shape(
        lambda call: {
            "_scroll_id": "c2Nhbjs",
            "hits": {"total": {"value": 45, "relation": "eq"}, "hits": call.rows[:20]},
        },
        unsure="says that more follows",
    ),
}
