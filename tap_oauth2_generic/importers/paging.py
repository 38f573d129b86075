"""Judge by the names of parameters and of response members how a request pages; pure.

Sends nothing: ``preview --suggest`` tries what is unsure here. The names are those it tries.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.pagination.candidates import (
    CURSORS,
    LAST_RECORD,
    OFFSETS,
    PAGES,
    SIZES,
    own_names,
)
from tap_oauth2_generic.pagination.signs import Sign, find_signs
from tap_oauth2_generic.parsing.extract_records import RecordSettings, extract_records
from tap_oauth2_generic.parsing.guess_records import guess_records
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tap_oauth2_generic.settings.limits import MAX_PAGE_SIZE
from tap_oauth2_generic.settings.paths import flatten

_PAGES, _OFFSETS, _SIZES = ({*map(flatten, names)} for names in (PAGES, OFFSETS, SIZES))
_CURSORS = {*map(flatten, (*CURSORS, *LAST_RECORD))} - _PAGES - _OFFSETS
# Names that often have another meaning, so that only a number tells.
_VAGUE = frozenset({"from", "start", "p", "first", "rows", "count", "size"})
_DIGITS = 9
_ENDS = (("more", "has_more_path"), ("last", "last_page_path"), ("pages", "total_pages_path"))


@dataclass(frozen=True)
class Paging:
    """The setting ``pagination``, empty if there is none or its style is not known.

    ``used`` are the parameters that the style sends itself, or that would begin in the middle.
    ``unsure`` says what to check; it is empty if nothing is to be checked.
    """

    settings: dict[str, Any]
    used: frozenset[str] = frozenset()
    unsure: str = ""


def signs_in(body: Any, headers: Mapping[str, str] | None = None) -> list[Sign]:
    """Return the signs of paging in a response, or in an example made of its schema."""
    page = Page("", 200, CaseInsensitiveDict(headers or {}), body)
    settings = read(RecordSettings, guess_records(body), ErrorCollector())
    with suppress(TapError):
        page.records, page.found, page.sent, page.is_lone = extract_records(body, settings)
    return find_signs(page)


def find_paging(params: Mapping[str, Any], signs: Sequence[Sign] = ()) -> Paging:
    """Judge how a request pages.

    ``params``: its parameters by name with their values, None for a value that is not known, such
    as that of a parameter without default; ``signs``: those of its response.
    """
    named = {name: value for name, value in params.items() if not isinstance(value, dict | list)}
    size = _size(named)
    parts = [
        _by_link(named, signs),
        _by_cursor(named, signs),
        _by_number(named, signs),
        _by_last_record(named, signs),
    ]
    found = next((one for one in parts if one is not None), None)
    if found is None and size:
        name = size["page_size_param"]
        said = f"{name!r} limits the records of a response, but what leads on is not known"
        return Paging({}, frozenset(), said)
    if found is None:
        return Paging({})
    sized = found.settings and size
    used = found.used | ({size["page_size_param"]} if sized else frozenset())
    return Paging({**found.settings, **(size if sized else {})}, used, found.unsure)


def add_paging(definition: dict[str, Any], made: Imported, signs: Sequence[Sign] = ()) -> None:
    """Add ``pagination`` to a stream by its parameters, take those it sends, and report it."""
    body = definition.get("body")
    places = [("params", definition.get("params") or {})]
    if isinstance(body, dict) and "query" not in body and definition.get("method") != "GET":
        places.append(("body", dict(_members(body))))
    tried = [(place, find_paging(params, signs)) for place, params in places]
    place, found = max(
        tried, key=lambda one: (bool(one[1].used), bool(one[1].settings), bool(one[1].unsure))
    )
    if found.settings:
        own = "params_in" if found.settings["style"] not in {"next_url", "link_header"} else ""
        inner = {own: "body"} if place == "body" and own else {}
        definition["pagination"] = {**found.settings, **inner}
    if found.used:
        definition[place] = without_params(definition[place], found.used)
        if not definition[place]:
            del definition[place]
    report_paging(str(definition["name"]), found, made)


def report_paging(stream: str, found: Paging, made: Imported) -> None:
    """Add the sentence about the paging of a stream to a report, if there is one."""
    if found.unsure:
        made.unsure.append(f"{doubt(stream)}: {found.unsure}; try it with preview --suggest")
    elif found.settings:
        shown = encode_json(found.settings).decode()
        made.derived.append(f"stream {stream!r}: pagination {shown}")


def doubt(stream: str) -> str:
    """Return how a sentence about an unsure paging begins; a trial makes it needless."""
    return f"stream {stream!r}: paging"


def _by_link(params: Mapping[str, Any], signs: Sequence[Sign]) -> Paging | None:
    links = (s for s in signs if s.about and s.kind in {"link", "url"})
    link = next(links, None)
    if link is None:
        return None
    used = frozenset(n for n in params if _is(n, _PAGES | _OFFSETS | _CURSORS))
    if link.kind == "link":
        return Paging({"style": "link_header"}, used)
    return Paging({"style": "next_url", "next_url_path": link.place}, used)


def _by_cursor(params: Mapping[str, Any], signs: Sequence[Sign]) -> Paging | None:
    cursors = sorted((s for s in signs if s.kind == "cursor"), key=lambda s: s.is_weak)
    for sign in cursors:
        own = {*map(flatten, own_names(sign))}
        likely = [n for n in params if _is(n, own)]
        likely += [n for n in params if _is(n, _CURSORS) and n not in likely]
        if likely:
            place = {"cursor_header" if sign.is_header else "cursor_path": sign.place}
            settings = {"style": "cursor", **place, "cursor_param": likely[0]}
            is_sure = _is(likely[0], own) or not sign.is_weak
            said = "" if is_sure else f"{sign.place!r} may lead on, by {likely[0]!r}"
            return Paging(settings, frozenset(likely), said)
    strong = [sign for sign in cursors if not sign.is_weak]
    if strong and not any(_is(name, _PAGES | _OFFSETS) for name in params):
        return Paging(
            {}, frozenset(), f"{strong[0].place!r} leads on, but its parameter is not known"
        )
    return None


def _by_number(params: Mapping[str, Any], signs: Sequence[Sign]) -> Paging | None:
    for style, param, names, usual in (
        ("page_number", "page_param", _PAGES, 1),
        ("offset", "offset_param", _OFFSETS, 0),
    ):
        name = next((n for n in params if _is(n, names) and _may_count(n, params[n])), None)
        if name is None:
            continue
        start = _number(params[name])
        begins = {"page_start": start} if start in {0, 1} and start != usual else {}
        settings = {"style": style, param: name, **begins, **_end(signs)}
        # An offset of anything else is only further on.
        is_sure = start in {0, 1} or style == "offset"
        said = f"{name!r} may begin at 0 or 1; page_start is {usual}"
        return Paging(settings, frozenset({name}), "" if is_sure else said)
    return None


def _by_last_record(params: Mapping[str, Any], signs: Sequence[Sign]) -> Paging | None:
    usual = {*map(flatten, LAST_RECORD)}
    names = [name for name in params if _is(name, _CURSORS)]
    if not names:
        return None
    used, name = frozenset(names), names[0]
    if end := _end(signs):
        last = next((one for one in names if _is(one, usual)), name)
        settings = {"style": "last_record", "last_record_path": "id", "cursor_param": last}
        said = f"{last!r} may be the id of the last record"
        return Paging({**settings, **end}, used, said)
    said = f"{name!r} leads to the next page, but where a response holds its value is not known"
    return Paging({}, used, said)


def _size(params: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in params.items():
        number = _number(value)
        if _is(name, _SIZES) and number:
            return {"page_size": min(number, MAX_PAGE_SIZE), "page_size_param": name}
    return {}


def _end(signs: Sequence[Sign]) -> dict[str, Any]:
    named = [sign for sign in signs if sign.about and not sign.is_header]
    found = ({setting: s.place} for kind, setting in _ENDS for s in named if s.kind == kind)
    return next(found, {})


def _is(name: str, names: Iterable[str]) -> bool:
    """Return whether a parameter, or the last part of its dotted name, has one of the names."""
    return not {flatten(name), flatten(name.rpartition(".")[2])}.isdisjoint(names)


def _may_count(name: str, value: Any) -> bool:
    return _number(value) is not None or (value is None and not _is(name, _VAGUE))


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _members(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the scalars of a body, and of its objects, by their dotted names."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", one) for inner, one in value.items())
        else:
            yield name, value


def without_params(params: Mapping[str, Any], used: frozenset[str]) -> dict[str, Any]:
    """Return parameters without some; a dotted name is one of an inner object."""
    found = copy.deepcopy({n: value for n, value in params.items() if n not in used})
    for name in used - params.keys():
        outer, _, inner = name.partition(".")
        found.get(outer, {}).pop(inner, None)
    return found
