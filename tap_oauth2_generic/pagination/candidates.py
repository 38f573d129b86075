"""Paging settings that the signs in a response suggest, the most certain first.

Each is to be tried: which parameter an API takes is guessed from usual names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.pagination.signs import ENDS, Sign, find_signs, says_more
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.paths import flatten

CURSORS = (
    "cursor", "after", "page_token", "pageToken", "start_cursor", "starting_after", "page[cursor]",
    "page[after]", "next_token", "pagination_token", "token", "continuation",
    "continuationToken", "marker", "next", "cursorMark", "scroll_id", "stream_position",
    "offset", "start", "page",
)  # fmt: skip
PAGES = (
    "page", "pageNumber", "page_number", "pageIndex", "pageNo", "p", "page[number]", "currentPage",
    "searchCriteria[currentPage]", "_page",
)  # fmt: skip
OFFSETS = (
    "offset", "skip", "start", "startAt", "from", "$skip", "startIndex", "start_index",
    "page[offset]",
)  # fmt: skip
LAST_RECORD = ("starting_after", "after", "after_id", "since_id", "last_id", "cursor", "from_id")
SIZES = (
    "limit", "per_page", "page_size", "pageSize", "size", "maxResults", "$top", "count", "perPage",
    "page[size]", "rows", "max_results", "first",
)  # fmt: skip

_ENDS = (
    ("more", "has_more_path"),
    ("last", "last_page_path"),
    ("pages", "total_pages_path"),
    ("total", "total_path"),
)

Candidate = dict[str, Any]


@dataclass(frozen=True)
class Parameters:
    """Where a request may carry paging parameters: in its query, or also in its body."""

    method: str
    body: Any

    def spell(self, setting: str, names: Sequence[str]) -> Iterator[Candidate]:
        """Yield the setting with each name in each place; GraphQL has its declared variables."""
        prefixes, takes_query = [], True
        body = {} if self.body is None else self.body
        if self.method != "GET" and isinstance(body, dict):
            query = body.get("query")
            if isinstance(query, str) and "{" in query:
                declared = re.findall(r"\$(\w+)\s*:", query)
                names = [v for name in names for v in declared if flatten(v) == flatten(name)]
                prefixes, takes_query = ["variables."], False
            else:
                holders = [name for name, member in body.items() if isinstance(member, dict)]
                holders = [name for name in holders if re.search("(?i)pag|cursor", name)]
                prefixes = [*(f"{name}." for name in holders), ""]
        names = list(dict.fromkeys(names))
        for prefix in prefixes:
            yield from ({setting: prefix + name, "params_in": "body"} for name in names)
        if takes_query:
            yield from ({setting: name} for name in names)


def candidates(page: Page, params: Parameters, key: str | None) -> Iterator[Candidate]:
    """Yield settings that may lead from a page to the next one; ``key`` identifies records."""
    signs = find_signs(page)
    more = [sign for sign in signs if says_more(sign, 1, page.length)]
    yield from _by_token(more, params)
    for sign in signs:
        if sign.kind == "start" and sign.value not in {0, 1}:
            # The offset of the next page, or an ID.
            yield from _by_cursor(sign, params)
    has_flag = any(sign.kind in {"more", "last"} for sign in more)
    by_record = _by_last_record(page, params, key if has_flag else None)
    is_counted = any(sign.kind in {"page", "start", "pages", "total"} for sign in signs)
    tried = [by_number(signs, params), by_record]
    yield from chain(*(tried if is_counted else reversed(tried)))


def fallbacks(page: Page, params: Parameters) -> Iterator[Candidate]:
    """Yield settings for a page that names a next page, if only as null, or counts pages."""
    signs = find_signs(page)
    yield from _by_token([sign for sign in signs if sign.value in ENDS], params)
    if any(sign.kind in {"page", "start"} for sign in signs):
        named = [s for s in signs if not s.is_header and (s.kind != "total" or "total" in s.place)]
        found = ({setting: s.place} for kind, setting in _ENDS for s in named if s.kind == kind)
        yield {**next(by_number(signs, params)), **next(found, {})}


def by_number(signs: Sequence[Sign], params: Parameters) -> Iterator[Candidate]:
    """Yield styles that count pages or records; the response's own names and numbers come first."""
    page, start = (next((s for s in signs if s.kind == k), None) for k in ("page", "start"))
    by_page = ("page_number", page, "page_param", PAGES, 1)
    by_offset = ("offset", start, "offset_param", OFFSETS, 0)
    for style, sign, setting, names, usual in (
        (by_offset, by_page) if page is None and start else (by_page, by_offset)
    ):
        first = sign.value if sign is not None and sign.value in {0, 1} else usual
        for named in params.spell(setting, [*own_names(sign), *names]):
            for number in (first, 1 - first):
                at = {} if number == usual else {"page_start": number}
                yield {"style": style, **named, **at}


