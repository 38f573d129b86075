"""A response that shows more pages than the definition reads: a warning, and no bookmark."""

from __future__ import annotations

import pytest

from tests.support.server import Reply

ROWS = [
    {"id": n, "at": f"2024-01-{n + 1:02}T00:00:00Z", "next": "/x", "total": 99} for n in range(5)
]
URL = "https://api.example.com/items?page=2"
SCHEMA = {
    "properties": {
        "id": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        **{name: {} for name in ("next", "total", "has_more", "cursor", "rows")},
    }
}
CURSOR = {"style": "cursor", "cursor_path": "after_this", "cursor_param": "from"}


@pytest.fixture
def sync(api, tap):
    """A function that syncs a stream whose only response has these members and headers."""

    def run(members, headers=None, pagination=None, path="rows", rows=ROWS):
        body = {"rows": rows, **members} if isinstance(members, dict) else members
        api.serve("/items", Reply(body, headers=headers or {}), Reply({"rows": []}))
        stream = {"name": "items", "path": "items", "records_path": path, "schema": SCHEMA}
        stream |= {"replication_key": "at", "pagination": pagination or {}}
        return tap.ok(api.config(stream))

    return run


@pytest.mark.parametrize(
    ("members", "headers", "named"),
    [
        ({}, {"Link": f'<{URL}>; rel="next"'}, "'Link'"),
        ({}, {"X-Next-Cursor": "abc"}, "'X-Next-Cursor'"),
        ({}, {"x-ms-continuation": "abc"}, "'x-ms-continuation'"),
        ({}, {"X-Total-Count": "6"}, "'X-Total-Count'"),
        ({}, {"X-WP-TotalPages": "2"}, "'X-WP-TotalPages'"),
        ({}, {"Content-Range": "items 0-4/6"}, "'Content-Range'"),
        ({"pages": {"current": 1, "total": 2}}, {}, "'pages.total'"),
        ({"next": URL}, {}, "'next'"),
        ({"next": 2}, {}, "'next'"),
        ({"@odata.nextLink": URL}, {}, "@odata.nextLink"),
        ({"_links": {"next": {"href": "/items?page=2"}}}, {}, "'_links.next.href'"),
        ({"links": {"next": URL, "prev": None}}, {}, "'links.next'"),
        (
            {"link": [{"relation": "self", "url": "x"}, {"relation": "next", "url": URL}]},
            {},
            "link",
        ),
        ({"links": [{"rel": "next", "href": URL}]}, {}, "links"),
        ({"nextPageToken": "abc"}, {}, "'nextPageToken'"),
        ({"cursor": "abc"}, {}, "'cursor'"),
        ({"response_metadata": {"next_cursor": "abc"}}, {}, "next_cursor"),
        ({"paging": {"next": {"after": "NTI1"}}}, {}, "'paging.next.after'"),
        ({"has_more": True}, {}, "'has_more'"),
        ({"has_more": "true"}, {}, "'has_more'"),
        ({"pageInfo": {"hasNextPage": True, "endCursor": "abc"}}, {}, "hasNextPage"),
        ({"last": False, "number": 0}, {}, "'last'"),
        ({"isLast": False}, {}, "'isLast'"),
        ({"total": 6}, {}, "'total'"),
        ({"meta": {"pagination": {"total_pages": 2}}}, {}, "total_pages"),
        ({"count": 6, "next": None}, {}, "'count'"),
    ],
)
def test_unused_sign_of_more_keeps_the_bookmark(sync, members, headers, named):
    """Each kind of sign is one warning that names it; exit status 0, no bookmark."""
    run = sync(members, headers)
    assert run.ids() == [0, 1, 2, 3, 4]
    (warning,) = [line for line in run.warnings if "more follows" in line]
    assert named in warning
    assert "preview --suggest" in warning
    assert run.bookmark() is None


