"""Style ``page_number``: it adds one, however long the pages are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import parse_path
from tests.support.settings import valid_style

quick = settings(max_examples=60)
WHERE = RecordSettings(records_path=parse_path("items"))


def style(**raw):
    return valid_style(style="page_number", **raw)


def read_all(made, respond):
    """Read all pages; ``respond`` returns a body for the parameters of a request."""
    paginator, emitted = Paginator(made), []
    while paginator.stop is None:
        request = paginator.place(Request("GET", "https://a.example"))
        content = json.dumps(respond(request.params)).encode()
        page = read_page("https://a.example", 200, {}, content, WHERE)
        emitted += [row for new in paginator.take(page) for row in new.records]
    return paginator, emitted


@quick
@given(
    st.integers(0, 60),
    st.integers(1, 30),
    st.sampled_from([{}, {"total_path": "total"}, {"total_pages_path": "pages"}]),
    st.integers(0, 1),
    st.booleans(),
)
def test_each_record_is_read_once_whatever_the_cap(count, cap, signs, start, stop):
    rows = [{"id": number} for number in range(count)]

    def respond(params):
        size = min(cap, params["size"])
        at = (params["p"] - start) * size
        return {"items": rows[at : at + size], "total": count, "pages": -(-count // size)}

    raw = {"page_param": "p", "page_size_param": "size", "page_size": 20, "page_start": start}
    paginator, emitted = read_all(style(**raw, **signs, stop_on_short_page=stop), respond)
    assert emitted == rows
    assert paginator.stop.complete
    assert not paginator.remarks


@quick
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_short_pages_do_not_stop_paging(lengths):
    rows = iter(range(1000))
    pages = [[{"id": next(rows)} for _ in range(length)] for length in lengths] + [[]]
    _, emitted = read_all(style(), lambda params: {"items": pages[params["page"] - 1]})
    assert emitted == [row for page in pages for row in page]


@pytest.mark.parametrize("start", [0, 1])
def test_first_page_number_is_sent(start):
    request = Paginator(style(page_start=start)).place(Request("GET", "https://a.example"))
    assert request.params == {"page": start}


def test_next_page_number_is_one_more():
    page = read_page("https://a.example", 200, {}, b'{"items": [{}]}', WHERE)
    assert [style().next(4, page), style().next(4, page)] == [5, 5]
