"""Offsets and page numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.cli.shapes.tools import SHAPES, Part, Shape, shape
from tests.support.server import Reply

# Offsets


def offset_shape(
    param: str,
    size_param: str,
    envelope: Callable[[Part], Any],
    size: int = 20,
    first: int = 0,
) -> Any:
    def respond(call):
        start, limit = call.number(param, first), call.number(size_param, size)
        return envelope(Part(call.part(start - first, limit), len(call.rows), start, limit))

    return respond


SHAPES |= {
    "jira_data_center": Shape(
        offset_shape(
            "startAt",
            "maxResults",
            lambda p: {
                "expand": "schema",
                "startAt": p.start,
                "maxResults": p.limit,
                "total": p.total,
                "issues": p.rows,
            },
        )
    ),
    "jira_agile": Shape(
        offset_shape(
            "startAt",
            "maxResults",
            lambda p: {
                "startAt": p.start,
                "maxResults": p.limit,
                "isLast": p.start + p.limit >= p.total,
                "values": p.rows,
            },
        )
    ),
    "contentful": Shape(
        offset_shape(
            "skip",
            "limit",
            lambda p: {
                "sys": {"type": "Array"},
                "total": p.total,
                "skip": p.start,
                "limit": p.limit,
                "items": p.rows,
            },
        )
    ),
    "pagerduty": Shape(
        offset_shape(
            "offset",
            "limit",
            lambda p: {
                "incidents": p.rows,
                "limit": p.limit,
                "offset": p.start,
                "total": None,
                "more": p.start + p.limit < p.total,
            },
        )
    ),
    "per_page_count": Shape(
        offset_shape(
            "offset",
            "limit",
            lambda p: {"data": p.rows, "count": len(p.rows), "offset": p.start, "limit": p.limit},
        )
    ),
    "mailchimp": Shape(
        offset_shape(
            "offset",
            "count",
            lambda p: {
                "lists": p.rows,
                "total_items": p.total,
                "_links": [{"rel": "self", "href": "x"}],
            },
            10,
        )
    ),
    "box_offset": Shape(
        offset_shape(
            "offset",
            "limit",
            lambda p: {
                "total_count": p.total,
                "entries": p.rows,
                "offset": p.start,
                "limit": p.limit,
            },
        )
    ),
    "elasticsearch_from": Shape(
        offset_shape(
            "from",
            "size",
            lambda p: {
                "took": 1,
                "timed_out": False,
                "hits": {
                    "total": {"value": p.total, "relation": "eq"},
                    "max_score": 1.0,
                    "hits": [{"_id": str(r["id"]), "_source": r} for r in p.rows],
                },
            },
            10,
        )
    ),
    "scim": Shape(
        offset_shape(
            "startIndex",
            "count",
            lambda p: {
                "schemas": ["urn"],
                "totalResults": p.total,
                "startIndex": p.start,
                "itemsPerPage": p.limit,
                "Resources": p.rows,
            },
            20,
            1,
        )
    ),
    "ckan": Shape(
        offset_shape(
            "start",
            "rows",
            lambda p: {
                "success": True,
                "result": {"count": p.total, "results": p.rows, "facets": {}},
            },
            10,
        )
    ),
    "odata_skip_only": Shape(
        offset_shape("$skip", "$top", lambda p: {"@odata.count": p.total, "value": p.rows})
    ),
    "datatables": Shape(
        offset_shape(
            "start",
            "length",
            lambda p: {"draw": 1, "recordsTotal": 900, "recordsFiltered": p.total, "data": p.rows},
            10,
        )
    ),
    "offset_echo_only": Shape(
        offset_shape(
            "offset", "limit", lambda p: {"offset": p.start, "limit": p.limit, "articles": p.rows}
        )
    ),
    "webflow_v2": Shape(
        offset_shape(
            "offset",
            "limit",
            lambda p: {
                "items": p.rows,
                "pagination": {"limit": p.limit, "offset": p.start, "total": p.total},
            },
        )
    ),
    "openfda": Shape(
        offset_shape(
            "skip",
            "limit",
            lambda p: {
                "meta": {"results": {"skip": p.start, "limit": p.limit, "total": p.total}},
                "results": p.rows,
            },
            10,
        )
    ),
}


# Page numbers


def page_shape(
    param: str,
    envelope: Callable[[Part], Any],
    size: int = 10,
    first: int = 1,
    past: Any = None,
) -> Any:
    """Return a handler; ``past`` is the response past the last page, an empty one without it."""

    def respond(call):
        page, pages = call.number(param, first), -(-len(call.rows) // size)
        if past is not None and page - first >= pages:
            return past
        found = call.part((page - first) * size, size)
        return envelope(Part(found, len(call.rows), page=page, pages=pages))

    return respond


SHAPES |= {
    "spring_page": Shape(
        page_shape(
            "page",
            lambda p: {
                "content": p.rows,
                "pageable": {"pageNumber": p.page, "pageSize": 10, "offset": p.page * 10},
                "last": p.page + 1 >= p.pages,
                "totalPages": p.pages,
                "totalElements": p.total,
                "size": 10,
                "number": p.page,
                "first": p.page == 0,
                "numberOfElements": len(p.rows),
                "empty": not p.rows,
            },
            first=0,
        )
    ),
    "spring_slice": Shape(
        page_shape(
            "page",
            lambda p: {
                "content": p.rows,
                "last": p.page + 1 >= p.pages,
                "size": 10,
                "number": p.page,
                "first": p.page == 0,
                "numberOfElements": len(p.rows),
                "empty": not p.rows,
            },
            first=0,
        )
    ),
    "spring_short": Shape(
        page_shape(
            "page",
            lambda p: {"content": p.rows, "number": p.page, "totalPages": p.pages},
            20,
            first=0,
        )
    ),
    "spring_paged_model": Shape(
        page_shape(
            "page",
            lambda p: {
                "content": p.rows,
                "page": {
                    "size": 10,
                    "number": p.page,
                    "totalElements": p.total,
                    "totalPages": p.pages,
                },
            },
            first=0,
        )
    ),
    "zoho_crm": Shape(
        page_shape(
            "page",
            lambda p: {
                "data": p.rows,
                "info": {
                    "per_page": 10,
                    "count": len(p.rows),
                    "page": p.page,
                    "more_records": p.page < p.pages,
                },
            },
            past=Reply(b"", 204),
        )
    ),
    "zoho_books": Shape(
        page_shape(
            "page",
            lambda p: {
                "code": 0,
                "message": "success",
                "invoices": p.rows,
                "page_context": {"page": p.page, "per_page": 10, "has_more_page": p.page < p.pages},
            },
        )
    ),
    "algolia": Shape(
        page_shape(
            "page",
            lambda p: {
                "hits": p.rows,
                "nbHits": p.total,
                "page": p.page,
                "nbPages": p.pages,
                "hitsPerPage": 10,
            },
            first=0,
        )
    ),
    "auth0_totals": Shape(
        page_shape(
            "page",
            lambda p: {
                "start": p.page * 10,
                "limit": 10,
                "length": len(p.rows),
                "total": p.total,
                "users": p.rows,
            },
            first=0,
        )
    ),
    "typeform": Shape(
        page_shape(
            "page", lambda p: {"total_items": p.total, "page_count": p.pages, "items": p.rows}
        )
    ),
    "xero_pagination": Shape(
        page_shape(
            "page",
            lambda p: {
                "Id": "x",
                "Status": "OK",
                "pagination": {
                    "page": p.page,
                    "pageSize": 10,
                    "pageCount": p.pages,
                    "itemCount": p.total,
                },
                "Invoices": p.rows,
            },
        )
    ),
    "xero_classic": Shape(
        page_shape(
            "page",
            lambda p: {"Id": "x", "Status": "OK", "DateTimeUTC": "/Date(1)/", "Invoices": p.rows},
            100,
        ),
        count=230,
    ),
    "magento": Shape(
        page_shape(
            "searchCriteria[currentPage]",
            lambda p: {
                "items": p.rows,
                "search_criteria": {"filter_groups": [], "page_size": 10, "current_page": p.page},
                "total_count": p.total,
            },
        )
    ),
    "current_page": Shape(
        page_shape(
            "page", lambda p: {"items": p.rows, "current_page": p.page, "last_page": p.pages}
        )
    ),
    "page_index": Shape(
        page_shape(
            "pageIndex",
            lambda p: {"items": p.rows, "pageIndex": p.page, "hasNextPage": p.page < p.pages},
        )
    ),
    "page_index_zero": Shape(
        page_shape(
            "pageIndex",
            lambda p: {"items": p.rows, "pageIndex": p.page, "hasNextPage": p.page + 1 < p.pages},
            first=0,
        )
    ),
    "has_more_only": Shape(
        page_shape("page", lambda p: {"results": p.rows, "hasMore": p.page < p.pages})
    ),
    "total_pages_404": Shape(
        page_shape(
            "page",
            lambda p: {"results": p.rows, "total_pages": p.pages},
            past=Reply({"error": "none"}, 404),
        )
    ),
    "world_bank": Shape(
        page_shape(
            "page",
            lambda p: [
                {"page": p.page, "pages": p.pages, "per_page": "10", "total": p.total},
                p.rows,
            ],
        )
    ),
    "json_api_meta": Shape(
        page_shape(
            "page[number]",
            lambda p: {
                "data": p.rows,
                "meta": {"current-page": p.page, "total-pages": p.pages},
            },
        )
    ),
    "pages_object": Shape(
        page_shape(
            "page", lambda p: {"docs": p.rows, "pages": {"current": p.page, "total": p.pages}}
        )
    ),
    "tmdb": Shape(
        page_shape(
            "page",
            lambda p: {
                "page": p.page,
                "results": p.rows,
                "total_pages": p.pages,
                "total_results": p.total,
            },
        )
    ),
    "strava_plain_list": Shape(page_shape("page", lambda p: p.rows, 30)),
}


@shape()
def page_zero_is_page_one(call):
    page = max(call.number("page", 1), 1)
    return {"items": call.part(page * 10 - 10, 10), "page": page, "total": len(call.rows)}
