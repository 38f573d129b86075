"""The promise of paging: all records exactly once, or the read says that it is incomplete."""

from __future__ import annotations

from itertools import accumulate, groupby
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paging import PAGINATION, read_pages, sign_of

FOLLOWING = {"cursor", "next_url", "link_header"}
#: The settings of each sign of the end, and its value after so many of all pages and records.
SIGNS = {
    "none": ({}, lambda *_: {}),
    "total": ({"total_path": "n"}, lambda _at, _pages, records: {"n": records}),
    "pages": ({"total_pages_path": "n"}, lambda _at, pages, _records: {"n": pages}),
    "more": ({"has_more_path": "more"}, lambda at, pages, _: {"more": at < pages}),
    "absent": ({"has_more_path": "more"}, lambda at, pages, _: {"more": 1} if at < pages else {}),
    "last": ({"last_page_path": "last"}, lambda at, pages, _: {"last": at >= pages}),
}


class Server:
    """Serves pages in a style; past the end an empty page, or the last one again."""

    def __init__(self, style, pages, sign, *, repeats_last=False, is_scroll=False):
        self.style, self.pages, self.sign = style, pages, sign
        self.repeats_last, self.is_scroll = repeats_last, is_scroll
        self.starts = [0, *accumulate(map(len, pages))]
        self.requests = 0

    def __call__(self, request):
        query = {**dict(parse_qsl(urlsplit(request.url).query)), **request.params}
        at = self.requests if self.is_scroll else self._index(query)
        self.requests += 1
        is_past = at >= len(self.pages)
        rows = (
            self.pages[-1] if is_past and self.repeats_last else ([] if is_past else self.pages[at])
        )
        body = {"rows": rows, **self.sign(at + 1, len(self.pages), self.starts[-1])}
        token = "same" if self.is_scroll else str(at + 1)
        named = sign_of(self.style, token) if self.is_scroll or at + 1 < len(self.pages) else {}
        return {**body, **named.get("body", {})}, named.get("headers", {})

    def _index(self, query):
        if self.style == "page_number":
            return query["page"] - 1
        if self.style == "offset":
            # Past the end any offset leads to the last page.
            found = [n for n, start in enumerate(self.starts) if start == query["offset"]]
            return found[0] if found else len(self.pages)
        if self.style == "last_record":
            return query.get("after", -1) + 1
        return int(query.get("from", 0))


def rows_of(style, values):
    """Return pages of records; ``last_record`` needs the page's number in the last of each."""
    if style != "last_record":
        return [[{"v": value} for value in page] for page in values]
    return [[{"v": value, "id": n} for value in page] for n, page in enumerate(values)]


def longest_run(pages):
    return max(len(list(run)) for _, run in groupby(pages))


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("style", [style for style in PAGINATION if style != "none"])
@settings(max_examples=60)
@given(data=st.data())
def test_all_records_come_once_or_the_read_is_incomplete(style, sign, data):
    """Whatever the lengths of pages, with equal and empty ones, scrolls and repeated last pages."""
    is_following = style in FOLLOWING
    is_scroll = is_following and data.draw(st.booleans(), "scroll")
    may_be_empty = is_following and not is_scroll
    page = st.lists(st.integers(0, 1), min_size=0 if may_be_empty else 1, max_size=3)
    values = data.draw(st.lists(page, min_size=1, max_size=7), "pages")
    pages = rows_of(style, values)
    repeats = data.draw(st.booleans(), "repeats its last page")
    more, served = SIGNS[sign]
    if is_scroll and sign == "none" and longest_run(pages) > 1:
        return  # an equal page ends a scroll
    server = Server(style, pages, served, repeats_last=repeats, is_scroll=is_scroll)
    paginator, emitted = read_pages({**PAGINATION[style], **more}, server)
    everything = [row for page in pages for row in page]
    stop = paginator.stop
    assert emitted == everything or not stop.complete
    assert emitted == everything[: len(emitted)]
    assert server.requests <= len(pages) + 3
    if may_be_empty or (sign == "none" and not repeats and longest_run(pages) < 3):
        assert stop.complete
    if sign != "none" and not repeats:
        assert stop.complete
