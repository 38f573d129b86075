"""What the responses of one pass say about its end: totals, flags and the Link header.

Decides nothing about tokens, and nothing about empty or repeated pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.pagination.base import NO_NEXT_PAGE, PagingStyle
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.runtime.timestamps import read_number
from tap_oauth2_generic.settings.paths import MISSING, Path

_FALSE_WORDS = {"false", "0", "no", "n", ""}


@dataclass
class EndSigns:
    """The signs that a style's settings name, as of the page noted last.

    ``more``: a flag says that more pages follow. ``is_silent``: ``has_more_path`` has found
    nothing so far, so that it may be wrong. ``remarks`` are warnings for the user.
    """

    style: PagingStyle
    remarks: list[str] = field(default_factory=list)
    more: bool = False
    total: int | None = None
    total_pages: int | None = None
    _has_more_seen: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether ``has_more_path`` is set and was in no response."""
        return self.style.has_more_path is not None and not self._has_more_seen

    def note(self, page: Page, *, is_first: bool) -> str | None:
        """Note the signs of a page; return the one that makes it the last, if there is one."""
        style, self.more = self.style, False
        self._note_total(page, is_first=is_first)
        if style.total_pages_path:
            self.total_pages = _integer_at(style.total_pages_path, page)
        flags = (style.has_more_path, style.last_page_path)
        has_more, is_last = (MISSING if path is None else path.find(page.body) for path in flags)
        self._has_more_seen |= has_more is not MISSING
        # Absent is false, unless no response had it: then it may be misspelled.
        if self._has_more_seen and not _is_true(has_more):
            return "has_more_path says there are no more pages"
        if _is_true(is_last):
            return "last_page_path says there are no more pages"
        self.more = _is_true(has_more) or (is_last is not MISSING and is_last is not None)
        return NO_NEXT_PAGE if page.is_last_by_link else None

    def ending_total(self, records: int, pages: int) -> str | None:
        """Return the total that was reached, None if there is none."""
        if self.total is not None and records >= self.total:
            return "total_path was reached"
        if self.total_pages and 0 < self.total_pages <= pages:
            return "total_pages_path was reached"
        return None

    def known_pages(self, length: int) -> int | None:
        """Return how many pages of a length there are, None if no total says so."""
        if self.total_pages or not self.total or not length:
            return self.total_pages
        return -(-self.total // length)

    def exceed(self, records: int, pages: int) -> bool:
        """Return whether a flag or total says that more follows what was read."""
        beyond = (self.total or 0) > records or (self.total_pages or 0) > pages
        return self.more or beyond

    def pages_to_come(self, records: int, pages: int, length: int) -> int:
        """Estimate how many pages follow one of a length, at least 1.

        Without a known total, as many as were read: a stream of one page must not cost eight
        requests. A first page of full size promises any number.
        """
        if not length:
            return 1
        known = []
        if self.total is not None:
            known.append(-(-(self.total - records) // length))
        if self.total_pages is not None:
            known.append(self.total_pages - pages)
        if not known and not self.style.is_full(length):
            known.append(pages)
        if self.style.max_pages:
            known.append(self.style.max_pages - pages)
        return max(min(known, default=10**9), 1)

    def _note_total(self, page: Page, *, is_first: bool) -> None:
        path = self.style.total_path
        if path is None or (self.total is None and not is_first):
            return
        total = _integer_at(path, page)
        if total is not None and total >= page.length:
            # A total that shrinks meanwhile says nothing of what is still to come.
            self.total = max(total, self.total or 0)
        elif is_first:
            low = f"says {total}, but the first page has {page.length} records"
            reason = "finds no integer" if total is None else low
            self.remarks.append(f"ignoring total_path {path.text!r}: it {reason}")


def _is_true(found: Any) -> bool:
    return found.strip().lower() not in _FALSE_WORDS if isinstance(found, str) else bool(found)


def _integer_at(path: Path, page: Page) -> int | None:
    found = path.find(page.body)
    number = read_number(page.headers.get(path.text) if found is MISSING else found)
    return int(number) if number is not None and number.is_integer() else None
