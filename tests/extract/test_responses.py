"""A response without records is an empty page only if nothing says that it is none."""

from __future__ import annotations

from itertools import count

import pytest

from tests.support.paging import PAGINATION
from tests.support.server import Reply

SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
ROWS = [{"id": n, "at": f"2024-01-{n:02}T00:00:00Z"} for n in range(1, 7)]
ERRORS = [
    {"ok": False, "error": "ratelimited"},
    {"success": False, "errors": [{"code": 7}]},
    {"message": "please wait"},
    {"rows": None, "error": {"code": 500}},
    {"rows": [], "errors": ["too many requests"]},
    {"rows": [], "status": "error"},
    {"rows": [], "meta": {"code": 429}},
    {"Fault": {"type": "SystemFault"}},
    {"rows": {"message": "no", "code": 3}, "isSuccess": "false"},
    {"rows": {"message": "no"}},
    {"message": "0 of 10 calls left"},
]
NO_ERRORS = [
    {"rows": []},
    {"rows": None, "error": None, "errors": []},
    {"rows": [], "error": "", "errors": {}, "fault": False},
    {"rows": [], "error": {"code": 0, "message": ""}, "errorCode": "00"},
    {"rows": [], "ok": True, "success": "true", "status": "ok", "code": 200},
    {"rows": [], "message": "no rows found"},
    {"rows": {}},
]


def stream(**settings):
    fixed = {"name": "items", "path": "items", "records_path": "rows", "schema": SCHEMA}
    return {**fixed, "replication_key": "at", "incremental": {"start_param": "since"}, **settings}


def before(name="items"):
    return {
        "bookmarks": {
            name: {"replication_key": "at", "replication_key_value": "2024-01-01T00:00:00Z"}
        }
    }


def warned(run, words):
    return any(words in line for line in [*run.warnings, *run.error_lines])


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("body", [*ERRORS, {}, {"wrong": []}, [], "please wait", 17])
def test_bookmark_stays_at_a_response_without_records(paged_api, tap, body, at):
    """Errors fail the run; a missing records_path warns."""
    _check_that_bookmark_stays(paged_api(ROWS, style="page_number", cap=4), tap, body, at)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("body", [ERRORS[0], ERRORS[2], {}])
@pytest.mark.parametrize("style", [style for style in PAGINATION if style != "page_number"])
def test_bookmark_stays_in_any_style(paged_api, tap, style, body, at):
    if (style, at) != ("none", 2):
        _check_that_bookmark_stays(paged_api(ROWS, style=style, cap=4), tap, body, at)


def _check_that_bookmark_stays(pages, tap, body, at):
    requests, config = count(1), pages.config(**stream())
    pages.api.routes["/items"] = lambda s: Reply(body) if next(requests) == at else pages.respond(s)
    run = tap({**config, "max_in_flight": 1}, state=before())
    fails = body in ERRORS
    assert (run.status, len(run.ids())) == (int(fails), 0 if at == 1 else 4)
    assert warned(run, "names an error" if fails else "records_path 'rows' matched nothing")
    assert run.bookmark() == "2024-01-01T00:00:00Z"
    assert tap.ok(config, state=run.state).ids() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("body", NO_ERRORS)
def test_empty_page_without_an_error_completes_the_read(api, tap, body):
    """Empty, false and null errors are none; a message next to an empty list is none."""
    api.serve("/items", {"rows": ROWS}, body)
    run = tap.ok(api.config(stream(pagination={"style": "page_number"})))
    assert run.bookmark() == ROWS[-1]["at"]
    assert not run.warnings


def test_records_beside_an_error_are_a_page(api, tap):
    body = {"rows": ROWS, "errors": ["one was left out"], "ok": False, "message": "partial"}
    api.serve("/items", body)
    run = tap.ok(api.config(stream()))
    assert len(run.ids()) == 6
    assert run.bookmark() == ROWS[-1]["at"]


@pytest.mark.parametrize("body", [{"error": "down"}, {}])
def test_bookmark_stays_at_an_error_in_a_later_window(api, tap, body):
    api.serve("/items", {"rows": ROWS[:2]}, body, {"rows": ROWS[2:]})
    incremental = {"start_param": "since", "end_param": "until", "window": "P30D"}
    run = tap(api.config(stream(incremental=incremental), start_date="2024-01-01", max_in_flight=1))
    assert run.status == int("error" in body)
    # Only a failure ends the read; windows after an incomplete one are read all the same.
    assert (len(api.requests("/items")) == 2) == ("error" in body)
    assert run.bookmark() <= "2024-01-31T00:00:00Z"


