"""Style ``next_url``: the URL in the body is followed unchanged, relative or not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.next_url import NextUrl
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import parse_path

quick = settings(max_examples=100)
URL = "https://a.example/v1/items?page=1"
STYLE = NextUrl(next_url_path=parse_path("@odata.nextLink"))


def page(body):
    return read_page(URL, 200, {}, json.dumps(body).encode(), RecordSettings())


@quick
@given(st.from_regex(r"[!$-;=?-Z_a-z~]+", fullmatch=True))
def test_absolute_url_is_used_unchanged(query):
    address = f"https://a.example/v2/items?cursor={query}"
    assert STYLE.next(None, page({"@odata.nextLink": address})) == address


@pytest.mark.parametrize(
    ("found", "address"),
    [
        ("/v2/items?c=%2B", "https://a.example/v2/items?c=%2B"),
        ("items?page=2", "https://a.example/v1/items?page=2"),
        ("?page=2", "https://a.example/v1/items?page=2"),
        ("//b.example/x", "https://b.example/x"),
        ("https://b.example", "https://b.example"),
    ],
)
def test_relative_url_is_resolved_against_the_response(found, address):
    assert STYLE.next(None, page({"@odata.nextLink": found})) == address


@pytest.mark.parametrize("body", [{}, {"@odata.nextLink": None}, {"@odata.nextLink": ""}, [], 5])
def test_empty_or_missing_url_stops_paging(body):
    found = read_page(
        URL, 200, {}, json.dumps(body).encode(), RecordSettings(records_path=parse_path("x"))
    )
    assert STYLE.next(None, found) is None


@pytest.mark.parametrize("found", [5, True, ["https://a.example"], {"href": "x"}])
def test_value_other_than_a_url_is_an_error(found):
    with pytest.raises(ResponseError, match=r"@odata\.nextLink"):
        STYLE.next(None, page({"@odata.nextLink": found}))


def test_first_request_has_the_streams_address():
    request = Request("GET", "https://a.example/v1/items", {"a": 1})
    STYLE.place(None, request)
    assert (request.params, request.verbatim) == ({"a": 1}, False)
    STYLE.place(URL, request)
    assert (request.url, request.params, request.verbatim) == (URL, {}, True)
    assert STYLE.follows_tokens


@pytest.mark.parametrize("link", ["https://[", "//[a.example/x"])
def test_link_that_is_no_url_is_an_error(link):
    with pytest.raises(ResponseError, match="the next-page link is not a URL"):
        STYLE.next(None, page({"@odata.nextLink": link}))
