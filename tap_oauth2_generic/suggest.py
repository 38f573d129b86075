"""What an answer looks like: where its records may be, how it may page, what may identify them.

Pure guesses for a person to check; a sync never guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.instants import is_date_time

if TYPE_CHECKING:
    from tap_oauth2_generic.page import Page

_DEEPEST = 3
_CURSOR_PARAMS = {
    "nextpagetoken": "pageToken",
    "next_page_token": "page_token",
    "next_cursor": "cursor",
    "nextcursor": "cursor",
    "endcursor": "after",
    "end_cursor": "after",
    "after": "after",
    "cursor": "cursor",
    "next": "cursor",
    "continuation": "continuation",
    "continuationtoken": "continuationToken",
}
_OFFSETS, _PAGES = ("startat", "offset", "start", "skip"), ("page", "current_page", "page_number")
_SIZES = ("maxresults", "limit", "per_page", "page_size", "pagesize", "count")
_TOTALS = ("total", "totalresults", "total_count", "totalcount", "count")
_TOTAL_PAGES = ("total_pages", "totalpages", "last_page", "page_count", "pages")
_HAS_MORE = ("has_more", "hasmore", "more_records", "more", "has_next", "hasnext", "has_next_page")
_CHANGED = ("updated", "modified", "changed", "last_update", "lastmodified")


@dataclass
class Suggestion:
    """A stream definition that fits an answer, and what to check about it."""

    settings: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def suggest(page: Page) -> Suggestion:
    """Look at a whole answer that was fetched without paging."""
    made = Suggestion()
    path, records = _records(page.body)
    if path != "$":
        made.settings["records_path"] = path
    pagination = _pagination(page, len(records), made.remarks)
    if pagination["style"] != "none":
        made.settings["pagination"] = pagination
    rows = [record for record in records if isinstance(record, dict)]
    if keys := primary_key_candidates(rows):
        made.settings["primary_keys"] = keys[:1]
    if changed := replication_key_candidates(rows):
        made.settings["replication_key"] = changed[0]
        made.remarks.append(
            f"{changed[0]!r} looks like the time of the last change; if a parameter filters by "
            "it, set incremental.start_param to that"
        )
    return made


def primary_key_candidates(records: list[dict[str, Any]]) -> list[str]:
    """Name the fields that have another plain value in every record, the likeliest first."""
    if not records:
        return []
    found = []
    for name in records[0]:
        values = [record.get(name) for record in records]
        plain = all(isinstance(v, str | int) and not isinstance(v, bool) for v in values)
        if plain and len(set(values)) == len(values) and not is_date_time(str(values[0])):
            found.append(name)
    likely = [name for name in found if _flat(name) in {"id", "key", "uuid", "guid", "gid"}]
    likely += [name for name in found if name not in likely and _flat(name).endswith("id")]
    return likely or found[:1]


def replication_key_candidates(records: list[dict[str, Any]]) -> list[str]:
    """Name the fields that hold a time in every record, those of a change first."""
    times = [
        name
        for name in (records[0] if records else {})
        if all(isinstance(v := r.get(name), str) and is_date_time(v) for r in records)
    ]
    return sorted(times, key=lambda name: not any(word in _flat(name) for word in _CHANGED))


def _flat(name: str) -> str:
    return name.lower().replace("-", "_")


def _records(body: Any) -> tuple[str, list[Any]]:
    """Give the path of the longest list, the outermost of equals."""
    if isinstance(body, list):
        return "$", body
    lists = [(path, value) for path, value in _walk(body) if isinstance(value, list)]
    of_objects = [entry for entry in lists if entry[1] and isinstance(entry[1][0], dict)]
    if best := max(of_objects or lists, key=lambda entry: len(entry[1]), default=None):
        return best
    return "$", [body] if isinstance(body, dict) else []


def _walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Give every value of nested objects with its path, the outer ones first."""
    if not isinstance(value, Mapping) or len(path) >= _DEEPEST:
        return
    for name, member in value.items():
        yield ".".join(f"'{key}'" if "." in key else key for key in (*path, name)), member
    for name, member in value.items():
        yield from _walk(member, (*path, name))


def _pagination(page: Page, count: int, remarks: list[str]) -> dict[str, Any]:
    if page.next_link:
        return {"style": "link_header"}
    found = dict(_walk(page.body))
    names = {_flat(path.split(".")[-1].strip("'")): path for path in reversed(found)}
    return (
        _by_url(found)
        or _by_cursor(found, remarks)
        or _by_last_record(page, found, names)
        or _by_number(found, names, count, remarks)
        or {"style": "none"}
    )


def _by_url(found: Mapping[str, Any]) -> dict[str, Any] | None:
    for path, value in found.items():
        is_address = isinstance(value, str) and value.startswith(("http://", "https://", "/", "?"))
        if "next" in path.lower() and is_address:
            return {"style": "next_url", "next_url_path": path}
    return None


def _by_cursor(found: Mapping[str, Any], remarks: list[str]) -> dict[str, Any] | None:
    for path, value in found.items():
        name = _flat(path.split(".")[-1])
        if name in _CURSOR_PARAMS and isinstance(value, str | int) and value not in ("", False):
            param = _CURSOR_PARAMS[name]
            remarks.append(f"check the name of the cursor's parameter, here {param!r}")
            return {"style": "cursor", "cursor_path": path, "cursor_param": param}
    return None


def _by_last_record(
    page: Page, found: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Any] | None:
    has_more = names.get("has_more")
    if has_more is None or not isinstance(found[has_more], bool):
        return None
    if not isinstance(page.body, Mapping) or page.body.get("object") != "list":
        return None
    style = {"style": "last_record", "last_record_path": "id", "cursor_param": "starting_after"}
    return {**style, "has_more_path": has_more, "page_size_param": "limit"}


def _by_number(
    found: Mapping[str, Any], names: Mapping[str, str], count: int, remarks: list[str]
) -> dict[str, Any] | None:
    def first(candidates: tuple[str, ...], *, kind: type | tuple[type, ...] = int) -> str | None:
        paths = (names[name] for name in candidates if name in names)
        return next((path for path in paths if isinstance(found[path], kind)), None)

    total, more = first(_TOTALS, kind=(int, Decimal)), first(_HAS_MORE, kind=bool)
    offset, page = first(_OFFSETS), first(_PAGES)
    pages, size = first(_TOTAL_PAGES), first(_SIZES)
    if offset is not None:
        made: dict[str, Any] = {"style": "offset", "offset_param": offset.split(".")[-1]}
    elif page is not None or pages is not None or more is not None:
        made = {"style": "page_number", "page_param": (page or "page").split(".")[-1]}
        if page is not None and found[page] == 0:
            made["page_start"] = 0
    elif total is not None and found[total] > count:
        remarks.append(
            f"{total!r} says that there is more than came, but not how to ask for it: see the "
            "documentation for a page number or an offset"
        )
        return None
    else:
        return None
    if size is not None:
        made["page_size_param"] = size.split(".")[-1]
    signs = {"has_more_path": more, "total_pages_path": pages}
    if total is not None and total != size and found[total] >= count:
        signs["total_path"] = total
    remarks.append("check the names of the paging parameters in the documentation")
    return {**made, **{name: path for name, path in signs.items() if path is not None}}
