"""A person fills in the list block of each paging style, and all rows are read."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.pagination import styles
from tests.support.chromium import require_chromium

require_chromium()

ROWS = [{"id": number} for number in range(1, 8)]
#: What is typed for each style, by the names of the hosted connector where it has one.
BLOCKS = {
    "none": {},
    "page_number": {"Page Number Field Name": "page", "Page Start": "1"},
    "offset": {"Offset Field Name": "offset", "Page Start": "0"},
    "cursor": {"Json Path For Cursor": "next", "Output Name For Cursor Token": "from"},
    "next_url": {"Json Path For Next URL": "url"},
    "link_header": {},
    "last_record": {
        "Json Path For Last Record Value": "id",
        "Output Name For Cursor Token": "after",
    },
}


@pytest.fixture
def served(paged_api, write, request):
    """Seven rows in pages of two, behind a connection without a stream."""
    api = paged_api(ROWS, style=request.param, cap=2)
    write({**api.config(), "streams": []}, secret=None)
    return api


@pytest.mark.parametrize(
    ("served", "style"), [(style, style) for style in styles()], indirect=["served"]
)
def test_each_list_block_reads_all_rows(served, page, style):
    page.follow("Streams")
    page.type("Name of a new stream", "items")
    page.press("Add")
    page.has("Stream items")
    page.type("Json Path For Output Records", "rows")
    page.type("List block", style)
    for label, text in BLOCKS[style].items():
        page.type(label, text)
    page.press("Test read")
    page.has("read: 7 records of ")
    page.press("Paging")
    page.has("; ended: ")
    shown = page.driver.find_element("id", "read_records").get_attribute("textContent")
    assert all(f"id {row['id']}\n" in shown for row in ROWS)
