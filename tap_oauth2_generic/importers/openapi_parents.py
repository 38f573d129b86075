"""Where the path parameters of listing operations come from: a parent's records, or partitions.

The longest part of a path that is a list itself is the parent. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.importers.openapi_operations import (
    Listing,
    choices_of,
    stand_in,
)
from tap_oauth2_generic.importers.openapi_schemas import Shape
from tap_oauth2_generic.records.infer import COLUMNS
from tap_oauth2_generic.settings.limits import MAX_PARTITIONS
from tap_oauth2_generic.settings.paths import flatten

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Of the values of one path parameter, such as all countries.
_MAX_CHOICES = 100
Listings = Mapping[str, Listing]


def shape_of(path: str) -> str:
    """Return a path whose parameters have no names, which differ from path to path."""
    return _PLACEHOLDER.sub("{}", path.removesuffix(".json").rstrip("/"))


class Contexts:
    """Fills the path parameters of listings, which are known by their paths without names."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings
        # The names under which the records of a listing hold its own path parameters, in order.
        self._held: dict[str, list[str]] = {}

    def fill(self, listing: Listing) -> Listing | None:
        """Fill the path of a listing, and of its parents before; return its parent, if any."""
        key = shape_of(listing.path)
        parent, known = self._parent(listing)
        if key in self._held:
            return parent
        definition, names = listing.definition, _PLACEHOLDER.findall(listing.path)
        self._held[key] = []
        if parent is not None:
            self.fill(parent)
        scope: dict[int, str] = {}
        keys: dict[str, str] = {}
        for position, name in enumerate(names):
            held = _free(name, [*self._held[key]], listing.shape)
            self._held[key].append(held)
            if parent is None or position >= known:
                self._fill_partition(listing, name, held)
            elif position < known - 1:
                keys[held] = self._held[shape_of(parent.path)][position]
            else:
                keys[held] = _key_of(name, parent) or ""
            family = "parent" if held in keys else "partition"
            scope[position] = f"{{{family}.{held}}}"
        if parent is not None:
            paths = {held: _path(source) for held, source in keys.items()}
            definition["parent"] = {"stream": parent.definition["name"], "keys": paths}
            self._declare(listing, parent, keys)
        found = iter(range(len(names)))
        definition["path"] = _PLACEHOLDER.sub(lambda _: scope[next(found)], listing.path)
        return parent

    def _parent(self, listing: Listing) -> tuple[Listing | None, int]:
        """Return the parent and how many parameters lead to one of its records."""
        found = list(_PLACEHOLDER.finditer(listing.path))
        for known in range(len(found), 0, -1):
            at = found[known - 1]
            prefix, rest = listing.path[: at.start()], listing.path[at.end() :]
            parent = self._listings.get(shape_of(prefix))
            whole = prefix.endswith("/") and rest[:1] in {"", "/", "."}
            if whole and parent is not None and parent is not listing and _key_of(at[1], parent):
                return parent, known
        return None, 0

    def _fill_partition(self, listing: Listing, name: str, held: str) -> None:
        param = listing.params.get(name, {})
        partitions = listing.definition.setdefault("partitions", {})
        values = choices_of(param)
        count = len(values)
        for others in partitions.values():
            count *= len(others)
        if values and len(values) <= _MAX_CHOICES and count <= MAX_PARTITIONS:
            partitions[held] = list(dict.fromkeys(values))
            return
        partitions[held] = [stand_in(name)]
        listing.values.append(name)

    def _declare(self, listing: Listing, parent: Listing, keys: Mapping[str, str]) -> None:
        """Declare the columns of the keys that a parent hands on."""
        if not listing.schema:
            return
        known = parent.schema.get("properties", {})
        for held, source in keys.items():
            column = known.get(source, COLUMNS["string"])
            listing.schema["properties"].setdefault(held, dict(column))


def declare_partitions(listing: Listing) -> None:
    """Declare the columns of the partitions, which are added to each record."""
    for held, values in listing.definition.get("partitions", {}).items():
        if listing.schema:
            kind = "integer" if all(isinstance(one, int) for one in values) else "string"
            listing.schema["properties"].setdefault(held, dict(COLUMNS[kind]))


def needs_values(listing: Listing, contexts: Contexts) -> bool:
    """Return whether a value of the stream, or of a parent above it, has to be given first."""
    at: Listing | None = listing
    while at is not None:
        if at.values:
            return True
        at = contexts.fill(at)
    return False


def _key_of(name: str, parent: Listing) -> str | None:
    """Return the field of a parent's records that a path parameter means."""
    wanted = flatten(name)
    shape = parent.shape
    plain = [one for one in shape.properties if _is_key(parent.schema, one)]
    own = [one for one in plain if flatten(one) == wanted]
    segment = flatten(parent.path.rstrip("/").rpartition("/")[2].removesuffix(".json"))
    stem = segment.removesuffix("s").removesuffix("e") or segment
    rests = {wanted.removeprefix(flatten(segment)), wanted.removeprefix(stem)}
    rests |= {rest.removeprefix("e") for rest in rests} - {wanted, ""}
    by_end = [one for one in plain if flatten(one) in rests - {wanted, ""}]
    if own or by_end:
        return (own or by_end)[0]
    ends = [one for one in plain if wanted.endswith(flatten(one)) and flatten(one) in _USUAL]
    if ends:
        return max(ends, key=len)
    keys = parent.definition.get("primary_keys", [])
    is_named = wanted in {stem, segment, f"{stem}e", f"{stem}id", f"{stem}eid"}
    return keys[0] if keys and (is_named or wanted in {"id", "key", "uid"}) else None


_USUAL = frozenset({"id", "key", "uuid", "guid", "gid", "slug", "number", "sid", "code"})


def _is_key(schema: Mapping[str, Any], name: str) -> bool:
    kinds = schema.get("properties", {}).get(name, {}).get("type", [])
    return "'" not in name and not {"object", "array", "boolean"} & {*kinds}


def _path(name: str) -> str:
    """Return the path of a field, quoted if it is no plain word."""
    return name if re.fullmatch(r"\w[\w-]*", name) else f"'{name}'"


def _free(name: str, taken: list[str], shape: Shape) -> str:
    """Return a name for a value next to the fields of the records, which would hide it."""
    bare = re.sub(r"\W+", "_", name).strip("_") or "value"
    for found in (bare, f"path_{bare}", f"path_{bare}_{len(taken)}"):
        if found not in taken and found not in shape.properties:
            return found
    return f"path_{bare}_{len(taken)}_of_path"
