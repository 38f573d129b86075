"""Read a Postman collection (version 2.0 or 2.1) as a configuration; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import Imported, ImportOptions
from tap_oauth2_generic.importers.postman_auth import read_auth
from tap_oauth2_generic.importers.postman_items import Item, items_of, open_variables, string
from tap_oauth2_generic.importers.postman_request import RequestParts, saved_bodies
from tap_oauth2_generic.importers.postman_url import read_address
from tap_oauth2_generic.importers.seen_requests import (
    Seen,
    is_variable,
    lists,
    only_reads,
    take_connection,
)
from tap_oauth2_generic.importers.seen_streams import StreamMaker
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.values import from_json

_MOST_NAMED = 10


def read(text: str, options: ImportOptions) -> Imported:
    """Return the configuration of a collection; raise InputError if no request lists records."""
    try:
        collection = _open(from_json(text.removeprefix("\ufeff")))
        return _Collection(options).read(collection)
    except RecursionError:
        raise InputError("the collection is nested too deeply") from None


def _open(document: Any) -> Mapping[str, Any]:
    inner = document.get("collection") if isinstance(document, dict) else None
    document = inner if isinstance(inner, dict) else document
    if not isinstance(document, dict):
        raise InputError("it holds no JSON object; export a collection as v2.1")
    if isinstance(document.get("item"), list):
        return document
    if isinstance(document.get("requests"), list):
        raise InputError("it is a collection of version 1; export it as v2.1")
    if isinstance(document.get("values"), list):
        raise InputError("it is an environment; import the collection instead")
    raise InputError("it is no Postman collection: it has no list 'item'")


@dataclass
class _Found:
    """A request that lists records, and the host that it is for."""

    item: Item
    seen: Seen
    base: str


class _Collection:
    """Collects the requests of a collection that list records."""

    def __init__(self, options: ImportOptions) -> None:
        self._options = options
        self._made = Imported({})
        self._aside: dict[str, list[str]] = {}

    def read(self, collection: Mapping[str, Any]) -> Imported:
        """Return the configuration; raise InputError if there is no stream."""
        found = [one for item in items_of(collection) if (one := self._look(item)) is not None]
        chosen = self._of_one_host(found)
        if chosen:
            self._connect([one.item for one in chosen])
            base = chosen[0].base
            if open_variables(base):
                names = ", ".join(map(repr, open_variables(base)))
                self._made.left_out.append(
                    f"variable {names}: the collection has no value, an environment may; "
                    "set base_url"
                )
            else:
                self._made.config["base_url"] = base
            for one in chosen:
                take_connection(self._made, one.seen.request)
                self._made.left_out += one.seen.remarks
            StreamMaker(self._made).add([one.seen for one in chosen])
        self._made.left_out += [f"{_name_some(who)}: {why}" for why, who in self._aside.items()]
        if not self._made.config.get("streams"):
            raise InputError("; ".join(["no request lists records", *self._made.left_out[:3]]))
        return self._made

    def _look(self, item: Item) -> _Found | None:
        """Return a request that lists records; else note why it is left out."""
        try:
            address = read_address(item.request.get("url"), item.scope)
            if not self._options.takes("/".join(address.steps), " / ".join(item.names)):
                return None
            seen = RequestParts(item, address).read()
            seen.pages = _lists(item, seen)
        except ValueError as error:
            self._aside.setdefault(str(error), []).append(item.where)
            return None
        return _Found(item, seen, address.base)

    def _of_one_host(self, found: list[_Found]) -> list[_Found]:
        bases = Counter(one.base for one in found)
        for base, count in bases.most_common()[1:]:
            self._made.left_out.append(
                f"{count} requests to {base}: a configuration has one API; import them apart"
            )
        most = next(iter(bases.most_common(1)), ("", 0))[0]
        return [one for one in found if one.base == most]

    def _connect(self, items: list[Item]) -> None:
        """Take the authorization that most requests have."""
        read_all = [read_auth(item.auth, item.scope) for item in items]
        kinds = Counter(string(item.auth.get("type")) or "noauth" for item in items)
        usual = kinds.most_common(1)[0][0]
        for item, made in zip(items, read_all, strict=True):
            kind = string(item.auth.get("type")) or "noauth"
            if kind == usual and not (self._made.config or self._made.secrets):
                self._made.config |= made.config
                self._made.secrets |= made.secrets
                self._made.left_out += made.left_out
            elif kind != usual:
                self._made.unsure.append(
                    f"{item.where}: its auth is {kind!r}; the connection's, {usual!r}, is used"
                )
        scripts = dict.fromkeys(name for item in items for name in item.scripts)
        if scripts:
            self._made.left_out.append(
                f"{_name_some(list(scripts))}: not run; set what scripts compute as settings"
            )


def _lists(item: Item, seen: Seen) -> list[Page]:
    """Return the saved responses of a request; raise ValueError if it lists no records."""
    if not only_reads(seen.request, seen.steps, seen.graphql):
        raise ValueError("they may write; only requests that read are taken")
    name = seen.steps[-1] if seen.steps else ""
    found = [lists(body, headers, "", name) for body, headers in saved_bodies(item)]
    pages = [page for page in found if page is not None]
    if not pages and (found or is_variable(name)):
        raise ValueError("they read one record, not a list")
    return pages


def _name_some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
