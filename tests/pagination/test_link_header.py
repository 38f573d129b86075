"""Style ``link_header``: RFC 8288, in all the ways in which servers write it."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.link_header import LinkHeader
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.link_header import next_link
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
def test_the_link_with_the_relation_next_leads_on(link, target):
    """The link whose relations hold ``next`` is the next page, relative to the answer's URL."""
    assert LinkHeader().next(None, page(link)) == target


@pytest.mark.parametrize(
    "link", [None, "", '</x>; rel="last"', "</x>", '</x>; rel="nextish"', '</x>; title="next"']
)
def test_no_link_with_that_relation_is_the_end(link):
    """Without a link of the relation ``next`` there is no next page."""
    assert LinkHeader().next(None, page(link)) is None


@pytest.mark.parametrize("filling", [" ", ", ", "; ", ' ;a="', "<", '\\"'])
def test_a_long_header_costs_no_time(filling):
    """A header as long as any may be, that holds no next link, is looked through at once."""
    for begin in ("<a>", "<a>;", '<a>;rel="'):
        assert next_link(f"{begin}{filling * 100_000}x") is None


def test_the_first_request_is_the_streams_own():
    """Without a token the request keeps its URL and parameters; a link takes their place."""
    request = Request("GET", URL, {"a": 1})
    LinkHeader().place(None, request)
    assert (request.url, request.params, request.verbatim) == (URL, {"a": 1}, False)
    LinkHeader().place(f"{URL}?p=%2B", request)
    assert (request.url, request.params, request.verbatim) == (f"{URL}?p=%2B", {}, True)


def test_empty_pages_are_no_end():
    """A page without records that links on is no end."""
    assert not LinkHeader.empty_page_ends
