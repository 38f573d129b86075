"""Paging values in templates: where an API wants them in a path, a header or inside a string."""

from __future__ import annotations

import re

import pytest

from tests.support.server import Reply

ROWS = [{"id": number} for number in range(1, 8)]
SIZE = 3


def offset_in_text(seen):
    start, size = map(int, re.findall(r"STARTPOSITION (\d+) MAXRESULTS (\d+)", seen.query["q"])[0])
    return {"rows": ROWS[start - 1 : start - 1 + size]}


def page_in_path(seen):
    start = (int(seen.path.rpartition("/")[2]) - 1) * SIZE
    return {"rows": ROWS[start : start + SIZE]}


def offset_in_header(seen):
    start = int(seen.headers["Range"].removeprefix("items=").rstrip("-"))
    return {"rows": ROWS[start : start + SIZE]}


def cursor_in_body(seen):
    at = seen.json["page"]["from"]
    assert seen.json["page"]["size"] == SIZE
    start = 0 if at == "" else int(at)
    following = start + SIZE if start + SIZE < len(ROWS) else None
    return {"rows": ROWS[start : start + SIZE], "next": following}


def last_id_in_text(seen):
    last = int(seen.query["filter"].removeprefix("id>") or 0)
    return {"rows": [row for row in ROWS if row["id"] > last][:SIZE]}


CURSOR = {"style": "cursor", "cursor_path": "next"}
LAST = {"style": "last_record", "last_record_path": "id"}
PLACES = {
    "offset in a query text": (
        offset_in_text,
        {"style": "offset", "page_start": 1},
        {"params": {"q": "SELECT * STARTPOSITION {offset} MAXRESULTS {page_size}"}},
    ),
    "page in the path": (page_in_path, {"style": "page_number"}, {"path": "items/{page}"}),
    "offset in a header": (
        offset_in_header,
        {"style": "offset"},
        {"headers": {"Range": "items={offset}-"}},
    ),
    "cursor in the body": (
        cursor_in_body,
        CURSOR,
        {"method": "POST", "body": {"page": {"from": "{cursor}", "size": "{page_size}"}}},
    ),
    "last record in a text": (last_id_in_text, LAST, {"params": {"filter": "id>{cursor}"}}),
}


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("place", PLACES)
def test_paging_value_is_sent_where_its_placeholder_is(api, tap, place, in_flight):
    """The parameter of the style is not sent then, nor that of the page size."""
    respond, style, request = PLACES[place]
    for path in ["/items", *(f"/items/{page}" for page in range(1, 9))]:
        api.routes[path] = respond
    stream = {"name": "items", "path": "items", "records_path": "rows", "primary_keys": ["id"]}
    paging = {**style, "page_size": SIZE}
    run = tap.ok(api.config({**stream, **request, "pagination": paging}, max_in_flight=in_flight))
    assert run.ids() == [row["id"] for row in ROWS]
    sent = {name for seen in api.seen for name in seen.query if seen.path != "/token"}
    assert sent == set(request.get("params", ()))


def test_first_cursor_in_a_text_is_empty(api, tap):
    api.serve("/items", {"rows": ROWS})
    paging = {**CURSOR, "cursor_param": "unused", "page_size_param": "size"}
    stream = {"name": "items", "path": "items", "records_path": "rows", "pagination": paging}
    tap.ok(api.config({**stream, "params": {"at": "<{cursor}>", "n": "{page_size}"}}))
    assert {tuple(seen.pairs) for seen in api.requests("/items")} == {
        (("at", "<>"), ("n", "200")),
    }


@pytest.mark.parametrize(
    ("paging", "wrong", "error"),
    [
        ({"style": "offset"}, "{page}", "params.q: unknown placeholder {page}"),
        ({"style": "offset"}, "{ofset}", "did you mean 'offset'?"),
        (CURSOR, "{page_size}", "setting 'cursor_param' is required, or {cursor} in a template"),
        (LAST, "x", "setting 'cursor_param' is required, or {cursor} in a template"),
    ],
)
def test_placeholder_of_another_style_is_a_mistake(api, tap, paging, wrong, error):
    stream = {"name": "items", "path": "items", "params": {"q": wrong}, "pagination": paging}
    run = tap(api.config(stream))
    assert run.status == 1
    assert any(error in line for line in run.error_lines)
    assert not api.seen


def test_failed_page_is_named_and_keeps_the_bookmark(api, tap):
    replies = [{"rows": ROWS[:SIZE]}, Reply({"error": "bad position"}, 400)]
    api.serve("/items/1", replies[0])
    api.serve("/items/2", replies[1])
    stream = {
        "name": "items",
        "path": "items/{page}",
        "records_path": "rows",
        "replication_key": "id",
        "pagination": {"style": "page_number"},
    }
    run = tap(api.config(stream, max_in_flight=1))
    assert run.status == 1
    assert "stream 'items', page 2" in run.error_lines[0]
    assert run.bookmark() is None
