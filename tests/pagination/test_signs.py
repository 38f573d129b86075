"""A response that shows more pages than the definition reads: a warning, and no bookmark."""

from __future__ import annotations

import pytest

from tests.support.paging import PAGINATION, PagedApi
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


# What responses of a read of several pages have, on the first, on every one or on the last ones.
MORE = {
    "total": ("all", {"total": 6}, {}),
    "total on the last page": ("last", {"meta": {"total": "6"}}, {}),
    "total on the first page": ("first", {"total": 90}, {}),
    "total in a header": ("all", {}, {"X-Total-Count": "6"}),
    "another total that is lower": ("all", {"total": 6, "count": 2}, {}),
    "pages": ("all", {"total_pages": 40}, {}),
    "next link": ("last", {"links": {"next": "/items?page=90&offset=90&from=x&after=x"}}, {}),
    "Link header": ("last", {}, {"Link": '</items?elsewhere=1>; rel="next"'}),
    "next cursor": ("last", {"nextPageToken": "abc"}, {}),
    "next number": ("last", {"meta": {"next_page": 90}}, {}),
    "cursor in a header": ("last", {}, {"X-Next-Cursor": "abc"}),
    "flag": ("last", {"has_more": True}, {}),
    "flag of the last page": ("last", {"isLast": False}, {}),
}
ALL_CAME = {
    "total of what came": ("all", {"total": 5}, {}),
    "total of rows that were added meanwhile": ("first", {"total": 5}, {}, {"total": 7}),
    "total of rows that were deleted meanwhile": ("first", {"total": 7}, {}, {"total": 5}),
    "total of what came, in another unit": ("all", {"total": 5, "total_pages": 9}, {}),
    "total of other rows": ("all", {"recordsTotal": 90, "recordsFiltered": 5}, {}),
    "total of another object": ("all", {"author": {"id": 1, "total": 90}}, {}),
    "count of a page": ("all", {"count": 2}, {}),
    "pages": ("all", {"total_pages": 3}, {}),
    "own link": ("last", {"next_page_url": "OWN"}, {}),
    "own link in a header": ("last", {}, {"Link": '<OWN>; rel="next"'}),
    "link to the first page": ("last", {"next_page_url": "FIRST"}, {}),
    "link to a page before": ("last", {"next_page_url": "BEFORE"}, {}),
    "number of a page before": ("last", {"next_page": "PAGE"}, {}),
    "end of the cursors": ("last", {"next_page": None, "next_cursor": ""}, {"X-Next-Cursor": ""}),
    "flags": ("last", {"has_more": False, "isLast": True, "total": 90}, {}),
    "cursor that is always there": ("all", {"page_token": "abc"}, {}),
}
BEFORE = {
    "page_number": "/items?page=2",
    "offset": "/items?offset=2",
    "last_record": "/items?after=1",
    "none": "/items",
}
STYLES = [name for name in PAGINATION if name != "none"]


def serve_with(api, variant):
    """Add members and headers to some pages of an API that else has only its own token.

    A fourth part is added to the pages that lead no further.
    """
    where, members, headers, *later = variant
    respond, seen_urls = api.respond, []

    def decorate(seen):
        reply = respond(seen)
        body = reply.body
        seen_urls.append(seen.target)
        is_first, is_last = len(seen_urls) == 1, "next" not in body
        # Only its own token leads on.
        keep = {"cursor": "next", "next_url": "url"}.get(api.style)
        body = {name: body[name] for name in body if name in {"rows", keep}}
        found = reply.headers if api.style == "link_header" else {}
        if where == "all" or (where == "first" and is_first) or (where == "last" and is_last):
            known = {"OWN": seen.target, "FIRST": seen_urls[0]}
            known["BEFORE"] = BEFORE.get(api.style, "/items?from=2")
            known["PAGE"] = 2 if api.style in {"page_number", "offset"} else None
            body |= {name: known.get(str(value), value) for name, value in members.items()}
            named = {name: value.replace("OWN", seen.target) for name, value in headers.items()}
            found = {**found, **named}
        for one in later if is_last else ():
            body |= one
        return Reply(body, headers=found)

    api.api.routes[f"/{api.path}"] = decorate


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MORE)
def test_sign_of_more_after_several_pages_keeps_the_bookmark(paged_api, tap, style, name):
    """A larger total or an unread link, wherever the read ended by its own style."""
    if style == "link_header" and name == "Link header":
        return
    api = paged_api(ROWS, style=style, cap=2)
    serve_with(api, MORE[name])
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA))
    assert run.ids() == [0, 1, 2, 3, 4]
    assert sum("says that more follows" in line for line in run.warnings) == 1
    assert run.bookmark() is None


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ALL_CAME)
def test_sign_of_a_page_that_was_read_moves_the_bookmark(paged_api, tap, style, name):
    """Totals that were reached, or count something else, and links back are no warning."""
    api = paged_api(ROWS, style=style, cap=2)
    serve_with(api, ALL_CAME[name])
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA))
    assert run.ids() == [0, 1, 2, 3, 4]
    assert not run.warnings
    assert run.bookmark() == ROWS[-1]["at"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("total", [5, 6])
def test_total_counts_before_a_response_rule_that_ends(paged_api, tap, style, total):
    """The response past the last page has no total; the first page had one."""
    api = paged_api(ROWS, style=style, cap=2)
    serve_with(api, ("all", {"total": total}, {}))
    respond = api.api.routes["/items"]

    def refuse(seen):
        reply = respond(seen)
        return reply if reply.body["rows"] else Reply({"message": "no such page"}, 404)

    api.api.routes["/items"] = refuse
    rules = [{"status": 404, "action": "end"}]
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA, response_rules=rules))
    assert run.ids() == [0, 1, 2, 3, 4]
    assert run.bookmark() == (ROWS[-1]["at"] if total == 5 else None)


