"""The schemas of an OpenAPI document as columns of the tap, and as an example; pure.

Nothing that a schema allows is lost: the branches of allOf, oneOf and anyOf are joined, every
column takes null, and a column that may hold different types is a string, which holds any as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.openapi_document import Document
from tap_oauth2_generic.records.infer import ANY_VALUE, COLUMNS, FREE_FORM, settle_items

# Of one stream; what is beyond is an object or list without columns of its own, as is a cycle.
_MAX_COLUMNS = 300
_MAX_DEPTH = 5
_KINDS = frozenset({"object", "array", "string", "integer", "number", "boolean"})
_BRANCHES = ("allOf", "oneOf", "anyOf")
_OF_FORMATS = {"int32": "integer", "int64": "integer", "float": "number", "double": "number"}
_OF_FORMATS |= dict.fromkeys(("date-time", "date", "uuid", "uri", "email", "byte"), "string")
_OF_VALUES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_STEP = re.compile(r"'([^']*)'|\[(\*|\d+)\]|([^.\[\]'$]+)")
_LINK = re.compile(r"url|uri|link|href", re.IGNORECASE)
_SAID_LINK = re.compile(r"\b(url|uri|link|hyperlink)\b", re.IGNORECASE)
_MAX_SAID = 300


@dataclass
class Shape:
    """What some schemas say together: the types of a value, and what is inside it."""

    kinds: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    properties: dict[str, list[Any]] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    value: Any = None
    said: str = ""


class Schemas:
    """Reads the schemas of a document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = 0
        # By the place of a schema in memory: many streams have the same.
        self._shapes: dict[int, Shape] = {}
        self._columns: dict[int, dict[str, Any]] = {}
        self._kept: list[Shape] = []

    def shape(self, schemas: Sequence[Any]) -> Shape:
        """Return what some schemas of the document say together, not to be changed."""
        if len(schemas) != 1:
            return self.join(schemas)
        place = id(self._document.resolve(schemas[0]))
        if place not in self._shapes:
            self._shapes[place] = self.join(schemas)
        return self._shapes[place]

    def join(self, schemas: Sequence[Any]) -> Shape:
        """Return what some schemas say together, of which one may not be in the document."""
        shape, seen = Shape(), set[int]()
        waiting = list(reversed(schemas))
        while waiting:
            schema = self._document.resolve(waiting.pop())
            if schema and id(schema) not in seen:
                seen.add(id(schema))
                _add(schema, shape)
                for name in _BRANCHES:
                    members = schema.get(name)
                    waiting += reversed(members) if isinstance(members, list) else ()
        return shape

    def at(self, schemas: Sequence[Any], path: str) -> list[Any]:
        """Return the schemas at a path of records."""
        for name, index, word in _STEP.findall(path):
            shape = self.shape(schemas)
            schemas = shape.items if index else shape.properties.get(name or word, [])
        return list(schemas)

    def columns(self, schemas: Sequence[Any]) -> dict[str, Any]:
        """Return the JSON Schema of records, an empty one if their columns are not known."""
        shape = self.shape(schemas)
        if id(shape) not in self._columns:
            self._left = _MAX_COLUMNS
            found: dict[str, Any] = {}
            if shape.kinds == {"object"}:
                found = self._properties(shape, 0, self._places(schemas))
            elif shape.kinds and not shape.kinds & {"object", "array"}:
                # As the tap names the value of a record that is no object.
                found = {"value": _scalar(shape)}
            self._columns[id(shape)] = settle_items({"type": "object", "properties": found}, {})
            self._kept.append(shape)
        known: dict[str, Any] = self._columns[id(shape)]["properties"]
        return {"type": "object", "properties": {**known}} if known else {}

    def _properties(self, shape: Shape, depth: int, above: frozenset[int]) -> dict[str, Any]:
        found = {}
        for name, schemas in shape.properties.items():
            self._left -= 1
            found[name] = self._column(schemas, depth + 1, above)
        return found

    def _column(self, schemas: Sequence[Any], depth: int, above: frozenset[int]) -> dict[str, Any]:
        own, shape = self._places(schemas), self.shape(schemas)
        is_cut = bool(own & above) or depth > _MAX_DEPTH or self._left <= 0
        if shape.kinds == {"object"}:
            if is_cut or not shape.properties:
                return dict(FREE_FORM)
            return {**FREE_FORM, "properties": self._properties(shape, depth, above | own)}
        if shape.kinds == {"array"}:
            items = {} if is_cut else self._column(shape.items, depth + 1, above | own)
            return {"type": ["array", "null"], "items": items}
        return _scalar(shape)

    def _places(self, schemas: Sequence[Any]) -> frozenset[int]:
        return frozenset(id(self._document.resolve(one)) for one in schemas)

    def example(self, schemas: Sequence[Any]) -> Any:
        """Return a value that fits some schemas, to look at as at a response."""
        self._left = _MAX_COLUMNS
        return self._example(self.shape(schemas), 0, "")

    def _example(self, shape: Shape, depth: int, name: str) -> Any:
        self._left -= 1
        is_object = shape.kinds == {"object"} or (not depth and "array" not in shape.kinds)
        if is_object and (shape.properties or shape.kinds):
            # A list inside of a record is none of the records.
            is_record = depth and "id" in shape.properties
            is_cut = depth >= _MAX_DEPTH or is_record or self._left <= 0
            members = () if is_cut else shape.properties.items()
            return {
                inner: self._example(self.shape(one), depth + 1, f"{name}.{inner}")
                for inner, one in members
            }
        if shape.kinds == {"array"}:
            # Members of records lead nowhere, but for the nodes of edges.
            depth = max(depth + 1, _MAX_DEPTH - 1)
            item = self._example(self.shape(shape.items), depth, name) if self._left > 0 else {}
            return [item, item]
        if shape.kinds == {"boolean"}:
            return True
        if shape.kinds and shape.kinds <= {"integer", "number"}:
            return 1
        return _text(shape, name)


