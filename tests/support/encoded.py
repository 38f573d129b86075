"""Encoded pages, made by hand, for tests of single steps."""

from __future__ import annotations

from typing import Any

import msgspec

from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.encoded_page import EncodedPage

_OBJECT = dict[str, msgspec.Raw]


def page_of(*records: bytes, reads: str = "", **more: Any) -> EncodedPage:
    """Return a page of these records, of which steps read some fields."""
    rows = [msgspec.json.decode(record, type=_OBJECT) for record in records] if reads else []
    read = {name: [row.get(name, msgspec.UNSET) for row in rows] for name in reads.split()}
    return EncodedPage(as_list(records), records, members=read, **more)
