"""The GET operations of an OpenAPI document that list records, each as a stream; pure.

What a path parameter stands for is decided elsewhere, once all lists are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.names import is_of_client, is_secret
from tap_oauth2_generic.importers.openapi_document import Document, is_secret_step, names_of
from tap_oauth2_generic.importers.openapi_responses import NotListedError, Responses
from tap_oauth2_generic.importers.openapi_schemas import Schemas, Shape
from tap_oauth2_generic.importers.paging import Paging, find_paging, signs_in
from tap_oauth2_generic.pagination.candidates import SIZES
from tap_oauth2_generic.parsing.guess_records import (
    is_usual_key,
    tells_change,
)
from tap_oauth2_generic.settings.paths import flatten

_MAX = re.compile(
    r"(?:max(?:imum)?\D{0,25}|up to |between 1 and |1\s*(?:-|to)\s*)(\d{1,6})\b", re.IGNORECASE
)
_SIZES = frozenset(map(flatten, SIZES))
_SCALARS = {"integer", "number", "string"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass
class Listing:
    """A stream in the making.

    ``params`` are the path parameters in order, ``values`` the names of parameters that the user
    has to give a value.
    """

    path: str
    operation: Mapping[str, Any]
    names: tuple[str, ...]
    definition: dict[str, Any]
    shape: Shape
    schema: dict[str, Any]
    paging: Paging
    params: dict[str, Mapping[str, Any]]
    values: list[str] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    connection: dict[str, dict[str, Any]] = field(default_factory=dict)


class Lister:
    """Reads operations; ``records`` of what lists is judged by names and schemas alone."""

    def __init__(self, document: Document) -> None:
        self._document, self._schemas = document, Schemas(document)
        self._responses = Responses(document, self._schemas)

    def read(self, path: str, operation: Mapping[str, Any], item: Mapping[str, Any]) -> Listing:
        """Return the stream of an operation; raise NotListedError if it does not list."""
        if re.search(r"[?#\s]", _PLACEHOLDER.sub("", path)):
            raise NotListedError("its path holds a query, a fragment or white space")
        if any(map(is_secret_step, path.split("/"))):
            raise NotListedError("its path seems to hold a secret, which no setting keeps")
        schemas, headers = self._responses.read(operation)
        body = self._schemas.example(schemas)
        params = self._params(operation, item)
        paging = find_paging(self._paging_params(params), signs_in(body, headers))
        records_path, items, is_sure = self._responses.records(
            path, schemas, body, is_paged=bool(paging.used)
        )
        shape = self._schemas.shape(items)
        if shape.kinds == {"array"}:
            raise NotListedError("its records are lists of values; set record_columns")
        definition: dict[str, Any] = {"path": path}
        if records_path:
            definition["records_path"] = records_path
        found = Listing(
            path,
            operation,
            names_of(path, operation),
            definition,
            shape,
            self._schemas.columns(items),
            paging,
            {p["name"]: p for p in params if p["in"] == "path"},
        )
        if not is_sure:
            found.remarks.append((f"records_path {records_path!r}", "another list may be meant"))
        servers = operation.get("servers") or item.get("servers")
        if servers and servers != self._document.raw.get("servers"):
            todo = "write its address before the path, and its host into allowed_hosts"
            found.remarks.append(("it has a server of its own", todo))
        self._fill(found, params)
        self._find_keys(found)
        return found

    def _params(
        self, operation: Mapping[str, Any], item: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the parameters, each with what its schema says; those of the operation win."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for parameter in (
            *self._document.objects(item.get("parameters")),
            *self._document.objects(operation.get("parameters")),
        ):
            schema = self._document.resolve(parameter.get("schema"))
            name, place = str(parameter.get("name") or ""), str(parameter.get("in"))
            is_required = parameter.get("required") is True
            own = {"name": name, "in": place, "required": is_required}
            found[name, place] = {**schema, **parameter, **own}
        return [*found.values()]

    def _paging_params(self, params: list[dict[str, Any]]) -> dict[str, Any]:
        found = {}
        for param in params:
            shape = self._schemas.join([param])
            is_time = shape.formats & {"date", "date-time"}
            if param["in"] == "query" and shape.kinds <= _SCALARS and not is_time:
                name = param["name"]
                found[name] = _size(param) if flatten(name) in _SIZES else _first(param)
        return found

    def _fill(self, found: Listing, params: list[dict[str, Any]]) -> None:
        """Add what requests need: parameters that are required, and those of the paging."""
        settings = found.paging.settings
        for param in params:
            name, place = param["name"], param["in"]
            sent = {"query": "params", "header": "headers"}.get(place)
            if not param["required"] or not name or place in {"path", "body", "formData"}:
                continue
            if name in found.paging.used or name == settings.get("page_size_param"):
                continue
            if sent is None:
                raise NotListedError(f"it requires {name!r} in a place that is not known: {place}")
            if sent == "headers" and (is_of_client(name) or name.lower() in _IGNORED):
                continue
            value = _known_value(param)
            if is_secret(name):
                # A default may be a key that was left in the document.
                found.connection.setdefault(sent, {})[name] = value
                continue
            if value is None:
                value = stand_in(name)
                found.values.append(name)
            found.definition.setdefault(sent, {})[name] = value
        if settings:
            found.definition["pagination"] = settings

    def _find_keys(self, found: Listing) -> None:
        properties = found.shape.properties
        stream = found.path.rstrip("/").rpartition("/")[2]
        keys = [
            name
            for name in properties
            if (is_usual_key(name, stream) or flatten(name) == "sid") and self.is_plain(found, name)
        ]
        keys.sort(key=lambda name: name != "id")
        if keys:
            found.definition["primary_keys"] = keys[:1]
        else:
            found.remarks.append(("no primary key", "set primary_keys if fields identify a record"))
        if keys and flatten(keys[0]) != "id":
            found.remarks.append((f"primary key {keys[0]!r}", "check that it identifies a record"))
        times = [
            name
            for name in properties
            if "date-time" in self._schemas.shape(properties[name]).formats
        ]
        if changed := [name for name in times if tells_change(name)]:
            found.remarks.append(
                (
                    f"replication key {changed[0]!r} may suit",
                    "set it, and incremental.start_param if the API filters by it",
                )
            )

    def is_plain(self, found: Listing, name: str) -> bool:
        """Return whether a field holds a string or a number, as a key does."""
        kinds = self._schemas.shape(found.shape.properties.get(name, [])).kinds
        return bool(kinds) and kinds <= _SCALARS


# Streams of which most need a parameter: it is about the connection.
_MANY = 3
# OpenAPI says that they are ignored: others decide about them.
_IGNORED = frozenset({"accept", "content-type", "authorization"})


def stand_in(name: str) -> str:
    """Return what stands for a value that the user has to give."""
    return "YOUR_" + re.sub(r"\W+", "_", name).strip("_").upper()


def share_values(listings: list[Listing]) -> None:
    """Move a parameter that most streams need, such as a tenant, to the connection."""
    for place in ("headers", "params"):
        needing: dict[str, list[Listing]] = {}
        for listing in listings:
            for name, value in listing.definition.get(place, {}).items():
                if value == stand_in(name):
                    needing.setdefault(name, []).append(listing)
        for name, found in needing.items():
            if len(found) < _MANY or 2 * len(found) <= len(listings):
                continue
            for listing in found:
                del listing.definition[place][name]
                listing.values.remove(name)
                listing.connection.setdefault(place, {})[name] = None
                if not listing.definition[place]:
                    del listing.definition[place]


def choices_of(param: Mapping[str, Any]) -> list[Any]:
    """Return the only values that a path parameter may have, none if it may have others."""
    values = param.get("enum")
    found = values if isinstance(values, list) else []
    return found if all(isinstance(one, str | int) and one != "" for one in found) else []


def _known_value(param: Mapping[str, Any]) -> Any:
    """Return the value that a document gives for a required parameter, None for no one."""
    values = choices_of(param)
    value = param.get("default", values[0] if len(values) == 1 else None)
    value = value if isinstance(value, str | int | float) else None
    return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value


def _size(param: Mapping[str, Any]) -> Any:
    """Return the largest page that is documented, else the usual one."""
    said = _MAX.search(str(param.get("description", ""))[:500])
    found = (param.get("maximum"), int(said[1]) if said else None, param.get("default"))
    numbers = (int(n) for n in found if isinstance(n, int | float) and 0 < n <= 10**6)
    return next(numbers, None)


def _first(param: Mapping[str, Any]) -> Any:
    value = param.get("default")
    return value if value is not None or param.get("minimum") not in (0, 1) else param["minimum"]
