"""Which members of a response are signs of paging, and which of them count at the end of a read."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.pagination.signs import find_sign_of_more, find_signs
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import parse_path
from tests.support.settings import valid_style

ADDRESS = "https://api.example.com/items"
ROWS = [{"id": 1}, {"id": 2}]


def page_of(body, headers=(), address=ADDRESS):
    where = RecordSettings(records_path=parse_path("items"))
    content = json.dumps({"items": ROWS, **body}).encode()
    return read_page(address, 200, dict(headers), content, where)


def signs_of(body):
    return [(sign.kind, sign.place, sign.value) for sign in find_signs(page_of(body))]


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        ({"next": "abc"}, "cursor", "next"),
        ({"next": "12"}, "cursor", "next"),
        ({"next": None}, "url", "next"),
        ({"next": "items?page=2"}, "url", "next"),
        ({"next": "http://a.example/2"}, "url", "next"),
        ({"next": "https://a.example/2"}, "url", "next"),
        ({"next": "/2"}, "url", "next"),
        ({"next": "YWJj=="}, "cursor", "next"),
        ({"next": "what?"}, "cursor", "next"),
        ({"next": {"href": "/items/2"}}, "url", "next.href"),
        ({"hits": {"total": {"value": 5}}}, "total", "hits.total.value"),
        ({"pages": {"total": 5}}, "pages", "pages.total"),
        ({"pages": {"count": 5}}, "pages", "pages.count"),
        ({"total": "5"}, "total", "total"),
        ({"has_more": "true"}, "more", "has_more"),
        ({"is_last": True}, "last", "is_last"),
    ],
)
def test_member_is_a_sign_by_its_name_and_type(body, kind, place):
    """A cursor stays as it was written; a number or flag is read from a string."""
    value = body
    for name in place.split("."):
        value = value[name]
    written = {"5": 5, "true": True}.get(value, value) if isinstance(value, str) else value
    assert signs_of(body) == [(kind, place, written)]


def test_list_of_links_has_one_sign():
    links = [{"rel": "self", "href": "/a"}, {"rel": "next", "href": "/b"}]
    assert signs_of({"links": links}) == [("url", "$.links[?(@.rel=='next')].href", "/b")]


@pytest.mark.parametrize("relation", ["rel", "relation", "ref"])
@pytest.mark.parametrize("target", ["href", "url", "uri", "link"])
def test_link_in_a_list_has_any_usual_names(relation, target):
    place = f"$.links[?(@.{relation}=='Next')].{target}"
    assert signs_of({"links": [{relation: "Next", target: "/b"}]}) == [("url", place, "/b")]


@pytest.mark.parametrize(
    "link", ["/b", {"href": "/b"}, {"rel": "next"}, {"rel": "self", "href": ""}]
)
def test_other_list_has_no_sign(link):
    assert signs_of({"links": [link]}) == []


@pytest.mark.parametrize(
    ("wrapped", "about"),
    [({"total": 5}, False), ({"rows": [], "total": 5}, True), ({"a": {"b": []}, "total": 5}, True)],
)
def test_sign_is_about_the_response_if_a_list_is_next_to_it(wrapped, about):
    (sign,) = find_signs(page_of({"thing": wrapped}))
    assert sign.about is about


def read(*bodies, **style):
    paginator = Paginator(valid_style(**style))
    for body in bodies:
        paginator.take(page_of(body))
    return paginator


@pytest.mark.parametrize(
    ("body", "complete"),
    [
        ({"recordsFiltered": 2, "recordsTotal": 9}, True),
        ({"recordsFiltered": 2, "total": 2, "totalPages": 9}, True),
        ({"total": 9}, False),
        ({"count": 2, "totalPages": 9}, False),
        ({"paging": {"after": "x"}}, False),
        ({"paging": {"after": "x", "total": 2}}, True),
        ({"paging": {"after": "x", "count": 2}}, False),
    ],
)
def test_only_page_is_complete_unless_a_sign_says_more(body, complete):
    assert read(body).stop.complete is complete


@pytest.mark.parametrize(("page", "complete"), [(1, True), (2, True), (3, False), ("x", False)])
def test_link_to_a_page_that_was_read_says_nothing(page, complete):
    end = {"items": [], "next": f"/items?page={page}"}
    assert read({}, end, style="page_number").stop.complete is complete


@pytest.mark.parametrize(
    ("link", "complete"),
    [("/items?b=2&a=1", True), ("/items?a=1", False), ("/other?a=1&b=2", False), ("//[x", False)],
)
def test_link_to_the_page_itself_says_nothing(link, complete):
    """Whatever the order of its parameters."""
    paginator = Paginator(valid_style())
    paginator.take(page_of({"next": link}, address=f"{ADDRESS}?a=1&b=2"))
    assert paginator.stop.complete is complete


@pytest.mark.parametrize(("is_short", "complete"), [(True, False), (False, True)])
def test_cursor_at_a_short_page_says_more(is_short, complete):
    """Not at an empty one: many APIs always name one."""
    end = {"items": ROWS[:1] if is_short else [], "paging": {"after": "x"}}
    second = {"items": [{"id": 3}, {"id": 4}]}
    found = read({}, second, end, style="page_number", stop_on_short_page=is_short)
    assert found.stop.complete is complete


def test_setting_of_a_total_that_is_written_as_a_string_is_used():
    """The remark on the total says it already."""
    paginator = read({"total": "9"}, total_path="total")
    assert paginator.stop.complete is True
    assert paginator.remarks == ["total_path says 9 records, but the API returned 2"]


def test_first_response_without_a_page_has_no_signs():
    paginator = read()
    paginator.skip("ignore")
    assert (paginator.stop.complete, paginator.stop.reason) == (True, "response rule 'ignore'")


@pytest.mark.parametrize(
    ("header", "value", "found"),
    [
        ("Content-Range", "items 0-24/319", [("total", 319)]),
        ("Content-Range", "items 0-24/*", []),
        ("X-Total-Count", "9", [("total", 9)]),
        ("X-Total-Count", "many", []),
        ("X-WP-TotalPages", "4", [("pages", 4)]),
        ("X-Limit", "5", []),
        ("Link", '</b>; rel="next"', [("link", "/b")]),
    ],
)
def test_header_is_a_sign_by_its_name_and_form(header, value, found):
    signs = find_signs(page_of({}, {header: value}))
    assert [(sign.kind, sign.value) for sign in signs] == found
    assert all(sign.is_header and sign.place.lower() == header.lower() for sign in signs)


@pytest.mark.parametrize(
    ("body", "by_flag", "by_any"),
    [
        ({"hasMore": True}, "hasMore", "hasMore"),
        ({"hasMore": False, "nextToken": "x"}, None, None),
        ({"nextToken": "x"}, None, "nextToken"),
        ({"nextToken": None}, None, None),
        ({"cursor": "x"}, None, None),
        ([{"hasMore": True}], "0.hasMore", "0.hasMore"),
        ({"job": {"isDone": True}}, None, None),
        (5, None, None),
    ],
)
def test_export_has_more_if_a_flag_or_a_next_token_says_so(body, by_flag, by_any):
    assert find_sign_of_more(body, flags_only=True) == by_flag
    assert find_sign_of_more(body, flags_only=False) == by_any


@pytest.mark.parametrize(
    ("body", "headers", "named"),
    [
        ({"total": 9}, {}, "'total'"),
        ({}, {"x-total-count": "9"}, "the header 'x-total-count'"),
    ],
)
def test_reason_names_the_sign(body, headers, named):
    paginator = Paginator(valid_style())
    paginator.take(page_of(body, headers))
    assert f"but {named} says that more follows" in paginator.stop.reason
    assert "name it in total_path" in paginator.stop.reason
