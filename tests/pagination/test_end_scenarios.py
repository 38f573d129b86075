"""Syncs that end where the API ends, with pages fetched ahead or not."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.paging import PAGINATION, sign_of
from tests.support.server import Reply

STYLES = [style for style in PAGINATION if style not in {"none", "last_record"}]
FOLLOWING = ["cursor", "next_url", "link_header"]
SCHEMA = {"properties": {"v": {"type": "integer"}, "at": {"type": "string"}}}
KEYED = {"properties": {**SCHEMA["properties"], "id": {"type": "integer"}}}
STATE = {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": "2020-01-01"}}}


def stream(style, paging=(), **more):
    pagination = {**PAGINATION[style], **dict(paging)}
    fixed = {"name": "items", "path": "items", "records_path": "rows", "schema": SCHEMA}
    return {**fixed, "pagination": pagination, **more}


def page_of(api, style, token, body):
    """Return a response whose next page, if there is one, is named as the style wants it."""
    named = {} if token is None else sign_of(style, token, f"{api.url}/items")
    return Reply({**body, **named.get("body", {})}, headers=named.get("headers", {}))


def serve(api, style, pages, sign=lambda _: {}):
    """Serve pages in a style; after the last one an empty page or no token."""
    starts = [sum(map(len, pages[:n])) for n in range(len(pages) + 1)]

    def respond(seen):
        at = int(seen.query.get("from", 0))
        if style == "page_number":
            at = int(seen.query["page"]) - 1
        elif style == "offset":
            start = int(seen.query["offset"])
            at = starts.index(start) if start in starts else len(pages)
        body = {"rows": pages[at] if at < len(pages) else [], **sign(at)}
        return page_of(api, style, str(at + 1) if at + 1 < len(pages) else None, body)

    api.routes["/items"] = respond


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("kept", [{}, {"keep": [{"path": "v", "matches": "."}]}])
def test_equal_pages_are_all_emitted(api, tap, style, most, kept):
    """Encoded and decoded, while the total says that more follow."""
    serve(api, style, [[{"v": 1}] * 10] * 5, lambda _: {"n": 50})
    run = tap.ok(api.config(stream(style, {"total_path": "n"}, **kept), max_in_flight=most))
    assert run.records() == [{"v": 1}] * 50
    assert not run.warnings
    assert "50 records on 5 pages" in run.errors or "50 records on 6 pages" in run.errors


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=3), min_size=1, max_size=9),
    most=st.integers(1, 8),
    style=st.sampled_from(["page_number", "offset"]),
    sized=st.booleans(),
)
def test_guesses_are_right_although_equal_pages_are_held(api, tap, values, most, style, sized):
    pages = [[{"v": value} for value in page] for page in values]
    serve(api, style, pages, lambda at: {"more": at + 1 < len(pages)})
    paging = {"has_more_path": "more", "page_size": 2}
    paging |= {"page_size_param": "size"} if sized else {}
    run = tap.ok(api.config(stream(style, paging), max_in_flight=most))
    assert run.records() == [row for page in pages for row in page]
    assert not run.warnings


@pytest.mark.parametrize("style", FOLLOWING)
@pytest.mark.parametrize("most", [1, 4])
def test_scroll_is_read_to_its_end_and_moves_the_bookmark(api, tap, style, most):
    left = [[{"v": 5 * n + k, "at": f"2024-01-0{n + 1}"} for k in range(5)] for n in range(5)]

    def respond(_):
        return page_of(api, style, "same", {"rows": left.pop(0) if left else []})

    api.routes["/items"] = respond
    run = tap.ok(api.config(stream(style, replication_key="at"), max_in_flight=most), state=STATE)
    assert [row["v"] for row in run.records()] == list(range(25))
    assert run.bookmark() == "2024-01-05"
    assert not run.warnings


@pytest.mark.parametrize("style", FOLLOWING)
@pytest.mark.parametrize("option", [(), ("--discover",)])
def test_token_that_is_never_missing_ends_after_twenty_empty_pages(api, tap, style, option):
    def respond(_):
        number = len(api.requests("/items"))
        rows = [{"v": 1, "at": "2024-01-01"}] if number == 1 else []
        return page_of(api, style, str(number), {"rows": rows})

    api.routes["/items"] = respond
    wanted = stream(style, replication_key="at")
    if option:
        del wanted["schema"]
    run = tap.ok(api.config(wanted), *option, **({} if option else {"state": STATE}))
    assert len(api.requests("/items")) == 21
    if not option:
        assert any("20 empty pages in a row" in line for line in run.warnings)
        assert run.bookmark() == "2020-01-01"


@pytest.mark.parametrize("style", ["page_number", "offset", "cursor", "last_record"])
@pytest.mark.parametrize("sign", [{"total_path": "n"}, {"page_size_param": "s", "page_size": 2}])
@pytest.mark.parametrize("most", [1, 4])
def test_ignored_paging_parameter_fails_the_stream(api, tap, style, sign, most):
    """Its first page is emitted once, and the bookmark stays."""
    rows = [{"v": n, "at": f"202{n}-01-01", "id": n} for n in (4, 5)]
    api.routes["/items"] = lambda _: {"rows": rows, "n": 6, "next": "x"}
    config = api.config(stream(style, sign, replication_key="at"), max_in_flight=most)
    run = tap(config, state=STATE)
    assert run.status == 1
    assert [row["v"] for row in run.records()] == [4, 5]
    name = PAGINATION[style].get("cursor_param") or {"page_number": "page"}.get(style, "offset")
    assert any(f"the API may ignore the parameter {name}" in line for line in run.error_lines)
    assert run.bookmark() == "2020-01-01"


@pytest.mark.parametrize(
    ("place", "value", "fails"),
    [
        ("total", 6, True),
        ("pages", 3, True),
        ("has_more", True, True),
        ("next", "/items?p=2", True),
        ("total", 2, False),
        ("pages", 1, False),
        ("has_more", False, False),
        ("next", None, False),
        ("kind", "list", False),
    ],
)
def test_wrong_page_parameter_fails_where_an_unused_sign_says_more(api, tap, place, value, fails):
    """No setting names the sign; a run that ends green every night would never be looked at."""
    rows = [{"v": n, "at": f"202{n}-01-01"} for n in (4, 5)]
    api.routes["/items"] = lambda _: {"rows": rows, "meta": {place: value}}
    run = tap(api.config(stream("page_number", replication_key="at")), state=STATE)
    assert run.status == int(fails)
    assert [row["v"] for row in run.records()] == [4, 5]
    assert run.bookmark() == "2020-01-01"
    if fails:
        [error] = run.error_lines
        assert f"'meta.{place}' says that more follows" in error
        assert error.endswith("; check pagination")
        assert "response_rules" not in error


@pytest.mark.parametrize("signed", [{}, {"last_page_path": "isLast"}])
def test_last_page_flag_spares_the_page_past_the_end(api, tap, signed):
    pages = [[{"v": 1}], [{"v": 2}]]
    serve(api, "page_number", pages, lambda at: {"isLast": at > 0})
    run = tap.ok(api.config(stream("page_number", signed), max_in_flight=1))
    assert run.records() == [{"v": 1}, {"v": 2}]
    assert len(api.requests("/items")) == (2 if signed else 3)


@pytest.mark.parametrize("style", ["page_number", "offset", "last_record", "cursor"])
@pytest.mark.parametrize(
    ("status", "may_be_past"), [(400, True), (404, True), (416, True), (403, False), (500, False)]
)
@pytest.mark.parametrize("at", [0, 1])
def test_error_past_the_last_page_names_the_remedies(api, tap, style, status, may_be_past, at):
    """Only for a later page whose number or offset may be too high."""
    pages = [{"rows": [{"v": 1, "id": 1}], "next": "x"}] * at
    api.serve("/items", *pages, Reply({"detail": "no"}, status))
    run = tap(api.config(stream(style), max_in_flight=1, max_retries=0))
    assert run.status == 1
    remedies = (
        f'{{"status": {status}, "action": "end"}}',
        "total_path or total_pages_path",
        "style next_url",
    )
    is_named = all(remedy in run.error_lines[-1] for remedy in remedies)
    assert is_named == (may_be_past and at == 1 and style in {"page_number", "offset"})


@pytest.mark.parametrize(
    ("path", "body", "dropped"),
    [
        ("rows", {"rows": [{"v": 2}]}, True),
        ("rows", {"rows": []}, False),
        ("rows", {"error": "past the end"}, False),
        ("$", [{"v": 2}], True),
        ("$", {"error": "past the end"}, False),
        ("$", [], False),
    ],
)
def test_rule_end_on_a_page_with_records_is_incomplete(api, tap, path, body, dropped):
    row = {"v": 1, "at": "2024-01-01"}
    api.serve("/items", [row] if path == "$" else {"rows": [row]}, Reply(body, 201))
    rule = {"status": 201, "action": "end"}
    wanted = stream("page_number", replication_key="at", response_rules=[rule])
    run = tap.ok(api.config({**wanted, "records_path": path}), state=STATE)
    assert run.records() == [row]
    assert run.bookmark() == ("2020-01-01" if dropped else "2024-01-01")
    assert any("'end' dropped 1 record" in line for line in run.warnings) == dropped


@pytest.mark.parametrize("style", ["page_number", "offset", "cursor"])
@pytest.mark.parametrize("paging", [{}, {"total_path": "n"}, {"stop_on_short_page": True}])
@pytest.mark.parametrize("most", [1, 4])
def test_items_of_the_outermost_list_are_counted(api, tap, style, paging, most):
    """Whatever the inner lists hold: nothing, null, or more records than the page has items."""
    if style == "cursor":
        paging = {k: v for k, v in paging.items() if k != "stop_on_short_page"}
    lines = [[], None, [1, 2, 3], [4], [5, 6], [], [7], None, [8, 9], [], [10], [11, 12]]
    orders = [{"lines": line and [{"v": v} for v in line]} for line in lines]
    pages = [orders[:2], orders[2:4], orders[4:6], orders[6:8], orders[8:10], orders[10:]]
    serve(api, style, pages, lambda _: {"n": len(orders)})
    wanted = {**stream(style, paging), "records_path": "$.rows[*].lines[*]"}
    run = tap.ok(api.config(wanted, max_in_flight=most))
    assert [row["v"] for row in run.records()] == list(range(1, 13))
    assert not run.warnings


@pytest.mark.parametrize("most", [1, 4])
def test_ignored_parameter_is_noticed_where_no_record_is_chosen(api, tap, most):
    api.routes["/items"] = lambda _: {"rows": [{"lines": []}], "n": 9}
    wanted = {**stream("page_number", {"total_path": "n"}), "records_path": "$.rows[*].lines[*]"}
    run = tap(api.config(wanted, max_in_flight=most))
    assert run.status == 1
    assert "the API may ignore the parameter page" in run.error_lines[-1]


@pytest.mark.parametrize("style", ["page_number", "offset", "cursor", "last_record"])
@pytest.mark.parametrize("encoded", [True, False])
def test_repeated_records_are_recognized_by_their_keys(api, tap, style, encoded):
    """A value that differs each time, such as a signed URL, does not hide the repetition."""

    def respond(_):
        count = len(api.requests("/items"))
        if count > 9:
            return Reply({}, 400)
        rows = [{"id": n, "v": 1, "at": f"{n}.{count}"} for n in range(2)]
        return {"rows": rows, **({"next": "same"} if style == "cursor" else {})}

    api.routes["/items"] = respond
    kept = {} if encoded else {"keep": [{"path": "v", "matches": "."}]}
    run = tap.ok(api.config(stream(style, primary_keys=["id"], schema=KEYED, **kept)))
    assert run.ids() == [0, 1]
    assert any("the API may ignore the parameter" in line for line in run.warnings)


@pytest.mark.parametrize("style", ["page_number", "offset"])
def test_pages_with_keys_that_are_not_unique_are_no_repetition(api, tap, style):
    pages = [[{"id": 1, "v": 2 * n}, {"id": 1, "v": 2 * n + 1}] for n in range(4)]
    serve(api, style, pages)
    run = tap.ok(api.config(stream(style, primary_keys=["id"], schema=KEYED)))
    assert [row["v"] for row in run.records()] == list(range(8))
