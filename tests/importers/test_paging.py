"""How a request pages, by the names of its parameters and of its response's members."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.importers.paging import find_paging, signs_in

ROWS = [{"id": 1}, {"id": 2}]
NUMBER = {"style": "page_number", "page_param": "page"}


@pytest.mark.parametrize(
    ("params", "body", "settings", "used"),
    [
        ({"page": "1", "per_page": "100"}, None,
         {**NUMBER, "page_size": 100, "page_size_param": "per_page"}, {"page", "per_page"}),
        ({"page": "0"}, None, {**NUMBER, "page_start": 0}, {"page"}),
        ({"page[number]": 1, "page[size]": 500}, None,
         {"style": "page_number", "page_param": "page[number]", "page_size": 200,
          "page_size_param": "page[size]"}, {"page[number]", "page[size]"}),
        ({"offset": "40", "limit": "20"}, None,
         {"style": "offset", "offset_param": "offset", "page_size": 20, "page_size_param": "limit"},
         {"offset", "limit"}),
        ({"$skip": None, "$top": "50"}, None,
         {"style": "offset", "offset_param": "$skip", "page_size": 50, "page_size_param": "$top"},
         {"$skip", "$top"}),
        ({"page": 1}, {"items": ROWS, "total_pages": 4},
         {**NUMBER, "total_pages_path": "total_pages"}, {"page"}),
        ({"cursor": "abc"}, {"items": ROWS, "next_cursor": "def"},
         {"style": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}, {"cursor"}),
        ({"pageToken": None, "maxResults": 50}, {"items": ROWS, "nextPageToken": "x"},
         {"style": "cursor", "cursor_path": "nextPageToken", "cursor_param": "pageToken",
          "page_size": 50, "page_size_param": "maxResults"}, {"pageToken", "maxResults"}),
        ({"page": 2}, {"data": ROWS, "links": {"next": "https://a.example/items?page=3"}},
         {"style": "next_url", "next_url_path": "links.next"}, {"page"}),
        ({"q": "x", "status": "open"}, {"items": ROWS}, {}, set()),
        ({"from": "2024-01-01", "start": None}, None, {}, set()),
    ],
)  # fmt: skip
def test_names_that_are_sure_become_settings(params, body, settings, used):
    found = find_paging(params, signs_in(body) if body else ())
    assert (found.settings, set(found.used), found.unsure) == (settings, used, "")


@pytest.mark.parametrize(
    ("params", "body", "style", "said"),
    [
        ({"page": "7"}, None, "page_number", "0 or 1"),
        ({"starting_after": "x"}, {"data": ROWS, "has_more": True}, "last_record", "last record"),
        ({"cursor": "abc"}, None, None, "'cursor' leads to the next page"),
        ({"limit": 10}, None, None, "'limit' limits the records"),
        ({"q": "x"}, {"items": ROWS, "next_cursor": "def"}, None, "'next_cursor' leads on"),
    ],
)
def test_what_is_unsure_says_why(params, body, style, said):
    found = find_paging(params, signs_in(body) if body else ())
    assert found.settings.get("style") == style
    assert said in found.unsure


def test_headers_of_a_response_count():
    signs = signs_in(ROWS, {"Link": '<https://a.example/items?page=2>; rel="next"'})
    assert find_paging({"page": 1}, signs).settings == {"style": "link_header"}
