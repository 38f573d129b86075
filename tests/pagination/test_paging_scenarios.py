"""Syncs with each paging style, against servers that misbehave as real ones do."""

from __future__ import annotations

import pytest

from tests.support.paging import PAGINATION
from tests.support.server import Reply

ROWS = [{"id": number} for number in range(1, 331)]
LAST = ROWS[-1]["id"]


def stream(**settings):
    return {"name": "items", "path": "items", "records_path": "items", **settings}


def in_range(start, size):
    return {"items": ROWS[start : start + size], "total": len(ROWS), "pages": 7}


@pytest.mark.parametrize("style", [style for style in PAGINATION if style != "none"])
def test_every_style_reads_past_a_cap_on_the_page_size(paged_api, tap, style):
    api = paged_api(ROWS, style=style, cap=50)
    run = tap.ok(api.config())
    assert run.ids() == [row["id"] for row in ROWS]
    assert len(api.queries) >= 7


@pytest.mark.parametrize("signs", [{}, {"total_path": "total"}])
def test_offset_advances_by_records_received(api, tap, signs):
    api.routes["/items"] = lambda seen: in_range(int(seen.query["offset"]), 50)
    paging = {"style": "offset", "page_size_param": "limit", **signs}
    run = tap.ok(api.config(stream(pagination=paging)))
    assert run.ids() == [row["id"] for row in ROWS]
    assert api.requests("/items")[0].query == {"limit": "200", "offset": "0"}


@pytest.mark.parametrize("signs", [{}, {"total_path": "total"}, {"total_pages_path": "pages"}])
@pytest.mark.parametrize("first", [0, 1])
def test_page_numbers_continue_over_short_pages(api, tap, signs, first):
    api.routes["/items"] = lambda seen: in_range((int(seen.query["page"]) - first) * 50, 50)
    paging = {"style": "page_number", "page_start": first, "page_size_param": "size", **signs}
    run = tap.ok(api.config(stream(pagination=paging)))
    assert run.ids() == [row["id"] for row in ROWS]
    assert api.requests("/items")[0].query == {"size": "200", "page": str(first)}


def test_offset_may_start_at_one(api, tap):
    api.routes["/items"] = lambda seen: in_range(int(seen.query["from"]) - 1, 70)
    paging = {"style": "offset", "page_start": 1, "offset_param": "from"}
    run = tap(api.config(stream(pagination=paging)))
    assert run.ids() == [row["id"] for row in ROWS]


def test_page_size_is_capped_with_a_warning(api, tap):
    api.routes["/items"] = lambda seen: in_range(int(seen.query["offset"]), 200)
    paging = {"style": "offset", "page_size": 500, "page_size_param": "limit"}
    run = tap(api.config(stream(pagination=paging)))
    assert {seen.query["limit"] for seen in api.requests("/items")} == {"200"}
    assert any("page_size 500" in line and "200" in line for line in run.warnings)


@pytest.mark.parametrize(("stop", "rows"), [(False, 330), (True, 90)])
def test_short_page_stops_paging_only_if_set(api, tap, stop, rows):
    pages = [ROWS[:60], ROWS[60:90], ROWS[90:200], ROWS[200:], []]
    api.routes["/items"] = lambda seen: {"items": pages[int(seen.query["page"]) - 1]}
    paging = {"style": "page_number", "stop_on_short_page": stop}
    assert len(tap(api.config(stream(pagination=paging))).ids()) == rows


@pytest.mark.parametrize("style", ["page_number", "offset"])
def test_last_page_repeated_forever_stops_with_a_warning(api, tap, style):
    last = ROWS[300:]
    pages = [ROWS[start : start + 100] for start in (0, 100, 200)]

    def respond(seen):
        asked = seen.query
        page = int(asked["page"]) - 1 if "page" in asked else int(asked["offset"]) // 100
        return {"items": pages[page] if page < len(pages) else last}

    api.routes["/items"] = respond
    config = api.config(
        stream(pagination={"style": style}, schema={"properties": {"id": {"type": "integer"}}})
    )
    run = tap.ok(config)
    assert run.ids() == [row["id"] for row in ROWS]
    assert any("repeats" in line for line in run.warnings)


