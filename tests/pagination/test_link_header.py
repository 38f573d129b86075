"""Style ``link_header``: RFC 8288 in the spellings of real servers."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.link_header import LinkHeader
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page

URL = "https://a.example/v1/items"
PARSER = "requests' parse_header_links splits at each ; and = and knows no quoting"


def page(link=None, url=URL, content=b"[]"):
    headers = {} if link is None else {"link": link}
    return read_page(url, 200, headers, content, RecordSettings())


def broken(link, target):
    return pytest.param(link, target)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ('<https://a.example/x?c=a%2Bb=>; rel="next"', "https://a.example/x?c=a%2Bb="),
        ("<https://a.example/x>; rel=next", "https://a.example/x"),
        ('<https://a.example/x>;rel="NEXT"', "https://a.example/x"),
        ('<https://a.example/x>; rel="prev next"', "https://a.example/x"),
        ('<https://a.example/x?i=1,2>; rel="next", </y>; rel="last"', "https://a.example/x?i=1,2"),
        ('</p>; rel="prev",</v1/x?p=2>; rel="next"', "https://a.example/v1/x?p=2"),
        ('<?p=2>; rel="next"', "https://a.example/v1/items?p=2"),
        ('<x>; title="two"; rel="next"', "https://a.example/v1/x"),
        broken('</x;v=1?c=2>; rel="next"', "https://a.example/x;v=1?c=2"),
        broken('</x?b=1;c=2>; rel="next"', "https://a.example/x?b=1;c=2"),
        broken('</x>; title="a=b"; rel="next"', "https://a.example/x"),
        broken('</x>; title="a, <b>"; rel="next"', "https://a.example/x"),
        broken('</x>; Rel="next"', "https://a.example/x"),
        broken('</x>; crossorigin; rel="next"', "https://a.example/x"),
    ],
)
def test_next_relation_is_the_next_page(link, target):
    """Relative to the URL of the response."""
    assert LinkHeader().next(None, page(link)) == target


@pytest.mark.parametrize(
    "link", [None, "", '</x>; rel="last"', "</x>", '</x>; rel="nextish"', '</x>; title="next"']
)
def test_no_next_relation_stops_paging(link):
    assert LinkHeader().next(None, page(link)) is None


@pytest.mark.parametrize("filling", [" ", ", ", "; ", ' ;a="', "<", '\\"'])
def test_long_header_is_parsed_in_linear_time(filling):
    for begin in ("<a>", "<a>;", '<a>;rel="'):
        assert page(f"{begin}{filling * 100_000}x").next_link is None


def test_first_request_has_the_streams_address():
    request = Request("GET", URL, {"a": 1})
    LinkHeader().place(None, request)
    assert (request.url, request.params, request.verbatim) == (URL, {"a": 1}, False)
    LinkHeader().place(f"{URL}?p=%2B", request)
    assert (request.url, request.params, request.verbatim) == (f"{URL}?p=%2B", {}, True)


def test_empty_pages_do_not_stop_paging():
    assert LinkHeader.follows_tokens
