"""The paging settings that a response suggests: which ones, and the most certain first."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from tap_oauth2_generic.pagination.candidates import (
    CURSORS,
    LAST_RECORD,
    PAGES,
    Parameters,
    by_number,
    candidates,
    ends,
    fallbacks,
    own_names,
    sizes,
)
from tap_oauth2_generic.pagination.signs import Sign, find_signs
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import parse_path

ADDRESS = "https://api.example.com/items"
GET = Parameters("GET", None)
QUERY = "query($first: Int, $afterCursor: String) { items }"


def page_of(body, headers=()):
    where = RecordSettings(records_path=parse_path("items"))
    content = json.dumps({"items": [{"id": 1}, {"id": 2}], **body}).encode()
    return read_page(ADDRESS, 200, dict(headers), content, where)


def first(found, count=1):
    return [*islice(found, count)]


def by_page(name, **settings):
    return {"style": "page_number", "page_param": name, **settings}


def by_cursor(path, name, **settings):
    return {"style": "cursor", "cursor_path": path, "cursor_param": name, **settings}


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({}, {"Link": f'<{ADDRESS}?page=2>; rel="next"'}, [{"style": "link_header"}]),
        (
            {"next": "/items?after=2"},
            {},
            [
                {"style": "next_url", "next_url_path": "next"},
                by_cursor("next", "after", cursor_pattern="[?&]after=([^&]+)"),
            ],
        ),
        (
            {"nextPageToken": "abc"},
            {},
            [by_cursor("nextPageToken", "pageToken"), by_cursor("nextPageToken", "nextPageToken")],
        ),
        ({"next": 7}, {}, [by_cursor("next", "next"), by_cursor("next", CURSORS[-1])]),
        ({"next": "b7"}, {}, [by_cursor("next", "next"), by_cursor("next", CURSORS[0])]),
        (
            {"cursor": "c1", "next_cursor": "c2"},
            {},
            [by_cursor("next_cursor", "cursor")],
        ),
        (
            {},
            {"X-Next-Cursor": "c2"},
            [{"style": "cursor", "cursor_header": "x-next-cursor", "cursor_param": "cursor"}],
        ),
        ({"offset": 40}, {}, [by_cursor("offset", "offset")]),
        ({"page": 1, "pages": 3}, {}, [by_page("page"), by_page("page", page_start=0)]),
        ({"page": 0, "pages": 3}, {}, [by_page("page", page_start=0), by_page("page")]),
        ({"currentPage": 1}, {}, [by_page("page")]),
        ({"skip": 0}, {}, [{"style": "offset", "offset_param": "skip"}]),
        (
            {"has_more": True},
            {},
            [{"style": "last_record", "last_record_path": "id", "cursor_param": LAST_RECORD[0]}],
        ),
        ({"has_more": False}, {}, [by_page(PAGES[0])]),
        ({"next": None}, {}, [by_page(PAGES[0])]),
        ({"page": 1, "has_more": True}, {}, [by_page("page")]),
        ({"start": 1}, {}, [{"style": "offset", "offset_param": "start", "page_start": 1},
                            {"style": "offset", "offset_param": "start"}]),
        ({"last": False}, {}, [{"style": "last_record", "last_record_path": "id",
                                "cursor_param": LAST_RECORD[0]}]),
    ],
)  # fmt: skip
def test_response_suggests_what_its_members_say(body, headers, expected):
    found = first(candidates(page_of(body, headers), GET, "id"), len(expected))
    lowered = [
        {n: v.lower() if n == "cursor_header" else v for n, v in one.items()} for one in found
    ]
    assert lowered == expected


def test_link_header_holds_no_cursor():
    page = page_of({}, {"Link": f'<{ADDRESS}?page=2>; rel="next"'})
    assert not any(one["style"] == "cursor" for one in candidates(page, GET, "id"))


@pytest.mark.parametrize("body", [{}, {"total": 9}, {"next": "x"}, {"has_more": False}])
def test_last_record_leads_on_only_if_a_flag_says_that_more_follows(body):
    found = candidates(page_of(body), GET, "id")
    assert not any(one["style"] == "last_record" for one in found)


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", {"query": QUERY}, [{"p": "after_cursor"}, {"p": "b"}]),
        ("POST", None, [{"p": "after_cursor", "params_in": "body"},
                        {"p": "b", "params_in": "body"}, {"p": "after_cursor"}, {"p": "b"}]),
        ("POST", {"query": QUERY}, [{"p": "variables.afterCursor", "params_in": "body"}]),
        ("POST", {"query": "name"}, [{"p": "after_cursor", "params_in": "body"}]),
        ("POST", {"paging": {}, "filter": {}},
         [{"p": "paging.after_cursor", "params_in": "body"}, {"p": "paging.b", "params_in": "body"},
          {"p": "after_cursor", "params_in": "body"}]),
        ("POST", [1], [{"p": "after_cursor"}]),
    ],
)  # fmt: skip
def test_parameter_is_spelled_for_the_request(method, body, expected):
    """A name is tried once."""
    found = [*Parameters(method, body).spell("p", ["after_cursor", "b", "after_cursor"])]
    assert found[: len(expected)] == expected
    assert len(found) == len({json.dumps(one) for one in found})


def test_variables_of_graphql_are_those_that_its_query_declares():
    """There is no other place for them."""
    found = [*Parameters("POST", {"query": QUERY}).spell("p", ["after_cursor", "b", "first"])]
    names = ["variables.afterCursor", "variables.first"]
    assert found == [{"p": name, "params_in": "body"} for name in names]


@pytest.mark.parametrize(
    ("place", "is_header", "names"),
    [
        ("meta.next_page_token", False, ["page_token", "next_page_token", "pageToken"]),
        ("nextPageToken", False, ["pageToken", "nextPageToken", "PageToken"]),
        ("next", False, ["next"]),
        ("_endCursor", False, ["cursor", "_endCursor", "Cursor"]),
        ("X-MS-Continuation-Token", True, ["continuation_token", "continuationToken"]),
    ],
)
def test_parameter_may_have_the_name_of_the_sign(place, is_header, names):
    assert own_names(Sign("cursor", place, "x", is_header)) == names


def test_no_sign_has_no_names():
    assert own_names(None) == []


def test_size_has_the_name_of_the_response_first():
    assert first(sizes(page_of({"meta": {"perPage": 2}}), GET), 2) == [
        {"page_size_param": "perPage"},
        {"page_size_param": "limit"},
    ]


@pytest.mark.parametrize(
    ("style", "before", "after", "found"),
    [
        ("page_number", {"has_more": True}, {"has_more": False}, {"has_more_path": "has_more"}),
        ("page_number", {"total": 9}, {"total": 9}, {"total_path": "total"}),
        ("page_number", {"total": 9}, {"total": 8}, {}),
        ("page_number", {"pages": 2}, {"pages": 2}, {"total_pages_path": "pages"}),
        (
            "offset",
            {"pages": 3, "total": 9},
            {"pages": 3, "total": 9},
            {"total_pages_path": "pages"},
        ),
        ("cursor", {"total": 9}, {"total": 9}, {}),
        ("cursor", {"pages": 9}, {"pages": 9}, {}),
        ("cursor", {"is_last": False}, {"is_last": True}, {"last_page_path": "is_last"}),
        ("offset", {"total": 2}, {"total": 2}, {}),
    ],
)
def test_end_is_a_sign_of_both_pages(style, before, after, found):
    assert ends({"style": style}, page_of(before), page_of(after)) == found


def test_null_cursor_and_page_numbers_are_fallbacks():
    found = [*fallbacks(page_of({"next": None, "page": 1, "total": 2}), GET)]
    assert found[0] == {"style": "next_url", "next_url_path": "next"}
    assert found[-1] == by_page("page", total_path="total")
    assert [*fallbacks(page_of({"count": 2}), GET)] == []


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        ({"pages": 3}, {"total_pages_path": "pages"}),
        ({"count": 2}, {}),
        ({"total": 2}, {"total_path": "total"}),
    ],
)
def test_page_number_may_end_at_a_count_that_is_named_as_one(body, settings):
    found = [*fallbacks(page_of({"page": 1, **body}), GET)]
    assert found[-1] == by_page("page", **settings)


def test_sort_values_of_the_last_record_lead_to_the_next_page():
    body = {"items": [{"id": 1, "sort": [7]}]}
    found = [*candidates(page_of(body), GET, None)]
    assert {
        "style": "last_record",
        "last_record_path": "sort",
        "cursor_param": "search_after",
    } in found


def test_offsets_come_first_if_the_response_has_only_a_start():
    numbers = [one["style"] for one in by_number(find_signs(page_of({"startAt": 0})), GET)]
    assert (numbers[0], numbers[-1]) == ("offset", "page_number")
    both = by_number(find_signs(page_of({"startAt": 0, "page": 1})), GET)
    assert first(both) == [by_page("page")]
    (fallback,) = fallbacks(page_of({"startAt": 0}), GET)
    assert fallback["style"] == "offset"


def test_last_record_is_tried_after_the_numbers_that_a_response_counts():
    body = {"has_more": True, "startAt": 0}
    styles = [one["style"] for one in candidates(page_of(body), GET, "id")]
    assert (styles[0], styles[-1]) == ("offset", "last_record")
    (uncounted, *_) = candidates(page_of({"has_more": True}), GET, "id")
    assert uncounted["style"] == "last_record"