@pytest.mark.parametrize("body", [{"error": "down"}, {}])
def test_error_for_a_child_keeps_the_bookmark_of_its_parent(api, tap, body):
    api.serve("/items", {"rows": ROWS[:2]})
    api.serve("/children/1", {"rows": [{"id": 9}]})
    api.serve("/children/2", body)
    parent = {"stream": "items", "keys": {"item": "id"}}
    schema = {"properties": {"id": {"type": "integer"}, "item": {"type": "integer"}}}
    child = {"name": "c", "path": "children/{parent.item}", "records_path": "rows"}
    run = tap(api.config(stream(), {**child, "parent": parent, "schema": schema}), state=before())
    assert run.status == int("error" in body)
    assert run.bookmark() == "2024-01-01T00:00:00Z"


@pytest.mark.parametrize("body", [{"wrong": []}, {}])
@pytest.mark.parametrize(
    ("action", "status", "is_complete"),
    [("auto", 0, False), ("warn", 0, False), ("fail", 1, False), ("ignore", 0, True)],
)
def test_on_missing_records_decides_for_each_context(api, tap, action, status, is_complete, body):
    """The match of another partition, and of the sample, is none of this one."""
    routes = {"a": {"rows": ROWS}, "b": body}
    api.routes["/items"] = lambda seen: routes[seen.query["p"]]
    settings = stream(on_missing_records=action, params={"p": "{partition.p}"})
    settings |= {"partitions": [{"p": "a"}, {"p": "b"}]}
    settings.pop("schema")
    run = tap(api.config(settings))
    assert (run.status, len(run.ids())) == (status, 6)
    assert warned(run, "matched nothing") is not is_complete


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("a.parcel", "; did you mean 'a.parcels'?"),
        ("a.x", "; did you mean 'a.parcels'?"),
        ("A.parcels", "; did you mean 'a.parcels'?"),
        ("'d.o'.row", "; did you mean \"'d.o'.rows\"?"),
        ("$.a.parcel", "; did you mean 'a.parcels'?"),
        ("$.a.parcel[*].id", "; did you mean '$.a.parcels[*].id'?"),
        ("z.parcels", ""),
        ("a.parcels.x", ""),
    ],
)
def test_whole_path_is_suggested(api, tap, path, suggestion):
    """So that it can be pasted, wherever the wrong key is in it."""
    api.serve("/items", {"a": {"parcels": [{"id": 1}], "n": 1}, "d.o": {"rows": [1], "m": [2]}})
    run = tap(api.config({**stream(), "records_path": path}))
    assert run.status == 1
    assert run.error_lines[0].partition("; did")[1:] == suggestion.partition("; did")[1:]


@pytest.mark.parametrize(
    ("body", "suggestion"),
    [
        ({"row": [], "page": []}, "the keys row, page; did you mean 'row'?"),
        ({"items": [{"id": 1}], "page": 1}, "the keys items, page; did you mean 'items'?"),
        ([{"id": 1}], "a list of 1; did you mean '$'?"),
        ({"a": 1, "b": 2}, "the keys a, b"),
    ],
)
@pytest.mark.parametrize(
    ("state", "known"),
    [
        ({}, False),
        ({"starting_replication_value": None, "partitions": [{"context": {"p": 1}}]}, False),
        (before()["bookmarks"]["items"], True),
        ({"partitions": [{"context": {"p": 1}, "replication_key_value": "2024"}]}, True),
        ({"schema": {"columns": {"id": "integer"}}}, True),
    ],
)
def test_records_path_that_never_matched_fails_without_history(
    api, tap, body, suggestion, state, known
):
    """A bookmark or a remembered schema shows that it has matched before."""
    api.serve("/items", body)
    run = tap(api.config(stream()), state={"bookmarks": {"items": state}})
    assert run.status == int(not known)
    said = run.warnings if known else run.error_lines
    assert any(line.endswith(f"the responses had {suggestion}") for line in said) or known
    assert warned(run, f"the responses had {suggestion}")


