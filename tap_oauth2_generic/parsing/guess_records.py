"""Guess where the records of a decoded response are, and which of their fields are keys; pure.

For a person to check: a sync never guesses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator, Sequence
from typing import Any

from tap_oauth2_generic.parsing.extract_records import as_record
from tap_oauth2_generic.runtime.timestamps import is_date_time
from tap_oauth2_generic.settings.paths import flatten, join_keys, to_jsonpath

# `data.viewer.orders.nodes` of GraphQL, and one more.
_DEEPEST = 5
_RELATIONS = {"rel", "relation"}
_CHANGED = ("updated", "modified", "changed", "lastupdate")
_POSITIONS = frozenset({"line", "lineno", "linenumber", "position", "index", "number", "sequence"})
# Lists that are usually not the records if there is another one.
_ASIDE = frozenset({
    "links", "link", "_links", "included", "includes", "errors", "warnings", "messages", "fields",
    "columns", "facets", "filters", "sort", "extensions", "metadata", "expands",
})  # fmt: skip
#: How the remark about a stream without a sure key begins.
NO_KEYS = "no primary_keys"
#: Usual names of a list of records.
USUAL = frozenset({
    "data", "items", "results", "records", "value", "entries", "rows", "list", "content",
    "elements", "nodes", "edges", "objects", "hits", "docs", "values", "entry", "children", "1",
})  # fmt: skip


def guess_records(body: Any, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the record settings that fit a body; ``names`` are likely names of the list.

    The outermost wins a tie. A list inside objects that look like records is part of a record.
    """
    found = list(containers(body))
    tables = [(keys, value) for keys, value in found if _is_table(value)]
    lists = [
        (keys, value)
        for keys, value in found
        if isinstance(value, list)
        and not _wraps_records(value)
        and not any(keys != table and keys[: len(table)] == table for table, _ in tables)
        and not (value and isinstance(value[0], dict) and _RELATIONS & value[0].keys())
    ]
    of_objects = [found for found in lists if found[1] and isinstance(found[1][0], dict)]
    usual = [found for found in lists if not found[1] and _rank(found, names)]
    likely = of_objects or tables or usual or lists
    if not likely:
        return {}
    keys, value = max(likely, key=lambda found: (_rank(found, names), len(found[1])))
    is_inner = isinstance(body, dict) and "id" in body and _rank((keys, value), names) < 1
    return {} if is_inner else _settings(keys, value)


def primary_key_candidates(records: list[dict[str, Any]]) -> list[str]:
    """Return the fields whose plain values are unique, the likeliest first."""
    found = []
    for name in records[0] if records else ():
        values = [record.get(name) for record in records]
        plain = all(isinstance(v, str | int) and not isinstance(v, bool) for v in values)
        if plain and len(set(values)) == len(values) and not is_date_time(str(values[0])):
            found.append(name)
    likely = [name for name in found if is_usual_key(name)]
    likely += [name for name in found if name not in likely and flatten(name).endswith("id")]
    likely += [name for name in found if flatten(name) in _POSITIONS]
    return likely or found[:1]


def doubt_keys(records: list[dict[str, Any]]) -> str:
    """Return why no field was taken for the key: a wrong one would lose rows in a loader."""
    found = primary_key_candidates(records) if len(records) > 1 else []
    candidate = f"{found[0]!r}, unique in {len(records)} records, is the key" if found else ""
    return f"{NO_KEYS}, so each run appends its rows; set them if {candidate or 'there is a key'}"


def is_usual_key(name: str, stream: str = "", *, is_part: bool = False) -> bool:
    """Return whether a field's name is that of a key, such as ``order_id`` of stream orders.

    ``is_part``: next to the keys of a parent, also that of a position.
    """
    own = flatten(f"{stream.removesuffix('s')}_id")
    usual = flatten(name) in {"id", "key", "uuid", "guid", "gid", own}
    return usual or (is_part and flatten(name) in _POSITIONS)


def replication_key_candidates(records: list[dict[str, Any]]) -> list[str]:
    """Return the fields that hold a time in every record, times of a change first."""
    times = [
        name
        for name in (records[0] if records else {})
        if all(isinstance(v := r.get(name), str) and is_date_time(v) for r in records)
    ]
    return sorted(times, key=lambda name: not tells_change(name))


def tells_change(name: str) -> bool:
    """Return whether a field's name is one for the time of the last change."""
    return any(word in flatten(name) for word in _CHANGED)


def _rank(found: tuple[tuple[str, ...], Any], names: Sequence[str]) -> int:
    name = found[0][-1].lower() if found[0] else ""
    return 2 * (name in names) + (name in USUAL) - 2 * (name in _ASIDE)


def _settings(keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"records_path": join_keys(keys)} if keys else {}
    if isinstance(value, dict):
        return {**found, "records_are_values": True, **_key_field(value)}
    nodes = [edge.get("node") if isinstance(edge, dict) else None for edge in value]
    is_of_edges = nodes != [] and all(isinstance(node, dict) for node in nodes)
    return {"records_path": f"{to_jsonpath(keys)}[*].node"} if is_of_edges else found


def _key_field(table: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a field for the keys of an object whose values are records, if they lack them."""
    rows = [as_record(row) for row in table.values()]
    if any(all(row.get(name) == key for key, row in table.items()) for name in rows[0]):
        return {}
    free = (name for name in ("key", "record_key") if not any(name in row for row in rows))
    name = next(free, None)
    return {"records_key_field": name, "primary_keys": [name]} if name else {}


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


def containers(body: Any, own: Container[int] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the nested objects and lists of a body with their keys, outer ones first.

    ``own``: the IDs of the records, which are left out.
    """
    found: deque[tuple[tuple[str, ...], Any]] = deque([((), body)])
    while found:
        path, value = found.popleft()
        if id(value) in own or not isinstance(value, dict | list):
            continue
        yield path, value
        members = value if isinstance(value, dict) else {}
        if isinstance(value, list) and _wraps_records(value):
            members = {str(position): member for position, member in enumerate(value)}
        if len(path) < _DEEPEST:
            found += (((*path, name), member) for name, member in members.items())


def _wraps_records(value: list[Any]) -> bool:
    """Return whether a list is metadata and records, or one object that pages.

    ``[{"page": 1}, [{…}, {…}]]``, or ``[{"items_page": {"cursor": …, "items": [{…}]}}]``.
    """
    inner = value[0].values() if len(value) == 1 and isinstance(value[0], dict) else ()
    return [type(member) for member in value] == [dict, list] or any(
        not {"cursor", "pageInfo"}.isdisjoint(member) and list in map(type, member.values())
        for member in inner
        if isinstance(member, dict)
    )