@pytest.mark.parametrize("kept", [{}, {"keep": [{"path": "id", "matches": "."}]}])
@pytest.mark.parametrize("is_shuffled", [False, True])
@pytest.mark.parametrize("most", [1, 4])
def test_repeated_page_is_detected_in_any_key_order(api, tap, kept, is_shuffled, most):
    rows = [{"id": n, "name": f"n{n}"} for n in range(3)]
    turned = [dict(reversed(row.items())) for row in rows]

    def respond(seen):
        if len(api.requests("/items")) > 40:
            return Reply({}, 400)
        return {"items": turned if is_shuffled and int(seen.query["page"]) % 2 else rows}

    api.routes["/items"] = respond
    columns = {"id": {"type": "integer"}, "name": {"type": "string"}, "of": {"type": "integer"}}
    settings = {"schema": {"properties": columns}, "partitions": {"of": [1]}, **kept}
    paged = stream(pagination={"style": "page_number"}, **settings)
    run = tap.ok(api.config(paged, max_in_flight=most))
    assert run.ids() == [0, 1, 2]
    assert any("repeats" in line for line in run.warnings)


def test_cursor_loop_stops_with_a_warning(api, tap):
    after = {None: "A", "A": "B", "B": "A"}
    api.routes["/items"] = lambda seen: {
        "items": [{"id": seen.query.get("after", "first")}],
        "next": after[seen.query.get("after")],
    }
    paging = {"style": "cursor", "cursor_path": "next", "cursor_param": "after"}
    run = tap.ok(api.config(stream(pagination=paging)))
    assert run.ids() == ["first", "A", "B"]
    assert any("paging loop" in line for line in run.warnings)


def configs(api):
    """Return a configuration for each style that follows tokens; two of its pages are empty."""
    pages = {"": ROWS[:9], "a": [], "b": [], "c": ROWS[9:12]}
    after = {"": "a", "a": "b", "b": "c", "c": None}

    def respond(seen):
        token = seen.query.get("t", "")
        following = after[token]
        headers = {"X-Next": following} if following else {}
        if following:
            headers["Link"] = f'</items?t={following}>; rel="next", </items>; rel="first"'
        body = {"items": pages[token], "next": following}
        body["@odata.nextLink"] = f"{api.url}/items?t={following}" if following else None
        body["relative"] = f"?t={following}" if following else None
        return Reply(body, headers=headers)

    api.routes["/items"] = respond
    token = {"style": "cursor", "cursor_param": "t"}
    return {
        "cursor": token | {"cursor_path": "next"},
        "cursor in a header": token | {"cursor_header": "x-next"},
        "cursor cut out": token | {"cursor_path": "relative", "cursor_pattern": "t=([^&]+)"},
        "next_url": {"style": "next_url", "next_url_path": "'@odata.nextLink'"},
        "next_url unquoted": {"style": "next_url", "next_url_path": "@odata.nextLink"},
        "relative next_url": {"style": "next_url", "next_url_path": "relative"},
        "link_header": {"style": "link_header"},
    }


@pytest.mark.parametrize(
    "name",
    [
        "cursor",
        "cursor in a header",
        "cursor cut out",
        "next_url",
        "next_url unquoted",
        "relative next_url",
        "link_header",
    ],
)
def test_empty_pages_mid_read_do_not_stop_paging(api, tap, name):
    run = tap.ok(api.config(stream(pagination=configs(api)[name])))
    assert run.ids() == list(range(1, 13))
    assert not run.warnings


