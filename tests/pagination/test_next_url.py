"""Style ``next_url``: the address in the body is used untouched, relative ones too."""

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

quick = settings(deadline=None, max_examples=100)
URL = "https://a.example/v1/items?page=1"
STYLE = NextUrl(next_url_path=parse_path("@odata.nextLink"))


def page(body):
    return read_page(URL, 200, {}, json.dumps(body).encode(), RecordSettings())


@quick
@given(st.from_regex(r"[!$-;=?-Z_a-z~]+", fullmatch=True))
def test_an_absolute_address_is_used_untouched(query):
    """Whatever an address holds, it goes back character for character."""
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
def test_a_relative_address_is_relative_to_the_answer(found, address):
    """A relative address is resolved against the URL of the answer that holds it."""
    assert STYLE.next(None, page({"@odata.nextLink": found})) == address


@pytest.mark.parametrize("body", [{}, {"@odata.nextLink": None}, {"@odata.nextLink": ""}, [], 5])
def test_no_address_is_the_end(body):
    """An address that is absent, null or empty is the end."""
    answer = read_page(
        URL, 200, {}, json.dumps(body).encode(), RecordSettings(records_path=parse_path("x"))
    )
    assert STYLE.next(None, answer) is None


@pytest.mark.parametrize("found", [5, True, ["https://a.example"], {"href": "x"}])
def test_what_is_no_address_is_an_error(found):
    """Anything else at the path is an error that names the path, never a silent end."""
    with pytest.raises(ResponseError, match=r"@odata\.nextLink"):
        STYLE.next(None, page({"@odata.nextLink": found}))


def test_the_first_request_is_the_streams_own():
    """Without a token the request keeps its URL and parameters; an address takes their place."""
    request = Request("GET", "https://a.example/v1/items", {"a": 1})
    STYLE.place(None, request)
    assert (request.params, request.verbatim) == ({"a": 1}, False)
    STYLE.place(URL, request)
    assert (request.url, request.params, request.verbatim) == (URL, {}, True)
    assert not STYLE.empty_page_ends
