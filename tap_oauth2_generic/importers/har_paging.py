"""How requests page, as seen in two of them: which parameter moved, and where from; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.importers.har_entries import Entry
from tap_oauth2_generic.pagination.base import join_link
from tap_oauth2_generic.pagination.candidates import LAST_RECORD, OFFSETS, PAGES, SIZES, ends
from tap_oauth2_generic.pagination.signs import find_signs
from tap_oauth2_generic.parsing.guess_records import containers
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.limits import MAX_PAGE_SIZE
from tap_oauth2_generic.settings.paths import flatten, join_keys
from tap_oauth2_generic.settings.templates import as_text

_PAGES, _OFFSETS, _SIZES, _LAST = (
    {*map(flatten, names)} for names in (PAGES, OFFSETS, SIZES, LAST_RECORD)
)
# A shorter value may be anywhere in a response by chance.
_SHORTEST_CURSOR = 4
_DIGITS = 12


def seen_paging(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Return the settings that lead from one entry to a later one, None if none do."""
    for first, second in combinations(entries, 2):
        is_same = urlsplit(first.page.url).path == urlsplit(second.page.url).path
        if not is_same or not second.page.length or second.page.repeats(first.page):
            continue
        found = _by_link(first, second) or _by_parameter(first, second, entries)
        if found:
            sized = _size(first) if found["style"] not in {"next_url", "link_header"} else {}
            return {**found, **sized, **ends(found, first.page, second.page)}
    return None


def doubt_pages(pagination: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    """Return what is unsure of pages that were seen to be counted, empty if nothing is."""
    if pagination["style"] != "page_number":
        return ""
    name = pagination["page_param"]
    if not _is_page(name):
        return f"{name!r} counts as a page number does, but may be a filter"
    values = [parameters(one).get(name) for one in entries]
    is_sure = not {None, "0", "1"}.isdisjoint(values)
    return "" if is_sure else f"{name!r} may begin at 0 or 1; page_start is 1"


def parameters(entry: Entry) -> dict[str, str]:
    """Return what a request carries, by the names that paging settings have for it."""
    found = {n: v for n, v in entry.request.params.items() if not isinstance(v, list)}
    body = entry.graphql or (entry.request.body if entry.request.method != "GET" else None)
    return {**found, **dict(_members(body, ""))}


def is_in_body(entry: Entry, name: str) -> bool:
    """Return whether a parameter is one of the body."""
    return name not in entry.request.params


def _members(body: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in body.items() if isinstance(body, Mapping) else ():
        if isinstance(value, Mapping):
            yield from _members(value, f"{prefix}{name}.")
        elif not isinstance(value, list | bool) and value is not None:
            yield prefix + name, as_text(value)


def _by_link(first: Entry, second: Entry) -> dict[str, Any] | None:
    for sign in find_signs(first.page):
        if sign.kind in {"url", "link"} and isinstance(sign.value, str):
            try:
                is_next = _parts(join_link(first.page, sign.value)) == _parts(second.page.url)
            except (ResponseError, ValueError):
                continue
            if is_next and sign.kind == "link":
                return {"style": "link_header"}
            if is_next:
                return {"style": "next_url", "next_url_path": sign.place}
    return None


def _flat(name: str) -> str:
    return flatten(name.rpartition(".")[2])


def _is_page(name: str) -> bool:
    return _flat(name) in _PAGES or "page" in _flat(name)


def _parts(url: str) -> tuple[Any, ...]:
    parts = urlsplit(url)
    return parts.netloc, parts.path, sorted(parse_qsl(parts.query))


def _by_parameter(first: Entry, second: Entry, all_: Sequence[Entry]) -> dict[str, Any] | None:
    before, after = parameters(first), parameters(second)
    moved = [name for name in after if after[name] != before.get(name)]
    if len(moved) != 1 or before.keys() - after.keys():
        return None
    name = moved[0]
    if _flat(name) in _SIZES - _OFFSETS:
        # More was asked for, which leads nowhere.
        return None
    counted = _by_count(name, before.get(name), after[name], first.page.length, all_)
    last = _by_last_record(name, after[name], first.page)
    if last and _flat(name) in _LAST:
        # The number of an ID, which may be further on by as much as there are records.
        counted = None
    tried = (
        # What the first request sends may be required.
        counted if name in before else None,
        _by_cursor(name, after[name], first.page, signs_only=True),
        counted,
        _by_cursor(name, after[name], first.page, signs_only=False),
        last,
    )
    found = next((one for one in tried if one), None)
    own = {"params_in": "body"} if is_in_body(second, name) else {}
    return found and {**found, **own}


def _by_cursor(name: str, value: str, page: Page, *, signs_only: bool) -> dict[str, Any] | None:
    signs = [sign for sign in find_signs(page) if sign.kind == "cursor"]
    for sign in sorted(signs, key=lambda one: one.is_weak):
        if as_text(sign.value) == value:
            place = "cursor_header" if sign.is_header else "cursor_path"
            return {"style": "cursor", place: sign.place, "cursor_param": name}
    if signs_only or len(value) < _SHORTEST_CURSOR:
        return None
    for keys, holder in containers(page.body, {id(record) for record in page.records}):
        for key, member in holder.items() if isinstance(holder, dict) else ():
            if isinstance(member, str | int) and as_text(member) == value:
                path = join_keys((*keys, key))
                return {"style": "cursor", "cursor_path": path, "cursor_param": name}
    header = next((one for one, found in page.headers.items() if found == value), None)
    return {"style": "cursor", "cursor_header": header, "cursor_param": name} if header else None


def _by_count(
    name: str, before: str | None, after: str, length: int, all_: Sequence[Entry]
) -> dict[str, Any] | None:
    start, end, own = _number(before or "0"), _number(after), _flat(name)
    if start is None or end is None:
        return None
    seen = [n for one in all_ if (n := _number(parameters(one).get(name, ""))) is not None]
    if end - start == length and (length > 1 or own in _OFFSETS):
        at = {"page_start": 1} if min(seen) == 1 else {}
        return {"style": "offset", "offset_param": name, **at}
    # A year counts, too.
    if start > 1 and not _is_page(name):
        return None
    # Without the parameter it is the first page: 2, or 1 where pages count from 0.
    if (before is None and end in {1, 2}) or (before is not None and end - start == 1):
        is_zero = (end == 1) if before is None else min(seen) == 0
        return {
            "style": "page_number",
            "page_param": name,
            **({"page_start": 0} if is_zero else {}),
        }
    return None


def _by_last_record(name: str, value: str, page: Page) -> dict[str, Any] | None:
    for key, member in (page.last_record or {}).items():
        if isinstance(member, str | int) and as_text(member) == value:
            return {"style": "last_record", "last_record_path": key, "cursor_param": name}
    return None


def _size(entry: Entry) -> dict[str, Any]:
    for name, value in parameters(entry).items():
        if _flat(name) in _SIZES and _number(value) == entry.page.length <= MAX_PAGE_SIZE:
            return {"page_size_param": name, "page_size": entry.page.length}
    return {}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