@pytest.mark.parametrize(
    ("members", "headers"),
    [
        ({}, {}),
        ({"next": None, "previous": None, "count": 5}, {}),
        ({"next": "", "total": 5, "cursor": "always-there"}, {}),
        ({"has_more": False, "cursor": "always-there", "total": 90}, {}),
        ({"meta": {"has_more": False}, "links": {"next": URL}}, {}),
        ({"pageInfo": {"hasNextPage": False, "endCursor": "abc"}}, {}),
        ({"last": True, "totalPages": 1, "totalElements": 5}, {}),
        ({"paging": {"cursors": {"before": "a", "after": "b"}}}, {}),
        ({"previous": URL, "prev_cursor": "abc", "nextSyncToken": "abc"}, {}),
        ({"author": {"id": 1, "next": "/x", "total": 50, "cursor": "c"}}, {}),
        ({"nextPageToken": None, "next_cursor": 0, "offset": 0, "limit": 100, "total": "5"}, {}),
        ({"total": "12.50", "page": 1, "pages": 1, "size": 500}, {}),
        ({}, {"X-Total-Count": "5", "X-Next-Cursor": "", "X-Prev-Cursor": "a", "X-Page": "1"}),
        (
            {},
            {"Link": f'<{URL}>; rel="prev"', "X-RateLimit-Limit": "600", "Content-Location": "/x"},
        ),
    ],
)
def test_nothing_unread_is_no_warning(sync, members, headers):
    """What stands in an envelope whose records were all read lets the bookmark move."""
    run = sync(members, headers)
    assert not run.warnings
    assert run.bookmark() == ROWS[-1]["at"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (ROWS[0] | {"has_more": True, "cursor": "abc"}, "$"),
        ({"data": ROWS[0] | {"has_more": True}}, "data"),
        ({"data": {"a": ROWS[0] | {"has_more": True}}}, "$.data.*"),
        (ROWS, "$"),
        ([{"rows": ROWS}], "$[*].rows[*]"),
    ],
)
def test_fields_of_records_are_no_signs(sync, body, path):
    """A record's own fields say nothing of pages, wherever the record is."""
    assert not sync(body, path=path).warnings


@pytest.mark.parametrize(
    "pagination",
    [
        {"style": "page_number", "total_path": "count"},
        {"style": "offset", "total_path": "count", "stop_on_short_page": True},
        {"style": "page_number", "total_pages_path": "pages"},
        {"style": "next_url", "next_url_path": "links.next"},
        {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "from"},
        {"style": "cursor", "cursor_path": "absent", "cursor_param": "from"},
        {"style": "link_header"},
        {"style": "last_record", "last_record_path": "id", "cursor_param": "from",
         "has_more_path": "last"},
    ],
)  # fmt: skip
def test_end_of_a_wrong_definition_keeps_the_bookmark(sync, pagination):
    """A style that ends on the first page, though another sign says that more follows."""
    members = {"count": 5, "pages": 1, "next": URL, "last": False}
    run = sync(members, pagination=pagination)
    assert any("'last' says that more follows" in line for line in run.warnings)
    assert run.bookmark() is None


def test_list_of_metadata_and_records_shows_its_pages(sync):
    """Metadata that stands next to the records in a list counts."""
    run = sync([{"page": 1, "pages": 7, "total": 304}, ROWS], path="1")
    assert any("'0.total'" in line or "'0.pages'" in line for line in run.warnings)


@pytest.mark.parametrize("total", [5, 90])
def test_empty_page_ends_despite_a_total(paged_api, tap, total):
    """After the last page, a total that counts other records, too, holds no bookmark back."""
    api = paged_api(ROWS, style="page_number", cap=2)
    answer = api.respond
    api.api.routes["/items"] = lambda seen: Reply({**answer(seen).body, "total": total})
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA))
    assert run.ids() == [0, 1, 2, 3, 4]
    assert not run.warnings
    assert run.bookmark() == ROWS[-1]["at"]


@pytest.mark.parametrize("kind", ["partitions", "parent"])
def test_only_the_context_with_unread_pages_keeps_its_bookmark(api, tap, kind):
    """Of two contexts, the one whose response names another page is not read completely."""
    api.serve("/lists", [{"id": "a"}, {"id": "b"}])
    api.serve("/a", {"rows": ROWS, "next": None})
    api.serve("/b", {"rows": ROWS, "next": URL})
    stream = {"name": "items", "path": f"{{{kind.removesuffix('s')}.list}}", "records_path": "rows"}
    stream |= {"schema": SCHEMA, "replication_key": "at", "new_fields": "ignore"}
    if kind == "parent":
        stream["parent"] = {"stream": "lists", "keys": {"list": "id"}}
    else:
        stream["partitions"] = [{"list": "a"}, {"list": "b"}]
    run = tap.ok(api.config({"name": "lists", "path": "lists"}, stream))
    marks = {
        one["context"]["list"]: one.get("replication_key_value") for one in run.partitions("items")
    }
    assert marks.get("a") == ROWS[-1]["at"]
    assert marks.get("b") is None