@pytest.mark.parametrize("keys", [[], ["id"]])
def test_list_that_php_wrote_as_an_object_is_read(api, tap, keys):
    api.serve("/items", ROWS[:2], {"2": ROWS[2], "3": ROWS[3]}, [])
    paged = {"style": "offset"}
    settings = stream(records_path="$", primary_keys=keys, pagination=paged)
    run = tap.ok(api.config(settings, max_in_flight=1))
    assert run.ids() == [1, 2, 3, 4]
    assert [seen.query["offset"] for seen in api.requests("/items")] == ["0", "2", "4"]


@pytest.mark.parametrize("partitions", [None, [{"k": "a"}, {"k": "b"}]])
@pytest.mark.parametrize("path", ["$", "data.rows"])
@pytest.mark.parametrize("style", [name for name in PAGINATION if name != "none"])
@pytest.mark.parametrize("sizes", [(2, 2), (2, 1, 1)])
def test_php_object_after_lists_is_read_in_every_style(api, tap, style, path, partitions, sizes):
    """Keys count on; where lists come at the root, tokens stand in headers."""
    cut = [sum(sizes[:n]) for n in range(len(sizes) + 1)]

    def respond(seen):
        query = seen.query
        at = int(query.get("offset") or query.get("after") or query.get("from") or 0)
        at = cut[min(int(query["page"]) - 1, len(sizes))] if "page" in query else at
        end = next((one for one in cut if one > at), at)
        rows = ROWS[at:end]
        listed = {str(at + n): row for n, row in enumerate(rows)} if at and rows else rows
        url = f"{api.url}/items?from={end}&k={query.get('k', '')}"
        has_more = end < cut[-1]
        headers = {"Link": f'<{url}>; rel="next"', "X-Next": str(end)} if has_more else {}
        named = {"next": str(end), "url": url} if has_more else {}
        body = listed if path == "$" else {"data": {"rows": listed}, **named}
        return Reply(body, headers=headers if path == "$" or style == "link_header" else {})

    api.routes["/items"] = respond
    paging = PAGINATION[style]
    if path == "$" and style == "cursor":
        paging = {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "from"}
    if path == "$" and style == "next_url":
        paging = {"style": "link_header"}
    settings = stream(records_path=path, pagination=paging, params={"k": "{partition.k}"})
    settings |= {"partitions": partitions} if partitions else {"params": {}}
    run = tap.ok(api.config(settings))
    assert run.ids() == [1, 2, 3, 4] * len(partitions or [{}])
    assert not [line for line in run.warnings if "records_path" in line or "no other" in line]
    assert not [line for line in run.warnings if "object" in line]


@pytest.mark.parametrize("schema", [SCHEMA, None])
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"page": 3, "count": 0}, 0, "an object instead of records, with the keys page, count"),
        ({"first": {"x": 1}, "second": {"x": 2}}, 1, "an object instead of records"),
        ({"message": "no more"}, 1, "names an error"),
    ],
)
def test_object_past_the_end_of_lists_is_no_record(api, tap, body, status, words, schema):
    api.routes["/items"] = lambda seen: ROWS if seen.query["page"] == "1" else body
    settings = stream(records_path="$", pagination={"style": "page_number"}, schema=schema)
    run = tap(api.config(settings), state=before())
    assert (run.status, run.ids()) == (status, [1, 2, 3, 4, 5, 6])
    assert warned(run, words)
    assert run.bookmark() == "2024-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "body", [{"id": 1, "error": "disk full"}, {"message": "hello"}, {"status": "failed", "n": 1}]
)
def test_single_object_with_an_error_of_its_own_is_a_record(api, tap, body):
    api.serve("/items", body)
    assert tap.ok(api.config({"name": "items", "path": "items"})).records() == [body]


@pytest.mark.parametrize("style", ["none", "page_number", "offset"])
@pytest.mark.parametrize("nothing", [None, {}])
@pytest.mark.parametrize("keys", [[], ["id"]])
def test_null_and_empty_items_are_no_records_and_count_for_paging(api, tap, style, nothing, keys):
    rows = [ROWS[0], nothing, ROWS[1], nothing, ROWS[2], nothing]
    page = lambda start: {"rows": rows[start : start + 2] if style != "none" else rows}  # noqa: E731
    starts = {
        "none": lambda _: 0,
        "page_number": lambda query: 2 * int(query["page"]) - 2,
        "offset": lambda query: int(query["offset"]),
    }
    api.routes["/items"] = lambda seen: page(starts[style](seen.query))
    run = tap.ok(api.config(stream(primary_keys=keys, pagination={"style": style})))
    assert run.records() == ROWS[:3]


