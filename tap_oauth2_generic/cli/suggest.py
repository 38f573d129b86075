"""What a response suggests: where its records are, how it pages, which field is their key.

Guesses for a person to check; a sync never guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.net.response import Response
from tap_oauth2_generic.parsing.formats import FORMATS, unpack
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.runtime.timestamps import is_date_time

_DEEPEST = 3
_CURSOR_PARAMS = {
    "nextpagetoken": "pageToken", "next_page_token": "page_token",
    "next_cursor": "cursor", "nextcursor": "cursor", "cursor": "cursor", "next": "cursor",
    "endcursor": "after", "end_cursor": "after", "after": "after",
    "continuation": "continuation", "continuationtoken": "continuationToken",
}  # fmt: skip
_OFFSETS, _PAGES = ("startat", "offset", "start", "skip"), ("page", "current_page", "page_number")
_SIZES = ("maxresults", "limit", "per_page", "page_size", "pagesize")
_TOTALS = ("total", "totalresults", "total_count", "totalcount", "count")
_TOTAL_PAGES = ("total_pages", "totalpages", "last_page", "page_count", "pages")
_HAS_MORE = ("has_more", "hasmore", "more_records", "more", "has_next", "hasnext", "has_next_page")
_CHANGED = ("updated", "modified", "changed", "last_update", "lastmodified")

#: The settings that a suggestion replaces, also where it leaves them out.
SUGGESTED = ("records_path", "records_are_values", "records_key_field", "response_format")


@dataclass
class Suggestion:
    """A stream definition that fits a response, and remarks about what to check."""

    settings: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def suggest(response: Response) -> Suggestion | None:
    """Suggest a definition for a response in any format; None if the format is unknown."""
    for name, (decode, _) in FORMATS.items():
        try:
            body = decode(unpack(response.content))
        except ValueError:
            continue
        is_table = isinstance(body, list) and body != [] and all(isinstance(r, dict) for r in body)
        if name == "csv" and is_table:
            # Any text decodes as CSV, with one column or with rows that are too short.
            is_even = len(body[0]) > 1 and not any(None in row.values() for row in body)
            is_table = is_even or "csv" in response.headers.get("Content-Type", "").lower()
        if is_table or (name == "json" and isinstance(body, dict | list)):
            suggestion = Suggestion({} if name == "json" else {"response_format": name})
            page = Page(response.url, response.status, response.headers, body)
            _inspect(page, suggestion)
            return suggestion
    return None


def _inspect(page: Page, suggestion: Suggestion) -> None:
    settings, remarks = suggestion.settings, suggestion.remarks
    path, found = _records(page.body)
    if path != "$":
        settings["records_path"] = path
    records = found if isinstance(found, list) else _values(found, suggestion)
    pagination = _pagination(page, len(records), remarks)
    if pagination["style"] != "none":
        settings["pagination"] = pagination
    rows = [record for record in records if isinstance(record, dict)]
    if keys := primary_key_candidates(rows):
        settings.setdefault("primary_keys", keys[:1])
    if changed := replication_key_candidates(rows):
        settings["replication_key"] = changed[0]
        remarks.append(
            f"{changed[0]!r} looks like the time of the last change; if a parameter filters by it, "
            "set incremental.start_param to that parameter"
        )


def primary_key_candidates(records: list[dict[str, Any]]) -> list[str]:
    """Return the fields whose plain values are unique, the likeliest first."""
    found = []
    for name in records[0] if records else ():
        values = [record.get(name) for record in records]
        plain = all(isinstance(v, str | int) and not isinstance(v, bool) for v in values)
        if plain and len(set(values)) == len(values) and not is_date_time(str(values[0])):
            found.append(name)
    likely = [name for name in found if _flat(name) in {"id", "key", "uuid", "guid", "gid"}]
    likely += [name for name in found if name not in likely and _flat(name).endswith("id")]
    return likely or found[:1]


def replication_key_candidates(records: list[dict[str, Any]]) -> list[str]:
    """Return the fields that hold a time in every record, times of a change first."""
    times = [
        name
        for name in (records[0] if records else {})
        if all(isinstance(v := r.get(name), str) and is_date_time(v) for r in records)
    ]
    return sorted(times, key=lambda name: not any(word in _flat(name) for word in _CHANGED))


def _flat(name: str) -> str:
    return name.lower().replace("-", "_")


def _records(body: Any) -> tuple[str, list[Any] | dict[str, Any]]:
    """Return the longest list with its path, else the largest object of similar objects.

    The outermost wins a tie. A list inside such objects is part of a record.
    """
    members = [("$", body), *_members(body)]
    tables = [(path, value) for path, value in members if _is_table(value)]
    inside = tuple("" if path == "$" else f"{path}." for path, _ in tables)
    lists = [(p, v) for p, v in members if isinstance(v, list) and not p.startswith(inside)]
    of_objects = [entry for entry in lists if entry[1] and isinstance(entry[1][0], dict)]
    for candidates in (of_objects, tables, lists):
        if candidates:
            return max(candidates, key=lambda entry: len(entry[1]))
    return "$", [body]


def _is_table(value: Any) -> bool:
    """Return whether the values of an object are records: objects with mostly the same names.

    With a single name they are usually links: ``{"self": {"href": …}, "next": {"href": …}}``.
    """
    members = list(value.values()) if isinstance(value, dict) else []
    if len(members) <= 1 or not all(isinstance(member, dict) for member in members):
        return False
    names = [member.keys() for member in members]
    common, all_names = set(names[0]).intersection(*names), set().union(*names)
    return len(all_names) > 1 and 2 * len(common) >= len(all_names)


def _values(table: dict[str, dict[str, Any]], suggestion: Suggestion) -> list[dict[str, Any]]:
    """Return the values of an object as records; suggest to add its keys if they lack them."""
    suggestion.settings["records_are_values"] = True
    suggestion.remarks.append("check that the records are the values of this object")
    rows = list(table.values())
    if any(all(row.get(name) == key for key, row in table.items()) for name in rows[0]):
        return rows
    free = (name for name in ("key", "record_key") if not any(name in row for row in rows))
    if name := next(free, None):
        suggestion.settings |= {"records_key_field": name, "primary_keys": [name]}
    return rows


def _members(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every value of nested objects with its path, outer ones first."""
    if not isinstance(value, Mapping) or len(path) >= _DEEPEST:
        return
    for name, member in value.items():
        yield ".".join(f"'{key}'" if "." in key else key for key in (*path, name)), member
    for name, member in value.items():
        yield from _members(member, (*path, name))