def test_last_record_is_followed_until_has_more_is_false(api, tap):

    def respond(seen):
        start = int(seen.query.get("starting_after", 0))
        return {"items": ROWS[start : start + 100], "has_more": start + 100 < LAST}

    api.routes["/items"] = respond
    paging = {"style": "last_record", "last_record_path": "id", "cursor_param": "starting_after"}
    run = tap(api.config(stream(pagination={**paging, "has_more_path": "has_more"})))
    assert run.ids() == [row["id"] for row in ROWS]
    assert [seen.query.get("starting_after") for seen in api.requests("/items")][-1] == "300"


@pytest.mark.parametrize("token", ["a+b/c==", "%41 %2B", "ünï ☃", "a&b=c#d?e"])
def test_cursor_is_sent_back_unchanged(api, tap, token):
    api.routes["/items"] = lambda seen: {
        "items": [{"id": 1 if "t" not in seen.query else 2}],
        "next": None if "t" in seen.query else token,
    }
    paging = {"style": "cursor", "cursor_path": "next", "cursor_param": "t"}
    run = tap(api.config(stream(pagination=paging)))
    assert run.ids() == [1, 2]
    assert api.requests("/items")[-1].query["t"] == token


@pytest.mark.parametrize("body_format", ["json", "form"])
def test_paging_parameters_go_into_the_body(api, tap, body_format):
    """In JSON a dotted name is nested."""

    def respond(seen):
        given = seen.json["page"]["offset"] if body_format == "json" else seen.form["page.offset"]
        return in_range(int(given), 100)

    api.routes["/items"] = respond
    paging = {"style": "offset", "params_in": "body", "offset_param": "page.offset"}
    paging["page_size_param"] = "page.size"
    run = tap(
        api.config(
            stream(method="POST", body={"query": "all"}, body_format=body_format, pagination=paging)
        )
    )
    assert run.status == 0, run.errors
    assert run.ids() == [row["id"] for row in ROWS]
    if body_format == "json":
        sent = api.requests("/items")[1].json
        assert sent == {"query": "all", "page": {"offset": 100, "size": 200}}


@pytest.mark.parametrize("name", ["filters.1.page", "filters.page", "query.page"])
def test_a_parameter_replaces_nothing_in_the_body(api, tap, name):
    """Without its filters, a request would get other rows."""
    body = {"query": "all", "filters": [{"only": "mine"}]}
    paging = {"style": "page_number", "params_in": "body", "page_param": name}
    run = tap(api.config(stream(method="POST", body=body, pagination=paging)))
    assert run.status == 1
    assert f"page 1: parameter '{name}' has no place in the body" in run.error_lines[-1]
    assert not api.requests("/items")


def test_total_not_reached_warns_with_both_numbers(api, tap):
    api.routes["/items"] = lambda seen: {
        "items": ROWS[:40] if seen.query["offset"] == "0" else [],
        "total": 50,
    }
    run = tap(api.config(stream(pagination={"style": "offset", "total_path": "total"})))
    assert len(run.ids()) == 40
    assert any("says 50 records" in line and "returned 40" in line for line in run.warnings)


def test_next_url_on_another_host_sends_nothing(api, tap):
    api.serve("/items", {"items": ROWS[:1], "next": "http://127.0.0.1:1/items"})
    paging = {"style": "next_url", "next_url_path": "next"}
    run = tap(api.config(stream(pagination=paging)))
    assert run.status == 1
    assert "allowed_hosts" in run.error_lines[-1]
    assert "items" in run.error_lines[-1]
    assert "page 2" in run.error_lines[-1]


def test_max_pages_warns_and_keeps_the_bookmark(api, tap):
    api.routes["/items"] = lambda seen: in_range(int(seen.query["offset"]), 100)
    paging = {"style": "offset", "max_pages": 2}
    run = tap(
        api.config(stream(pagination=paging, replication_key="id")),
        state={"bookmarks": {"items": {"replication_key": "id", "replication_key_value": 7}}},
    )
    assert run.status == 0, run.errors
    assert len(run.ids()) == 200
    assert any("max_pages" in line for line in run.warnings)
    assert run.bookmark("items") == 7
