"""Search the paging settings of a stream: a candidate counts if its second page was requested.

Requests go the way of a sync. Which candidates there are is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.extract.page_reader import PageReader
from tap_oauth2_generic.pagination import DEFAULT_STYLE, Paginator, Token
from tap_oauth2_generic.pagination.candidates import (
    Candidate,
    Parameters,
    by_number,
    candidates,
    ends,
    sizes,
    unproven,
)
from tap_oauth2_generic.pagination.none import NoPaging
from tap_oauth2_generic.pagination.signs import find_signs, says_more
from tap_oauth2_generic.parsing.guess_records import primary_key_candidates
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.limits import MAX_TRIALS

# Usual sizes of a page: a list of such a length may be the first page of several.
_ROUND = frozenset({10, 15, 20, 25, 30, 40, 50, 60, 100, 150, 200, 250, 500, 1000, 2000, 5000})
_KEPT = ("page_size", "page_size_param", "max_pages")
Sample = tuple[Slice, Page]


@dataclass
class PagingSearch:
    """Searches for a definition without paging; ``reader`` makes a reader for a definition.

    ``remarks`` say how sure the result is.
    """

    definition: Mapping[str, Any]
    reader: Callable[[Mapping[str, Any]], PageReader | None]
    remarks: list[str] = field(default_factory=list)
    _trials: int = 0
    _ignored: set[str] = field(default_factory=set)

    @property
    def configured(self) -> dict[str, Any]:
        """The paging settings that the user wrote."""
        return dict(self.definition.get("pagination") or {})

    def find(self, samples: list[Sample]) -> dict[str, Any]:
        """Return the paging settings that lead on from the first pages of some slices."""
        configured = self.configured
        is_paged = configured.get("style", DEFAULT_STYLE) != DEFAULT_STYLE
        if is_paged and self._is_right(samples):
            return configured
        params = Parameters.of(self.definition.get("method", "GET"), self.definition.get("body"))
        found = next(self._proven(samples, params), None)
        if found is None and is_paged:
            self.remarks.append("unsure of its pagination: no second page was found with it")
            return configured
        return self._unsure(samples, params) if found is None else found

    def _is_right(self, samples: list[Sample]) -> bool:
        """Return whether the configured paging leads to a second page, or rightly to none."""
        results = [self._read_two(self.configured, slice_) for slice_, _ in samples]
        if is_proven := any(len(pages) > 1 for pages in results):
            self._confirm(self.configured)
        return is_proven or all(results)

    def _proven(self, samples: list[Sample], params: Parameters) -> Iterator[dict[str, Any]]:
        """Yield settings with which a second page brought new records."""
        for slice_, page in samples:
            if may_go_on(page):
                signs = find_signs(page)
                tried = candidates(page, params, _key(page)) if signs else by_number([], params)
                yield from self._leading(tried, slice_, page, {})
        for slice_, page in samples[:1]:
            # All records may fit on one page; smaller ones show how the API goes on.
            for size in self._sizes(page, params):
                small = self._first({**size, "style": DEFAULT_STYLE}, slice_)
                if small is not None and 0 < small.length < page.length:
                    tried = candidates(small, params, _key(page))
                    yield from self._leading(tried, slice_, small, size)
                    break

    def _sizes(self, page: Page, params: Parameters) -> Iterable[Candidate]:
        if page.length < 2 or not find_signs(page):  # noqa: PLR2004 - there is no smaller page
            return []
        own = {name: self.configured[name] for name in _KEPT[1:2] if name in self.configured}
        size = {"page_size": page.length // 2}
        return [{**one, **size} for one in ([own] if own else sizes(page, params))]

    def _leading(
        self, tried: Iterable[Candidate], slice_: Slice, page: Page, size: Candidate
    ) -> Iterator[dict[str, Any]]:
        for candidate in tried:
            pages = self._two(self._merge({**candidate, **size}), slice_, page)
            if pages:
                final = self._merge({**candidate, **ends(candidate, *pages)})
                sure = len(self._read_two({**final, **size}, slice_)) > 1
                result = final if sure else self._merge(candidate)
                self._confirm(result)
                yield result

    def _merge(self, candidate: Candidate) -> dict[str, Any]:
        kept = {name: self.configured[name] for name in _KEPT if name in self.configured}
        return {"style": candidate["style"], **kept, **candidate}

    def _confirm(self, pagination: dict[str, Any]) -> None:
        self.remarks.append(
            f"tried: with style {pagination['style']} a second page has new records"
        )

    def _unsure(self, samples: list[Sample], params: Parameters) -> dict[str, Any]:
        """Return what fits but could not be tried, {} if nothing does; remark on it."""
        for _, page in samples:
            for candidate in () if may_go_on(page) else unproven(page, params):
                self.remarks.append(
                    "unsure of the pagination: no page was found that has a next one; compare it "
                    "with the API documentation"
                )
                return self._merge(candidate)
        signs = [sign for _, page in samples for sign in find_signs(page)]
        more = (s.place for _, p in samples for s in find_signs(p) if says_more(s, 1, p.length))
        if place := next(more, None):
            self.remarks.append(
                f"unsure how to page: {place!r} says that more follows, but no parameter that was "
                "tried leads to it; look it up in the API documentation"
            )
        else:
            known = "shows no second page" if signs else "has no sign of pages"
            self.remarks.append(
                f"unsure whether it is paged: the response {known}; if there may be more records, "
                "look up the paging parameter in the API documentation"
            )
        return {}

    def _two(self, pagination: dict[str, Any], slice_: Slice, page: Page) -> list[Page]:
        """Return a page and the next one, if that has new records and comes right after it."""
        reader = self.reader({**self.definition, "pagination": pagination})
        if reader is None:
            return []
        style = reader.stream.settings.pagination
        if self._trials >= MAX_TRIALS or style.token_param in self._ignored:
            return []
        paginator, is_counted = Paginator(style), style.first() is not None
        paginator.take(page)
        second = None if paginator.stop else self._fetch(reader, slice_, paginator.token)
        if second is None or not second.length:
            return []
        if second.repeats(page):
            self._ignored |= {style.token_param} if is_counted else set()
            return []
        paginator.take(second)
        if not _is_fine(paginator) or not _follows(second, page):
            return []
        if is_counted:
            # Counted from another number, the first page would be another one.
            first = self._first(pagination, slice_)
            if first is None or _names(first)[:1] != _names(page)[:1]:
                return []
        return [page, second]

    def _read_two(self, pagination: dict[str, Any], slice_: Slice) -> list[Page]:
        """Read two pages as a sync does; return those read, none if anything was wrong."""
        reader = self.reader({**self.definition, "pagination": pagination})
        if reader is None:
            return []
        paginator, pages = Paginator(reader.stream.settings.pagination), list[Page]()
        while paginator.stop is None and len(pages) < 2:  # noqa: PLR2004 - see its name
            page = self._fetch(reader, slice_, paginator.token)
            if page is None or (pages and page.repeats(pages[0])):
                return []
            paginator.take(page)
            pages.append(page)
        return [page for page in pages if page.length] or pages[:1] if _is_fine(paginator) else []

    def _first(self, pagination: dict[str, Any], slice_: Slice) -> Page | None:
        reader = self.reader({**self.definition, "pagination": pagination})
        if reader is None:
            return None
        return self._fetch(reader, slice_, reader.stream.settings.pagination.first())

    def _fetch(self, reader: PageReader, slice_: Slice, token: Token) -> Page | None:
        self._trials += 1
        try:
            response = reader.fetch(slice_, token, self._trials, is_guess=True)
            return next(iter(reader.take(slice_, response, Paginator(NoPaging())))).page
        except TapError:
            return None


def may_go_on(page: Page) -> bool:
    """Return whether more may follow a page: a sign says so, or it is as long as full pages."""
    signs = find_signs(page)
    is_full = any(sign.kind == "size" and sign.value == page.length for sign in signs)
    return is_full or page.length in _ROUND or any(says_more(s, 1, page.length) for s in signs)


def _is_fine(paginator: Paginator) -> bool:
    return paginator.stop is None or paginator.stop.complete


def _follows(second: Page, first: Page) -> bool:
    """Return whether no record of the second page is on the first one."""
    seen = _names(first)
    return len(set(seen)) < len(seen) or set(seen).isdisjoint(_names(second, _key(first)))


def _key(page: Page) -> str | None:
    return next(iter(primary_key_candidates(page.records)), None)


def _names(page: Page, key: str | None = None) -> list[bytes]:
    """Return what identifies the records of a page: their key, or all their fields."""
    key = key or _key(page)
    return [encode_json(row.get(key, row) if key else row) for row in page.records]