def _pagination(page: Page, count: int, remarks: list[str]) -> dict[str, Any]:
    """Return the settings of the style that the response shows, the most certain sign first."""
    if page.next_link:
        return {"style": "link_header"}
    found = dict(_members(page.body))
    for path, value in found.items():
        if "next" in path.lower() and str(value).startswith(("http://", "https://", "/", "?")):
            return {"style": "next_url", "next_url_path": path}
    for path, value in found.items():
        param = _CURSOR_PARAMS.get(_flat(path.split(".")[-1]))
        if param and isinstance(value, str | int) and value not in ("", False):
            remarks.append(f"check the name of the cursor parameter, here {param!r}")
            return {"style": "cursor", "cursor_path": path, "cursor_param": param}
    names = {_flat(path.split(".")[-1].strip("'")): path for path in reversed(found)}
    more, is_list = names.get("has_more", ""), found.get("object") == "list"
    if is_list and isinstance(found.get(more), bool):
        style = {"style": "last_record", "last_record_path": "id", "has_more_path": more}
        return {**style, "cursor_param": "starting_after", "page_size_param": "limit"}
    return _by_number(found, names, count, remarks)


def _by_number(
    found: Mapping[str, Any], names: Mapping[str, str], count: int, remarks: list[str]
) -> dict[str, Any]:
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
    else:
        if total is not None and found[total] > count:
            remarks.append(
                f"{total!r} counts more records than this page has; look up the paging parameter "
                "in the API documentation"
            )
        return {"style": "none"}
    if size is not None:
        made["page_size_param"] = size.split(".")[-1]
    signs = {"has_more_path": more, "total_pages_path": pages}
    # If pages follow, a total equal to the records of this page counts only this page.
    least = count + 1 if more is not None and found[more] else count
    if total is not None and total != size and found[total] >= least:
        signs["total_path"] = total
    remarks.append("check the names of the paging parameters in the API documentation")
    return {**made, **{name: path for name, path in signs.items() if path is not None}}
