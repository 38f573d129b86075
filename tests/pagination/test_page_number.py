"""Style ``page_number``: it counts on by one, however long the server's pages are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import Paginator, read_style
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.paths import parse_path

quick = settings(deadline=None, max_examples=60)
WHERE = RecordSettings(records_path=parse_path("items"))


def style(**raw):
    return read_style({"style": "page_number", **raw}, ErrorCollector())


def walked(made, answer):
    """Walk to the end; ``answer`` gives a body for the parameters of a request."""
    paginator, emitted = Paginator(made), []
    while paginator.stop is None:
        request = paginator.place(Request("GET", "https://a.example"))
        content = json.dumps(answer(request.params)).encode()
        page = read_page("https://a.example", 200, {}, content, WHERE)
        emitted += page.records if paginator.take(page) else []
    return paginator, emitted


@quick
@given(
    st.integers(0, 60),
    st.integers(1, 30),
    st.sampled_from([{}, {"total_path": "total"}, {"total_pages_path": "pages"}]),
    st.integers(0, 1),
    st.booleans(),
)
def test_every_record_comes_once_whatever_the_servers_cap(count, cap, signs, start, stop):
    """A server may give fewer records a page than asked for: none is lost or read twice."""
    rows = [{"id": number} for number in range(count)]

    def answer(params):
        size = min(cap, params["size"])
        at = (params["p"] - start) * size
        return {"items": rows[at : at + size], "total": count, "pages": -(-count // size)}

    raw = {"page_param": "p", "page_size_param": "size", "page_size": 20, "page_start": start}
    paginator, emitted = walked(style(**raw, **signs, stop_on_short_page=stop), answer)
    assert emitted == rows
    assert paginator.stop.complete
    assert not paginator.remarks


@quick
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_pages_of_any_length_are_all_read(lengths):
    """Short pages in the middle are no end, as long as only the empty page is one."""
    rows = iter(range(1000))
    pages = [[{"id": next(rows)} for _ in range(length)] for length in lengths] + [[]]
    _, emitted = walked(style(), lambda params: {"items": pages[params["page"] - 1]})
    assert emitted == [row for page in pages for row in page]


@pytest.mark.parametrize("start", [0, 1])
def test_the_first_page_is_named_too(start):
    """The first request names its page, be it 0."""
    request = Paginator(style(page_start=start)).place(Request("GET", "https://a.example"))
    assert request.params == {"page": start}


def test_the_next_page_is_one_further():
    """The next number follows from this one alone; asking twice gives it twice."""
    page = read_page("https://a.example", 200, {}, b'{"items": [{}]}', WHERE)
    assert [style().next(4, page), style().next(4, page)] == [5, 5]
