"""Style ``offset``: it advances by the number of records received."""

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
    return valid_style(style="offset", **raw)


def read_all(made, respond):
    """Read all pages; ``respond`` returns a body for the parameters of a request."""
    paginator, emitted, sent = Paginator(made), [], []
    while paginator.stop is None:
        request = paginator.place(Request("GET", "https://a.example"))
        sent.append(request.params)
        content = json.dumps(respond(request.params)).encode()
        page = read_page("https://a.example", 200, {}, content, WHERE)
        emitted += [row for new in paginator.take(page) for row in new.records]
    return paginator, emitted, sent


@quick
@given(
    st.integers(0, 60), st.lists(st.integers(1, 30), min_size=1), st.booleans(), st.integers(0, 1)
)
def test_each_record_is_read_once_whatever_the_page_lengths(count, caps, has_total, start):
    rows = [{"id": number} for number in range(count)]
    waiting = list(caps)

    def respond(params):
        at, cap = params["from"] - start, waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return {"items": rows[at : at + min(cap, params["limit"])], "total": count}

    made = style(
        offset_param="from",
        page_size_param="limit",
        page_size=20,
        page_start=start,
        **{"total_path": "total"} if has_total else {},
    )
    paginator, emitted, sent = read_all(made, respond)
    assert emitted == rows
    assert paginator.stop.complete
    assert not paginator.remarks
    assert sent[0] == {"limit": 20, "from": start}


@pytest.mark.parametrize("start", [0, 1, 7])
def test_first_offset_is_sent(start):
    request = Paginator(style(page_start=start)).place(Request("GET", "https://a.example"))
    assert request.params == {"offset": start}


def test_next_offset_is_offset_plus_records():
    page = read_page("https://a.example", 200, {}, b'{"items": [{}, {}, {}]}', WHERE)
    made = style(page_size=200)
    assert [made.next(10, page), made.next(10, page)] == [13, 13]


def test_offset_nests_in_the_body():
    made = style(params_in="body", offset_param="page.from", page_size_param="page.size")
    request = Paginator(made).place(
        Request("POST", "https://a.example", body={"page": {"sort": "id"}})
    )
    assert request.body == {"page": {"sort": "id", "from": 0, "size": 200}}
    assert request.params == {}