def _text(shape: Shape, name: str) -> str:
    is_link = bool(shape.formats & {"uri", "url", "uri-reference"} or _LINK.search(name))
    is_link = is_link or bool("next" in name.lower() and _SAID_LINK.search(shape.said))
    shown = shape.value if isinstance(shape.value, str) else ""
    if is_link or shown.startswith(("http://", "https://")):
        return "https://api.example.com/?page=2"
    return shown or "abc"


def _scalar(shape: Shape) -> dict[str, Any]:
    kinds = shape.kinds
    if kinds == {"integer", "number"}:
        return dict(COLUMNS["number"])
    if kinds == {"string"} and shape.formats == {"date-time"}:
        return dict(COLUMNS["date-time"])
    if len(kinds) == 1 and not kinds & {"object", "array"}:
        return dict(COLUMNS[next(iter(kinds))])
    return dict(ANY_VALUE)


def _add(schema: Mapping[str, Any], shape: Shape) -> None:
    kinds = _kinds(schema)
    shape.kinds |= kinds
    if "string" in kinds:
        shape.formats.add(str(schema.get("format", "")))
    if shape.value is None:
        shape.value = schema.get("example")
    shape.said = shape.said or str(schema.get("description", ""))[:_MAX_SAID]
    properties = schema.get("properties")
    for name, member in properties.items() if isinstance(properties, dict) else ():
        if not (isinstance(member, dict) and member.get("writeOnly") is True):
            shape.properties.setdefault(str(name), []).append(member)
    items, required = schema.get("items"), schema.get("required")
    shape.items += items if isinstance(items, list) else [items] if items else []
    prefix = schema.get("prefixItems")
    shape.items += prefix if isinstance(prefix, list) else []
    if isinstance(required, list):
        shape.required |= {name for name in required if isinstance(name, str)}


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    named = schema.get("type")
    listed = named if isinstance(named, list) else [named]
    kinds = {kind.lower() for kind in listed if isinstance(kind, str)}
    if kinds & _KINDS:
        return kinds & _KINDS
    if isinstance(schema.get("properties"), dict) or "additionalProperties" in schema:
        return {"object"}
    if "items" in schema:
        return {"array"}
    values = schema.get("enum")
    values = values if isinstance(values, list) else [schema["const"]] if "const" in schema else []
    found = {_OF_VALUES[type(value)] for value in values if type(value) in _OF_VALUES}
    by_format = _OF_FORMATS.get(str(schema.get("format")))
    return found or ({by_format} if by_format else set())