@pytest.mark.parametrize("lacking", [{"at": "x"}, {"id": None, "at": "x"}])
@pytest.mark.parametrize("schema", [SCHEMA, {"properties": {"id": {}, "at": {}}}, None])
@pytest.mark.parametrize("extra", [{}, {"drop_older": True}])
def test_record_without_a_primary_key_is_an_error(api, tap, lacking, schema, extra):
    """On the fast path and on the other."""
    api.serve("/items", {"rows": ROWS}, {"rows": [*ROWS, lacking]})
    settings = stream(schema=schema, primary_keys=["id"], pagination={"style": "page_number"})
    settings["incremental"] |= extra
    run = tap(api.config(settings))
    assert run.status == 1
    message = "stream 'items', page 2: a record has no value for 'id' of primary_keys"
    assert any(message in line for line in run.error_lines) or schema is None
    assert run.bookmark() is None


def test_empty_body_at_200_is_an_error_that_names_the_rule(api, tap):
    api.serve("/items", Reply(b""))
    run = tap(api.config(stream()))
    assert run.status == 1
    assert warned(run, '"empty": true')


@pytest.mark.parametrize("schema", [SCHEMA, None])
def test_record_with_a_name_twice_is_emitted_once_with_the_last_value(api, tap, schema):
    content = b'{"rows": [{"id": 1, "at": "a"}, {"id": 2, "at": "b", "at": "c"}]}'
    api.serve("/items", Reply(content))
    run = tap.ok(api.config(stream(schema=schema, replication_key=None, incremental={})))
    lines = [line for line in run.output.splitlines() if '"RECORD"' in line]
    assert [line.count('"at":') for line in lines] == [1, 1]
    assert [record["at"] for record in run.records()] == ["a", "c"]


@pytest.mark.parametrize("extra", [{}, {"total_path": "total"}, {"stop_on_short_page": True}])
def test_unnested_records_are_paged_by_the_list_around_them(api, tap, extra):
    """Also where the entries of a page hold nothing, or are null."""
    orders = [{"lines": [{"id": 3 * n + m} for m in range(3)]} for n in range(10)]
    orders[0], orders[1], orders[5] = {"lines": []}, {}, None

    def respond(seen):
        start = int(seen.query["offset"])
        return {"orders": orders[start : start + 2], "total": len(orders)}

    api.routes["/items"] = respond
    settings = {"name": "items", "path": "items", "records_path": "$.orders[*].lines[*]"}
    run = tap.ok(api.config({**settings, "pagination": {"style": "offset", **extra}}))
    lines = [line for order in orders for line in (order or {}).get("lines", ())]
    assert run.records() == lines
    assert not run.warnings


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("rows", "columns", "status"),
    [
        ([[1, "a"], [2, "b"]], ["id", "at"], 0),
        ([["id", "at"], [1, "a"], [2, "b"]], "first_row", 0),
        ([[1, "a"], [2, "b"]], None, 1),
        ([[1, "a"], [2]], ["id", "at"], 1),
    ],
)
def test_rows_are_read_by_record_columns(api, tap, rows, columns, status, declared):
    api.routes["/items"] = lambda seen: {"rows": rows if seen.query["page"] == "1" else []}
    settings = {"name": "items", "path": "items", "records_path": "rows"}
    settings |= {"schema": SCHEMA} if declared else {}
    settings |= {"record_columns": columns} if columns else {}
    run = tap(api.config({**settings, "pagination": {"style": "page_number"}}))
    assert run.status == status
    expected = [{"id": 1, "at": "a"}, {"id": 2, "at": "b"}]
    assert run.records() == ([] if status else expected)
    assert warned(run, "record_columns") is bool(status)


@pytest.mark.parametrize("options", [(), ("--discover",), ("--test",)])
def test_error_in_the_schema_sample_fails_with_its_text(api, tap, options):
    api.serve("/items", {"ok": False, "error": "ratelimited"})
    run = tap(api.config({"name": "items", "path": "items", "records_path": "rows"}), *options)
    assert run.status == 1
    assert "'error' is 'ratelimited', 'ok' is 'false'" in run.error_lines[0]


