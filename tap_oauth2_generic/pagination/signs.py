"""Signs of paging in a response: the names that APIs use for a next page, and what they say.

A sync warns about those that its definition does not use; a suggestion is made of them.
Records are not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.parsing.guess_records import containers
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.paths import flatten, join_keys, to_jsonpath

_NEXT = r"(odata)?(next|more)(page|pages|results?|records?|set|data|batch)?"
_THINGS = r"(results?|items?|records?|entries|elements|rows|objects|hits|matches|pages?|data)"
# Kinds of members by their name, in lower case and without punctuation; a kind also has its type.
_NAMES = {
    "url": rf"{_NEXT}(link|url|uri|href|path)?",
    "cursor": rf"{_NEXT}(page)?(token|cursor|cursormark|key|marker|offset|start|id|position|after|"
    r"streamposition)?|(end|after)?cursor|after|continuation(token)?|scroll(id|param)|(vid)?offset|"
    r"marker|bookmark|resumptiontoken|pagetoken|lastevaluatedkey|locator",
    "more": rf"(has|is)?more({_THINGS}|available|itemsincollection)?|has(a)?next(page)?|"
    r"(is)?truncated",
    "last": r"(is)?last(page)?|endof(stream|results|records|list|pages)|(is)?done",
    "total": rf"(grand)?totals?({_THINGS}|item|set)?(count|size|num|number|found)?|(odata)?count|"
    r"nbhits|num(found|results)|(result|record|item|row|match)s?(count|filtered)|resultstotal|found",
    "pages": r"total(number)?(of)?pages?(count)?|pages?(total|count)|(num|nb)?pages|(last|max)page",
    "page": r"(current|this)?page(number|no|num|index)?|number|current",
    "size": r"((items|results|records|hits)?per)?page(size|limit)?|limit|size|"
    r"max(page)?(results|items|records|size)",
    "start": r"(page)?(start|from|offset|skip)(at|index|position|from|row|record)?",
}
_HEADER = r"x?(ms|wp|pagination|paging|result|sforce)?"
# Objects of such names are about the response, wherever they are.
_HOLDER = re.compile(r"meta|pag|link|info|cursor|next|nav|result|response|range|search|odata|^_")
_BOOLEANS = {"true": True, "false": False}
COUNTS, LINKS = frozenset({"total", "pages"}), frozenset({"link", "url", "cursor"})
#: Values of a link or cursor that mean the end.
ENDS = (None, "", False, 0, "0", "null", "None", "none", "-1", -1, "false")


@dataclass(frozen=True)
class Sign:
    """A member of a response that has to do with paging.

    ``kind``: a ``link`` of the Link header, a ``url``, a ``cursor``, a flag ``more`` or ``last``,
    the number of a ``page`` or ``start``, a ``size``, or a count: ``total`` or ``pages``.
    ``place`` is its path, or the name of its header. ``about`` tells whether it is about the
    response for certain; elsewhere it may belong to another object.
    """

    kind: str
    place: str
    value: Any
    is_header: bool = False
    about: bool = True

    @property
    def is_weak(self) -> bool:
        """Whether it may also be there if no page follows."""
        return self.kind == "cursor" and "next" not in self.place.lower()


def find_signs(page: Page) -> list[Sign]:
    """Return the signs in the headers of a page, then those in its body, outer ones first."""
    # Of records that were left encoded, the body holds none.
    own = set() if page.written is not None else {id(record) for record in page.records}
    signs = [*_in_headers(page)]
    for path, holder in containers(page.body, own):
        if isinstance(holder, dict):
            signs += _in_object(holder, path)
        else:
            signs += _in_links(holder, path, own)
    return signs


def says_more(sign: Sign, pages: int, records: int) -> bool:
    """Return whether a sign says that more follows than has been read."""
    if sign.kind in LINKS:
        return sign.value not in ENDS
    if sign.kind in COUNTS:
        return bool(sign.value > (records if sign.kind == "total" else pages))
    return sign.kind in {"more", "last"} and bool(sign.value) is (sign.kind == "more")


def find_sign_of_more(body: Any, *, flags_only: bool) -> str | None:
    """Return the path of what says, in a response about an export, that more follows it.

    A flag counts, else a next page's token, unless ``flags_only``. None if nothing says so.
    """
    page = Page("", 200, CaseInsensitiveDict(), _as_objects(body))
    signs = [sign for sign in find_signs(page) if sign.kind == "more"]
    if not signs and not flags_only:
        signs = [s for s in find_signs(page) if s.kind in LINKS and not s.is_weak]
    return next((sign.place for sign in signs if says_more(sign, 1, 0)), None)


def _as_objects(value: Any) -> Any:
    """Return a value whose lists are objects by position: an export may be in a list of one."""
    if isinstance(value, list):
        value = {str(position): member for position, member in enumerate(value)}
    if not isinstance(value, dict):
        return value
    return {name: _as_objects(member) for name, member in value.items()}


def _in_headers(page: Page) -> Iterator[Sign]:
    if page.next_link:
        yield Sign("link", "Link", page.next_link, is_header=True)
    # `items 0-24/319`, as PostgREST counts.
    if counted := re.fullmatch(r".*/(\d+)", page.headers.get("Content-Range", "")):
        yield Sign("total", "Content-Range", int(counted[1]), is_header=True)
    for name, value in page.headers.items():
        for kind in ("pages", "total", "cursor"):
            if _is_named(kind, name, _HEADER) and (kind == "cursor" or value.isdecimal()):
                yield Sign(kind, name, value if kind == "cursor" else int(value), is_header=True)
                break


def _in_object(members: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Sign]:
    """Yield the signs among the plain members of an object."""
    # `[{"page": 1, "pages": 7}, [{…}, {…}]]`
    is_outer = path in {(), ("0",)}
    about = is_outer or bool(_HOLDER.search(path[-1].lower())) or _holds_list(members)
    for name, member in members.items():
        place, value = (*path, name), _plain(member)
        if not isinstance(value, dict | list) and (kind := _kind(place, value)):
            is_text = kind in {"url", "cursor"}
            yield Sign(kind, join_keys(place), member if is_text else value, about=about)


def _holds_list(value: Any) -> bool:
    return isinstance(value, dict) and any(
        isinstance(member, list) or _holds_list(member) for member in value.values()
    )


def _in_links(links: list[Any], place: tuple[str, ...], own: set[int]) -> Iterator[Sign]:
    """Yield the link to the next page in a list of links, such as those of FHIR and PayPal."""
    for link in links:
        names = {flatten(name): name for name in link} if isinstance(link, dict) else {}
        relation = next((names[n] for n in ("rel", "relation", "ref") if n in names), None)
        target = next((names[n] for n in ("href", "url", "uri", "link") if n in names), None)
        if relation is None or target is None:
            return
        if str(link[relation]).lower() == "next" and id(link) not in own:
            test = f"[?(@.{relation}=='{link[relation]}')].{target}"
            yield Sign("url", to_jsonpath(place) + test, link[target])


def _plain(value: Any) -> Any:
    """Return a number or boolean that is written as a string as what it is."""
    if not isinstance(value, str):
        return value
    return int(value) if value.isdecimal() else _BOOLEANS.get(value.lower(), value)


def _kind(place: tuple[str, ...], value: Any) -> str | None:
    """Return the kind of a scalar by its name and type, None if it has none."""
    name, parent = flatten(place[-1]), flatten(place[-2]) if len(place) > 1 else ""
    # `next: {"href": …}`, `hits.total.value` of Elasticsearch, `pages: {"total": 5}`.
    if parent.startswith("next"):
        name = "next"
    elif (parent, name) in {("total", "value"), ("pages", "total"), ("pages", "count")}:
        name = parent
    if isinstance(value, bool):
        kinds = ["more", "last"]
    elif isinstance(value, int):
        kinds = ["pages", "total", "page", "size", "start", "more", "cursor"]
    else:
        kinds = ["url", "cursor"] if value is None or _is_link(value) else ["cursor"]
    return next((kind for kind in kinds if _is_named(kind, name)), None)


def _is_link(value: Any) -> bool:
    """Return whether a value looks like a URL or the end of one."""
    return isinstance(value, str) and (
        value.startswith(("http://", "https://", "/")) or ("?" in value and "=" in value)
    )


@lru_cache(4096)
def _is_named(kind: str, name: str, prefix: str = "") -> bool:
    return bool(re.fullmatch(f"{prefix}({_NAMES[kind]})", flatten(name)))
