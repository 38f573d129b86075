"""Search the paging settings of a stream: a candidate counts if its second page was requested.

Requests go the way of a sync. Which candidates there are is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.extract.page_reader import PageReader
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.pagination import DEFAULT_STYLE, Paginator
from tap_oauth2_generic.pagination.candidates import (
    Candidate,
    Parameters,
    by_number,
    candidates,
    ends,
    fallbacks,
    sizes,
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
_LIMITED = "status 429"
_UNKNOWN = "look up the paging parameter in the API documentation"
Sample = tuple[Slice, Page]


@dataclass
class PagingSearch:
    """Searches for the paging of a definition; ``reader`` makes a reader for a definition.

    ``remarks`` say how sure the result is.
    """

    definition: Mapping[str, Any]
    reader: Callable[[Mapping[str, Any]], PageReader | None]
    remarks: list[str]
    _requests: int = 0
    _ignored: set[str] = field(default_factory=set)

    @property
    def configured(self) -> dict[str, Any]:
        """The paging settings that the user wrote."""
        return dict(self.definition.get("pagination") or {})

    def find(self, samples: list[Sample]) -> dict[str, Any]:
        """Return the paging settings that lead on from the first pages of some slices."""
        query, method = self.definition.get("graphql"), self.definition.get("method", "GET")
        params = Parameters("POST" if query else method, query or self.definition.get("body"))
        configured = self.configured
        is_paged = configured.get("style", DEFAULT_STYLE) != DEFAULT_STYLE
        read = [len(self._try(configured, slice_)) for slice_, _ in samples] if is_paged else [0]
        if max(read) == 1 and all(read):
            return configured
        result = configured if max(read) > 1 else next(self._search(samples, params), None)
        if result:
            style = result["style"]
            self.remarks.append(f"tried: style {style} leads to a second page, of new records")
            return result
        if is_paged:
            self.remarks.append("unsure of its pagination: no second page was found with it")
            return configured
        return self._unsure(samples, params) or configured

    def _search(self, samples: list[Sample], params: Parameters) -> Iterator[dict[str, Any]]:
        """Yield settings with which a second page brought new records."""
        for slice_, page in samples:
            signs = find_signs(page)
            if may_go_on(page) or any(sign.kind in {"page", "start"} for sign in signs):
                tried = candidates(page, params, _key(page)) if signs else by_number([], params)
                yield from self._leading(tried, slice_, page, {})
        slice_, page = samples[0]
        # All records may fit on one page; smaller ones show how the API goes on.
        half, own = page.length // 2, self.configured.get("page_size_param")
        named = [{"page_size_param": own}] if own else sizes(page, params)
        for size in ({**one, "page_size": half} for one in named if half and find_signs(page)):
            small = self._try({**size, "style": DEFAULT_STYLE}, slice_)
            if small and 0 < small[0].length < page.length:
                tried = candidates(small[0], params, _key(page))
                yield from self._leading(tried, slice_, small[0], size)
                break

    def _leading(
        self, tried: Iterable[Candidate], slice_: Slice, page: Page, size: Candidate
    ) -> Iterator[dict[str, Any]]:
        for candidate in tried:
            pages = self._try(self._merge({**candidate, **size}), slice_, page)
            if len(pages) > 1:
                final = self._merge({**candidate, **ends(candidate, *pages)})
                is_sure = len(self._try({**final, **size}, slice_)) > 1
                yield final if is_sure else self._merge(candidate)

    def _merge(self, candidate: Candidate) -> dict[str, Any]:
        kept = {name: self.configured[name] for name in _KEPT if name in self.configured}
        return {"style": candidate["style"], **kept, **candidate}

    def _unsure(self, samples: list[Sample], params: Parameters) -> dict[str, Any]:
        """Return what fits but could not be tried, {} if nothing does; remark on it."""
        pages = [page for _, page in samples]
        found = (c for page in pages if not may_go_on(page) for c in fallbacks(page, params))
        if candidate := next(found, None):
            self.remarks.append("unsure of the pagination: no page was found that has a next one")
            return self._merge(candidate)
        signs = [(sign, page.length) for page in pages for sign in find_signs(page)]
        places = (sign.place for sign, length in signs if says_more(sign, 1, length))
        if place := next(places, None):
            said = f"how to page: {place!r} says that more follows, but nothing tried leads on"
        else:
            known = "shows no second page" if signs else "has no sign of pages"
            said = f"whether there are more pages: the response {known}"
        self.remarks.append(f"unsure {said}; {_UNKNOWN}")
        return {}

    def _try(
        self, pagination: dict[str, Any], slice_: Slice, first: Page | None = None
    ) -> list[Page]:
        """Return the first two pages as a sync reads them, or the only one.

        Return none if the first page is not ``first``, or the second does not go on from it.
        """
        reader = self.reader({**self.definition, "pagination": pagination})
        if reader is None or self._requests >= MAX_TRIALS:
            return []
        style = reader.stream.settings.pagination
        paginator, pages = Paginator(style), list[Page]()
        is_counted = style.first() is not None
        while paginator.stop is None and len(pages) < 2:  # noqa: PLR2004 - see its name
            if is_counted and style.token_param in self._ignored:
                return []
            is_known = first is not None and not is_counted and not pages
            page = first if is_known else self._fetch(reader, slice_, paginator)
            before = pages[0] if pages else first
            if page is None or (before and not pages and _names(page)[:1] != _names(before)[:1]):
                return []
            if pages and not _follows(page, pages[0]):
                if is_counted and page.repeats(pages[0]):
                    self._ignored.add(style.token_param)
                return []
            paginator.take(page)
            pages.append(page)
        if paginator.stop and not paginator.stop.complete:
            return []
        return [page for page in pages if page.length] or pages[:1]

    def _fetch(self, reader: PageReader, slice_: Slice, paginator: Paginator) -> Page | None:
        self._requests += 1
        number = paginator.pages + 1
        try:
            response = reader.fetch(slice_, paginator.token, number, is_guess=True)
        except TapError as error:
            if _LIMITED not in str(error):
                return None
            response = reader.fetch(slice_, paginator.token, number)
        return page_of(reader, slice_, response)


def page_of(reader: PageReader, slice_: Slice, response: Response) -> Page | None:
    """Return the page of a response, None if it cannot be read."""
    try:
        return next(iter(reader.take(slice_, response, Paginator(NoPaging())))).page
    except TapError:
        return None


def may_go_on(page: Page) -> bool:
    """Return whether more may follow a page: a sign says so, or it is as long as full pages."""
    signs = find_signs(page)
    is_full = any(sign.kind == "size" and sign.value == page.length for sign in signs)
    return is_full or page.length in _ROUND or any(says_more(s, 1, page.length) for s in signs)


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