@pytest.mark.parametrize(("path", "status"), [("$.rows[*].lines[*]", 0), ("$.rows[*].lnes[*]", 1)])
def test_path_into_entries_that_lack_the_list_is_no_typo_once_it_matched(api, tap, path, status):
    entries = {"a": [{"lines": ROWS[:1]}], "b": [{"id": 9}]}
    api.routes["/items"] = lambda seen: {"rows": entries[seen.query["p"]]}
    settings = stream(records_path=path, params={"p": "{partition.p}"}, primary_keys=["id"])
    settings |= {"partitions": [{"p": "a"}, {"p": "b"}]}
    run = tap(api.config(settings, max_in_flight=1))
    assert (run.status, run.ids()) == (status, [] if status else [1])
    assert warned(run, "matched nothing") is bool(status)


EMPTY_WITH_NEXT = [
    {},
    {"count": 0, "page": {"size": 3}, "warnings": []},
    {"links": {"self": {"href": "x"}, "other": {"href": "y"}}},
]
ROWS_ELSEWHERE = [
    {"wrong": ROWS[2:4]},
    {"wrong": [1, 2]},
    {"data": {"wrong": ROWS[2:4]}},
    {"wrong": {"a": ROWS[2], "b": ROWS[3]}},
    {"links": {"wrong": ROWS[2:4]}},
]


@pytest.mark.parametrize("action", ["auto", "warn", "fail", "ignore"])
@pytest.mark.parametrize("body", [*EMPTY_WITH_NEXT, *ROWS_ELSEWHERE])
def test_page_that_names_a_next_page_is_empty_unless_it_may_hold_rows(api, tap, action, body):
    """Some APIs leave out an empty list."""
    second = {**body, "links": {**body.get("links", {}), "next": {"href": "/items?p=3"}}}
    first = {"rows": ROWS[:3], "links": {"next": {"href": "/items?p=2"}}}
    api.serve("/items", first, second, {"rows": ROWS[3:]})
    paged = {"style": "next_url", "next_url_path": "links.next.href"}
    run = tap(api.config(stream(on_missing_records=action, pagination=paged)), state=before())
    is_empty = action == "ignore" or (action != "fail" and body in EMPTY_WITH_NEXT)
    assert run.ids() == [1, 2, 3, 4, 5, 6][: 6 if is_empty else 3]
    assert run.bookmark() == (ROWS[-1] if is_empty else ROWS[0])["at"]
    assert run.status == int(action == "fail")
    assert warned(run, "matched nothing") is not is_empty


def test_list_of_links_to_other_pages_holds_no_rows(api, tap):
    links = {"link": [{"relation": "next", "url": "/items?p=2"}]}
    api.serve("/items", {"rows": ROWS[:3], **links}, links, {"rows": ROWS[3:]})
    paged = {"style": "next_url", "next_url_path": "$.link[?(@.relation == 'next')].url"}
    run = tap.ok(api.config(stream(pagination=paged)), state=before())
    assert (run.ids(), run.bookmark()) == ([1, 2, 3, 4, 5, 6], ROWS[-1]["at"])


LINK = {"Link": '</items?p=3>; rel="next"'}
OBJECT, MISSED = "an object instead of records", "matched nothing"


