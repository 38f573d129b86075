"""The last step of a JSONPath to records, which chooses from a list; pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tap_oauth2_generic.parsing.api_errors import is_only_error
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath, Path, parse_path

_parse_path = lru_cache(maxsize=256)(parse_path)


def chooses_items(path: Path) -> bool:
    """Return whether the last step of a path chooses from a list: each match is an item."""
    last = path.text[path.text.rfind("[") :]
    return isinstance(path, JsonPath) and last.endswith("]") and last[1] not in "'\""


def is_there(path: str, body: Any) -> bool:
    """Return whether the list is there from which the last step of a JSONPath chooses nothing."""
    before = path.partition("[?")[0] if "[?" in path else path.removesuffix("[*]")
    parent = _try_parse(before) if before != path else None
    return parent is not None and bool(parent.find_all(body))


def _try_parse(path: str) -> Path | None:
    try:
        return _parse_path(path)
    except ValueError:
        # Of ``$..[?``, the part before the filter is no path.
        return None


def before_wildcard(path: Path) -> Path | None:
    """Return the path to the list of a path that ends in ``[*]``; None for another path."""
    before = path.text.removesuffix("[*]")
    return _try_parse(before) if isinstance(path, JsonPath) and before != path.text else None


def lists_of(path: Path) -> list[tuple[str, ...]]:
    """Return the names that lead to each list that a path goes through, itself included."""
    found, names = list[tuple[str, ...]](), tuple[str, ...]()
    parts = [path.text] if isinstance(path, DottedPath) else path.text[1:].split("[*]")
    for part in filter(None, parts):
        step = path if isinstance(path, DottedPath) else _try_parse(f"${part.partition('[?')[0]}")
        if not isinstance(step, DottedPath) or not step.keys:
            break
        for key in step.keys:
            if isinstance(key, str):
                names += (key,)
            else:
                found.append(names)
        found.append(names)
    return found


def choose_items(parent: Path, body: Any, matches: list[Any]) -> list[Any]:
    """Return what a last ``[*]`` matches, with an object in place of a list as one item."""
    if isinstance(parent, JsonPath) and all(isinstance(one, dict) for one in matches):
        return matches
    holders = parent.find_all(body)
    if not any(map(_is_one_item, holders)):
        return matches
    items: list[Any] = []
    for value in holders:
        if _is_one_item(value):
            items.append(value)
        elif isinstance(value, dict | list):
            items += value.values() if isinstance(value, dict) else value
    return items


def _is_one_item(value: Any) -> bool:
    """Return whether an object is a record or an error, not objects under keys."""
    return isinstance(value, dict) and (
        not all(one is None or isinstance(one, dict | list) for one in value.values())
        or (bool(value) and is_only_error(value))
    )