@pytest.mark.parametrize("count", ["9", 9])
@pytest.mark.parametrize("is_nested", [False, True])
def test_count_that_was_sent_is_no_total(api, tap, count, is_nested):
    """A response may repeat the parameters of its request, also inside of an object."""
    sent = {"count": count}
    api.serve("/items", {"rows": ROWS} | ({"paging": sent} if is_nested else sent))
    stream = {"name": "items", "path": "items", "params": {"count": "9"}, "records_path": "rows"}
    assert not tap.ok(api.config({**stream, "schema": SCHEMA})).warnings


@pytest.mark.parametrize("total", [0, 6])
def test_larger_total_counts_though_no_record_came(sync, total):
    """The first page may have another number than the one requested."""
    run = sync({"total": total}, pagination={"style": "page_number"}, rows=[])
    assert bool(run.warnings) == (total == 6)


def test_total_that_is_named_only_warns(paged_api, tap):
    """A user who names a total that counts something else gets a bookmark."""
    api = paged_api(ROWS, style="cursor", cap=2)
    serve_with(api, MORE["total"])
    paging = {"total_path": "total"}
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA, pagination=paging))
    (warning,) = run.warnings
    assert "total_path says 6 records" in warning
    assert run.bookmark() == ROWS[-1]["at"]


# A total of all rows, though only those since the bookmark are read.
UNFILTERED = [
    ({"meta": {"total": 90}}, {}, "total_path", "meta.total"),
    ({"total_pages": 90}, {}, "total_pages_path", "total_pages"),
    ({}, {"X-Total-Count": "90"}, "total_path", "x-total-count"),
    ({}, {"X-Total-Pages": "90"}, "total_pages_path", "X-Total-Pages"),
    ({}, {"Content-Range": "items 0-4/90"}, "total_path", "Content-Range"),
]


@pytest.mark.parametrize(("members", "headers", "setting", "path"), UNFILTERED)
@pytest.mark.parametrize("style", [*STYLES, "none"])
def test_warning_of_a_total_says_how_the_bookmark_moves(
    paged_api, tap, style, members, headers, setting, path
):
    """In the body or a header; nothing is lost by following the advice."""
    api = paged_api(ROWS, style=style, cap=5 if style == "none" else 2)
    serve_with(api, ("all", members, headers))
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA))
    (warning,) = [line for line in run.warnings if "says that more follows" in line]
    assert warning.endswith(f"if it counts other records, too, name it in {setting}")
    run = tap.ok(api.config(replication_key="at", schema=SCHEMA, pagination={setting: path}))
    assert run.ids() == [0, 1, 2, 3, 4]
    assert run.bookmark() == ROWS[-1]["at"]


def bookmarks_of_lists(api, tap, kind, **settings):
    """Read the lists a and b as partitions or for a parent; return the bookmark of each."""
    stream = {"name": "items", "path": f"{{{kind.removesuffix('s')}.list}}", "records_path": "rows"}
    stream |= {"schema": SCHEMA, "replication_key": "at", **settings}
    if kind == "parent":
        stream["parent"] = {"stream": "lists", "keys": {"list": "id"}}
    else:
        stream["partitions"] = [{"list": "a"}, {"list": "b"}]
    run = tap.ok(api.config({"name": "lists", "path": "lists"}, stream))
    return {
        one["context"]["list"]: one.get("replication_key_value") for one in run.partitions("items")
    }


@pytest.mark.parametrize("kind", ["partitions", "parent"])
@pytest.mark.parametrize("style", STYLES)
def test_only_the_context_with_a_larger_total_keeps_its_bookmark(api, tap, style, kind):
    """Each context has counts of its own."""
    api.serve("/lists", [{"id": "a"}, {"id": "b"}])
    for part, total in {"a": 5, "b": 6}.items():
        served = PagedApi(api, ROWS, style, 2, part)
        serve_with(served, ("all", {"total": total}, {}))
    marks = bookmarks_of_lists(api, tap, kind, pagination=PAGINATION[style])
    assert (marks.get("a"), marks.get("b")) == (ROWS[-1]["at"], None)


@pytest.mark.parametrize("kind", ["partitions", "parent"])
def test_only_the_context_with_unread_pages_keeps_its_bookmark(api, tap, kind):
    """Of two contexts, the one whose response names another page is not read completely."""
    api.serve("/lists", [{"id": "a"}, {"id": "b"}])
    api.serve("/a", {"rows": ROWS, "next": None})
    api.serve("/b", {"rows": ROWS, "next": URL})
    marks = bookmarks_of_lists(api, tap, kind, new_fields="ignore")
    assert marks.get("a") == ROWS[-1]["at"]
    assert marks.get("b") is None