@pytest.mark.parametrize(
    ("style", "path", "reply", "words"),
    [
        ("link_header", "$", Reply({"first": {"x": 1}}, headers=LINK), OBJECT),
        ("link_header", "$", Reply({"a": {"x": 1}, "b": {"x": 2}}, headers=LINK), OBJECT),
        ("link_header", "$", Reply({"page": 3, "count": 0}, headers=LINK), OBJECT),
        ("link_header", "$", Reply(b"", 202, LINK), "status 202 and no body"),
        ("link_header", "rows", Reply(ROWS[2:4], headers=LINK), MISSED),
        ("link_header", "rows", Reply("please wait", headers=LINK), MISSED),
        ("link_header", "rows", Reply({"a": {"x": 1}, "b": {"x": 2}}, headers=LINK), MISSED),
        ("cursor", "rows", {"rows": {"a": {"x": 1}, "b": {"x": 2}}, "next": "c"}, OBJECT),
        ("cursor", "rows", {"rows": {"page": 3}, "next": "c"}, OBJECT),
        ("cursor", "rows", {"wrong": ROWS[2:4], "next": "c"}, MISSED),
        ("next_url", "rows", {"rows": {"a": {"x": 1}}, "url": "/items?p=3"}, OBJECT),
        ("next_url", "rows", {"wrong": ROWS[2:4], "url": "/items?p=3"}, MISSED),
    ],
)
def test_response_that_is_no_page_stops_even_if_it_names_a_next_page(
    api, tap, style, path, reply, words
):
    pages = [ROWS[:2], ROWS[4:]] if path == "$" else [{"rows": ROWS[:2]}, {"rows": ROWS[4:]}]
    if path != "$":
        pages[0] |= {"next": "b", "url": "/items?p=2"}
    first = Reply(pages[0], headers={"Link": '</items?p=2>; rel="next"'})
    api.serve("/items", first, reply, pages[1])
    settings = stream(records_path=path, pagination=PAGINATION[style])
    run = tap(api.config(settings, max_in_flight=1), state=before())
    assert run.ids() == [1, 2]
    assert run.bookmark() == ROWS[0]["at"]
    assert warned(run, words)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize(
    ("path", "body", "fails"),
    [
        ("$.data.rows[*]", {"data": {"rows": [], "error": "quota"}}, True),
        ("$.data.rows", {"data": {"rows": [], "error": "quota"}}, True),
        ("$.data.rows[?(@.id > 0)]", {"data": {"rows": [], "error": "quota"}}, True),
        ("$.data.rows[*]", {"data": {"error": "quota"}}, True),
        ("$.data.rows[*]", {"data": {"rows": {"message": "down", "code": 3}}}, True),
        ("$.data.rows[*]", {"data": {"rows": {"error": {"message": "down"}}}}, True),
        ("$.data.rows[*]", {"data": {"rows": {"errors": ["down"]}}}, True),
        ("$.data.rows[*]", {"data": {"rows": {"page": 3, "count": 0}}}, False),
        ("$.data.rows[*]", {"data": {"rows": {"message": "no", "code": 3}}}, True),
        ("$[*]", {"error": "quota"}, True),
        ("$[*]", {"error": {"message": "quota"}}, True),
        ("$[*]", {"page": 3, "count": 0}, False),
    ],
)
def test_json_path_to_items_finds_what_a_bare_path_finds(api, tap, path, body, fails, at):
    def respond(seen):
        number = int(seen.query["page"])
        rows = ROWS[2 * number - 2 : 2 * number]
        page = rows if path == "$[*]" else {"data": {"rows": rows}}
        return body if number == at else page

    api.routes["/items"] = respond
    settings = stream(records_path=path, pagination={"style": "page_number"})
    run = tap(api.config(settings, max_in_flight=1), state=before())
    assert (run.status, run.ids()) == (int(fails), [1, 2] if at == 2 else [])
    assert run.bookmark() == ROWS[0]["at"]
    assert warned(run, "names an error" if fails else OBJECT)


FAR = b"1e99999999999999999999"
UNREADABLE = {
    "bytes": ("json", b'[{"id":1},{"id":2,"a":"\xff"}]', "its bytes are not UTF-8 (at byte 23)"),
    "bytes before": ("json", b'[{"id":1,"a":"\xff"},{"id":2}]', "UTF-8 (at byte 14)"),
    "number": ("json", b'[{"id":1},{"id":%s}]' % FAR, "it holds a number whose exponent"),
    "line": ("jsonl", b'{"id":1}\n{"id":%s}\n{"id":3}' % FAR, "line 2: it holds a number"),
}


@pytest.mark.parametrize("schema", [{}, {"schema": {"properties": {"id": {"type": "integer"}}}}])
@pytest.mark.parametrize("case", UNREADABLE)
def test_record_that_cannot_be_decoded_is_one_error_that_says_where(api, tap, case, schema):
    """It is the same one whether records stay encoded or not, and for a sample and its read."""
    format_, content, said = UNREADABLE[case]
    api.serve("/items", Reply(content))
    stream = {"name": "items", "path": "items", "response_format": format_, **schema}
    run = tap(api.config(stream))
    (line,) = run.error_lines
    assert all(part in line for part in ("page 1: GET", said, "it begins with"))
    assert (run.status, run.records()) == (1, [])