def sizes(page: Page, params: Parameters) -> Iterator[Candidate]:
    """Yield parameters that may carry the page size, the response's own names first."""
    own = [_last(sign.place) for sign in find_signs(page) if sign.kind == "size"]
    yield from params.spell("page_size_param", [*own, *SIZES])


def ends(candidate: Candidate, first: Page, second: Page) -> Candidate:
    """Return the sign of the end that suits a style, by two pages of which the first goes on.

    A counted style needs one if the API refuses pages past the last; a token ends by itself.
    """
    before = {sign.place: sign for sign in find_signs(first) if says_more(sign, 1, first.length)}
    both = [s for s in find_signs(second) if s.place in before and not s.is_header]
    is_counted = candidate["style"] in {"page_number", "offset"}
    for kind, setting in _ENDS[: None if is_counted else 2]:
        for sign in both:
            is_flag = kind in {"more", "last"}
            if sign.kind == kind and (is_flag or sign.value == before[sign.place].value):
                return {setting: sign.place}
    return {}


def _by_token(signs: Sequence[Sign], params: Parameters) -> Iterator[Candidate]:
    for sign in signs:
        if sign.kind == "link":
            yield {"style": "link_header"}
        elif sign.kind == "url":
            yield {"style": "next_url", "next_url_path": sign.place}
    # A cursor whose name says that it is the next one comes first, then one that is no number.
    cursors = [sign for sign in signs if sign.kind == "cursor"]
    for sign in sorted(cursors, key=lambda s: (s.is_weak, isinstance(s.value, int))):
        yield from _by_cursor(sign, params)
    for sign in signs:
        if sign.kind == "url":
            # A link whose address cannot be requested may hold a cursor that can be.
            for name, _ in parse_qsl(urlsplit(str(sign.value)).query):
                pattern = f"[?&]{re.escape(name)}=([^&]+)"
                found = {"cursor_path": sign.place, "cursor_pattern": pattern}
                yield {"style": "cursor", **found, "cursor_param": name}


def _by_cursor(sign: Sign, params: Parameters) -> Iterator[Candidate]:
    place = {"cursor_header" if sign.is_header else "cursor_path": sign.place}
    usual = CURSORS if isinstance(sign.value, str) else reversed(CURSORS)
    for named in params.spell("cursor_param", [*own_names(sign), *usual]):
        yield {"style": "cursor", **place, **named}


def _by_last_record(page: Page, params: Parameters, key: str | None) -> Iterator[Candidate]:
    last = page.last_record or {}
    if isinstance(last.get("sort"), list):
        for named in params.spell("cursor_param", ["search_after"]):
            yield {"style": "last_record", "last_record_path": "sort", **named}
    if key is not None:
        for named in params.spell("cursor_param", LAST_RECORD):
            yield {"style": "last_record", "last_record_path": key, **named}


def own_names(sign: Sign | None) -> list[str]:
    """Return parameter names like that of a sign: ``nextPageToken`` may be ``pageToken``."""
    if sign is None:
        return []
    name = _last(sign.place)
    if sign.is_header:
        name = re.sub(r"^(x-)?(ms-)?", "", name.lower()).replace("-", "_")
    bare = re.sub(r"^_*(next|current|end)[_-]?(?=.)", "", name)
    camel = re.sub(r"[-_](.)", lambda match: match[1].upper(), bare)
    return list(dict.fromkeys([bare[:1].lower() + bare[1:], name, camel]))


def _last(place: str) -> str:
    return place.rpartition(".")[2].strip("'")
