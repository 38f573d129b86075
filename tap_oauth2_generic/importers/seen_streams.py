"""Streams of the requests that a source shows: their paths, records, parents and paging; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tap_oauth2_generic.importers.curl_values import escape_braces
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.names import stream_name
from tap_oauth2_generic.importers.paging import add_paging, without_params
from tap_oauth2_generic.importers.seen_requests import (
    Seen,
    is_variable,
    request_settings,
    shape_of,
)
from tap_oauth2_generic.pagination.candidates import Parameters, candidates, fallbacks, sizes
from tap_oauth2_generic.pagination.signs import Sign, find_signs
from tap_oauth2_generic.parsing.guess_records import (
    doubt_keys,
    guess_records,
    is_usual_key,
    primary_key_candidates,
)
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.limits import MAX_PAGE_SIZE
from tap_oauth2_generic.settings.paths import flatten

# Names of a variable that would be hidden by a record's own field.
_OF_RECORDS = frozenset({"id", "key", "uuid", "guid", "gid", "name", "slug", "code"})


@dataclass
class _Made:
    definition: dict[str, Any]
    keys: list[str]
    page: Page | None


class StreamMaker:
    """Makes the streams of one API, those with fewer variables first: they may be parents."""

    def __init__(self, made: Imported) -> None:
        self._made = made
        self._streams: dict[tuple[Any, ...], _Made] = {}
        self._skipped = 0

    def add(self, seen: Sequence[Seen]) -> None:
        """Add the streams in the order of the source, and the path that they share."""
        shared = _find_shared([one.steps for one in seen])
        self._skipped = len(shared)
        if base := self._made.config.get("base_url"):
            self._made.config["base_url"] = "/".join([base, *shared])
        else:
            self._skipped = 0
        for one in sorted(seen, key=lambda one: sum(map(is_variable, one.steps))):
            self._add(one)
        names = [self._streams[one.shape] for one in seen if one.shape in self._streams]
        unique = {str(one.definition["name"]): one.definition for one in names}
        self._made.config["streams"] = list(unique.values())

    def _add(self, seen: Seen) -> None:
        if known := self._streams.get(seen.shape):
            name = known.definition["name"]
            self._made.left_out.append(
                f"{seen.where}: stream {name!r} is the same request with other parameters"
            )
            return
        seen = self._fill(seen)
        found = self._parent(seen)
        if found is None:
            return
        parent, keys = found
        taken = {one.definition["name"] for one in self._streams.values()}
        path, settings = self._path(seen, list(keys)), request_settings(seen)
        definition: dict[str, Any] = {"name": self._name(seen, taken), "path": path, **settings}
        if parent:
            definition["parent"] = {"stream": parent, "keys": keys}
        self._complete(definition, seen)
        self._streams[seen.shape] = _Made(definition, list(keys), seen.longest)

    def _name(self, seen: Seen, taken: set[str]) -> str:
        path = "/".join(step for step in seen.steps if not is_variable(step))
        if seen.graphql:
            path = seen.graphql.pop("name", "") or path
        return stream_name(path.removesuffix(".json"), taken)

    def _path(self, seen: Seen, keys: list[str]) -> str:
        names = iter(keys)
        steps = (
            f"{{parent.{next(names)}}}" if is_variable(step) else escape_braces(step)
            for step in seen.steps[self._skipped :]
        )
        return "/" + "/".join(steps)

    def _fill(self, seen: Seen) -> Seen:
        """Put in the values of variables that no parent has."""
        steps = list(seen.steps)
        for index, step in enumerate(steps):
            if not is_variable(step) or shape_of(steps[:index]) in self._streams:
                continue
            if value := seen.values.get(step[1:]):
                steps[index] = value
                self._made.unsure.append(
                    f"{seen.where}: its path has the value of {step[1:]!r}, as in the source"
                )
        seen.steps = tuple(steps)
        return seen

    def _parent(self, seen: Seen) -> tuple[str, dict[str, str]] | None:
        """Return the name of the parent and its keys; None, with a sentence, if none fits."""
        variables = [index for index, step in enumerate(seen.steps) if is_variable(step)]
        if not variables:
            return "", {}
        last = variables[-1]
        above, variable = self._streams.get(shape_of(seen.steps[:last])), seen.steps[last][1:]
        if above is None or len(above.keys) != len(variables) - 1:
            self._made.left_out.append(
                f"{seen.where}: no stream has the values of {variable!r} in its path; "
                "add its parent, or partitions"
            )
            return None
        name = str(above.definition["name"])
        own = _find_field(variable, above.page)
        if own is None:
            self._made.left_out.append(
                f"{seen.where}: no field of stream {name!r} is the {variable!r} of its path; "
                "add parent with the right one"
            )
            return None
        if above.page is None:
            self._made.unsure.append(
                f"{seen.where}: {variable!r} of its path may be field 'id' of stream {name!r}"
            )
        key = re.sub(r"\W", "_", variable)
        if flatten(key) in _OF_RECORDS or key in above.keys:
            key = f"{name.removesuffix('s')}_{own}"
        return name, {**{one: one for one in above.keys}, key: own}

    def _complete(self, definition: dict[str, Any], seen: Seen) -> None:
        """Add what the responses and parameters say of the records and their pages."""
        name, page = str(definition["name"]), seen.longest
        if page is None:
            self._made.unsure.append(
                f"stream {name!r} ({seen.where}): no response shows where the records are; "
                "look with preview --suggest"
            )
        else:
            definition |= guess_records(page.body, [name])
            keys = [one for one in primary_key_candidates(page.records) if is_usual_key(one, name)]
            if keys:
                definition["primary_keys"] = keys[:1]
            elif page.records:
                self._made.unsure.append(f"stream {name!r}: {doubt_keys(page.records)}")
            self._made.derived.append(f"stream {name!r}: {seen.where}")
        if seen.pagination is not None:
            definition["pagination"] = seen.pagination
            return
        if seen.graphql and page is not None:
            _page_graphql(definition, page)
            return
        signs: list[Sign] = [] if page is None else find_signs(page)
        described = dict.fromkeys(seen.unsent) | definition.get("params", {})
        if described:
            definition["params"] = described
        add_paging(definition, self._made, signs)
        if sent := {n: v for n, v in definition.pop("params", {}).items() if v is not None}:
            definition["params"] = sent


def _page_graphql(definition: dict[str, Any], page: Page) -> None:
    """Add the paging of a query, by the cursor in its response and the variables it declares."""
    query = definition["graphql"]
    params, signs = Parameters("POST", query), find_signs(page)
    tried = chain(candidates(page, params, None), fallbacks(page, params))
    found = next((one for one in tried if one["style"] == "cursor"), None)
    if found is None:
        return
    more = next(({"has_more_path": sign.place} for sign in signs if sign.kind == "more"), {})
    variables = query.get("variables", {})
    sized: dict[str, Any] = {}
    for one in sizes(page, params):
        size = variables.get(one["page_size_param"].rpartition(".")[2])
        if not sized and isinstance(size, int) and size <= MAX_PAGE_SIZE:
            sized = {**one, "page_size": size}
    definition["pagination"] = {**found, **more, **sized}
    used = {found["cursor_param"], sized.get("page_size_param", "")}
    definition["graphql"] = without_params(query, frozenset(used))


def _find_shared(paths: Sequence[Sequence[str]]) -> list[str]:
    """Return the parts that all paths begin with; the last part of each is its own."""
    found = []
    for parts in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1 or is_variable(parts[0]):
            break
        found.append(parts[0])
    return found


def _find_field(variable: str, page: Page | None) -> str | None:
    """Return the field of a parent's records that a variable of a child's path is."""
    if page is None:
        return "id"
    records = page.records
    fields = [n for n in (records[0] if records else {}) if all(r.get(n) for r in records)]
    for wanted in _likely(variable):
        if (found := next((n for n in fields if flatten(n) == wanted), None)) is not None:
            return found
    return None


def _likely(variable: str) -> Iterator[str]:
    name = flatten(variable)
    yield name
    # ``:customerId`` may be the id, ``:productKey`` the key.
    yield from (end for end in ("id", "key", "uuid", "slug", "code", "name") if name.endswith(end))
    yield "id"
