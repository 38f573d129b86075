"""Import an OpenAPI document, 2.0 to 3.1: its schemes as a grant, its lists as streams; pure.

What the document leaves open is said, never guessed: see the modules for its parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import Imported, ImportOptions
from tap_oauth2_generic.importers.names import stream_name
from tap_oauth2_generic.importers.openapi_document import (
    Document,
    names_of,
    operations,
    read_document,
    shown_path,
)
from tap_oauth2_generic.importers.openapi_operations import Lister, Listing, share_values
from tap_oauth2_generic.importers.openapi_parents import (
    Contexts,
    declare_partitions,
    needs_values,
    shape_of,
)
from tap_oauth2_generic.importers.openapi_responses import NotListedError
from tap_oauth2_generic.importers.openapi_security import Security
from tap_oauth2_generic.importers.openapi_servers import add_base_url
from tap_oauth2_generic.importers.paging import doubt
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.stats import plural

# Names in a sentence of the report, and sentences about one stream each.
_MAX_NAMED = 10
_MAX_SINGLE = 20
_MAX_LINES = 60
_NO_VALUE = "not selected, for the document gives no value for a parameter"
_GIVE_VALUE = 'put yours in place of YOUR_…, then remove "selected": false'
# A document is no proof: what it lacks or has wrong is kept, too.
_KEEP_ALL = {"new_fields": "add", "on_type_change": "variant"}


def read(text: str, options: ImportOptions) -> Imported:
    """Read a document; raise InputError if no operation of it becomes a stream."""
    document = read_document(text)
    made, reading = Imported({}), _Reading(document, options)
    add_base_url(document, made)
    listings = reading.streams()
    if not listings:
        raise InputError(
            "no operation of the document becomes a stream"
            + "".join(f"; {line}" for line in reading.left_out.lines()[:3])
        )
    Security(document, made).read([one.operation for one in listings])
    for listing in listings:
        for place, members in listing.connection.items():
            made.secrets.setdefault(place, {}).update(members)
    made.config["streams"] = [_definition(listing) for listing in listings]
    _report(listings, reading, made)
    return made


class Groups:
    """Names by what is said of them, for a report of bounded length."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, said: str, name: str) -> None:
        """Add a name to those of which this is said."""
        self._names.setdefault(said, []).append(name)

    def lines(self) -> list[str]:
        """Return a sentence for each, about the most first."""
        return [
            f"{said}: {len(names)}: {', '.join(names[:_MAX_NAMED])}"
            + (f" and {more} more" if (more := len(names) - _MAX_NAMED) > 0 else "")
            for said, names in sorted(self._names.items(), key=lambda one: -len(one[1]))
        ][:_MAX_LINES]


class _Reading:
    """Chooses operations, makes streams of them, and notes which it leaves out."""

    def __init__(self, document: Document, options: ImportOptions) -> None:
        self._document, self._options = document, options
        self.left_out, self.references = Groups(), Groups()
        self.broken = document.broken
        self.excluded = self.writing = 0

    def streams(self) -> list[Listing]:
        """Return the streams that were chosen, and parents that those need."""
        listed, chosen = self._list()
        taken: set[str] = set()
        # The shortest path gets the shortest name.
        for listing in sorted(listed.values(), key=lambda one: one.path.count("/")):
            name = stream_name(listing.path.removesuffix(".json"), taken)
            taken.add(name)
            listing.definition = {"name": name, **listing.definition}
        contexts = Contexts(listed)
        needed: dict[int, Listing] = {}
        for listing in listed.values():
            at: Listing | None = listing if id(listing) in chosen else None
            while at is not None and id(at) not in needed:
                needed[id(at)] = at
                at = contexts.fill(at)
        found = [one for one in listed.values() if id(one) in needed]
        share_values(found)
        for listing in found:
            declare_partitions(listing)
            if id(listing) not in chosen or needs_values(listing, contexts):
                listing.definition["selected"] = False
        return found

    def _list(self) -> tuple[dict[str, Listing], set[int]]:
        """Return what lists, by path, and which of it was chosen."""
        listed: dict[str, Listing] = {}
        chosen: set[int] = set()
        lister = Lister(self._document)
        for path, method, operation, item in operations(self._document):
            if method != "get":
                self.writing += 1
                continue
            takes = self._options.takes(*names_of(path, operation))
            self.excluded += not takes
            try:
                listing = lister.read(path, operation, item)
            except NotListedError as error:
                if takes:
                    self.left_out.add(str(error), shown_path(path))
                continue
            if shape_of(path) in listed:
                if takes:
                    self.left_out.add("another operation has the same path", shown_path(path))
                continue
            listed[shape_of(path)] = listing
            if takes:
                chosen.add(id(listing))
        return listed, chosen


def _definition(listing: Listing) -> dict[str, Any]:
    """Return the settings of a stream, its long schema last."""
    schema = {"schema": listing.schema, **_KEEP_ALL} if listing.schema else {}
    return {**listing.definition, **schema}


def _report(listings: list[Listing], reading: _Reading, made: Imported) -> None:
    paged, unsure = Groups(), Groups()
    singles = sum(bool(listing.paging.unsure) for listing in listings) <= _MAX_SINGLE
    for listing in listings:
        name, paging = str(listing.definition["name"]), listing.paging
        if paging.unsure and singles:
            made.unsure.append(f"{doubt(name)}: {paging.unsure}; try it with preview --suggest")
        elif paging.unsure:
            unsure.add(f"paging: {paging.unsure}; try it with preview --suggest", name)
        elif paging.settings:
            paged.add(f"pagination {encode_json(paging.settings).decode()}", name)
        for remark in _remarks(listing):
            unsure.add(*remark)
    made.derived.append(f"{plural(len(listings), 'stream')} of GET operations that list")
    if reading.writing:
        made.derived.append(
            f"not read: {plural(reading.writing, 'operation')} of other methods than GET"
        )
    if reading.excluded:
        made.derived.append(f"left out as you asked: {plural(reading.excluded, 'GET operation')}")
    made.derived += paged.lines()
    made.unsure += unsure.lines()
    made.left_out += reading.left_out.lines()
    for ref, reason in reading.broken.items():
        reading.references.add(f"reference: {reason}", ref)
    made.left_out += reading.references.lines()


def _remarks(listing: Listing) -> Iterator[tuple[str, str]]:
    """Yield what a user should check of a stream, and its name."""
    name = str(listing.definition["name"])
    if not listing.paging.unsure and not listing.paging.settings:
        yield "no sign of paging: check that all records are on one page", name
    for what, todo in listing.remarks:
        yield f"{what}; {todo}", name
    if listing.operation.get("deprecated") is True:
        yield "deprecated, says the document", name
    if listing.values:
        wanted = ", ".join(dict.fromkeys(listing.values))
        yield f"{_NO_VALUE}: {_GIVE_VALUE}", f"{name} ({wanted})"
    elif listing.definition.get("selected") is False:
        yield "not selected, for a stream above it is not, or you did not include it", name
