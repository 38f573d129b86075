"""The types of settings: strings, numbers, URLs, paths, templates, objects, arrays.

Each parses a raw value or raises ValueError with the rest of a sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from tap_oauth2_generic.settings.fields import (
    WRONG,
    ErrorCollector,
    FieldType,
    NestedError,
    errors_at,
    names_of,
    near_choice,
    read,
    reject_unknown,
    schema_of,
    title,
)
from tap_oauth2_generic.settings.limits import MAX_INTEGER_DIGITS, MAX_SECONDS
from tap_oauth2_generic.settings.paths import parse_path
from tap_oauth2_generic.settings.patterns import Pattern, parse_pattern
from tap_oauth2_generic.settings.templates import as_text, parse_template
from tap_oauth2_generic.settings.values import (
    array,
    boolean,
    from_json,
    json_type,
    map_leaves,
    read_number,
    text,
    url,
)

_T = TypeVar("_T")
Parse = Callable[[Any], Any]
ParseObject = Callable[[Mapping[str, Any], ErrorCollector], Any]


def integer(minimum: int, *, maximum: int | None = None) -> FieldType:
    """A whole number within bounds."""
    return number(minimum, maximum=maximum, whole=True)


def number(
    minimum: int, *, maximum: int | None = None, exclusive: bool = False, whole: bool = False
) -> FieldType:
    """A number within bounds, an ``int`` if it must be whole."""

    def parse(value: Any) -> float:
        found = read_number(value)
        if (whole and found.adjusted() > MAX_INTEGER_DIGITS) or math.isinf(float(found)):
            # Before it is written out: a huge exponent would fill the memory.
            raise ValueError(f"is too large: {found}")
        if whole and found != found.to_integral_value():
            raise ValueError(f"must be a whole number, not {found}")
        if found < minimum or (exclusive and found == minimum):
            least = "above" if exclusive else "at least"
            raise ValueError(f"must be {least} {minimum}, not {found}")
        if maximum is not None and found > maximum:
            raise ValueError(f"must be at most {maximum}, not {found}")
        return int(found) if whole else float(found)

    bounds = {"exclusiveMinimum" if exclusive else "minimum": minimum}
    bounds |= {} if maximum is None else {"maximum": maximum}
    return FieldType({"type": "integer" if whole else "number", **bounds}, parse)


def enum(*choices: str) -> FieldType:
    """One of a few words."""

    def parse(value: Any) -> str:
        if value in choices:
            return str(value)
        shown = repr(value) if isinstance(value, str) else json_type(value)
        near = near_choice(value, choices)
        raise ValueError(f"must be one of {', '.join(choices)}, not {shown}{near}")

    return FieldType({"type": "string", "enum": list(choices)}, parse)


def _object(value: Any) -> dict[str, Any]:
    found = from_json(value)
    if not isinstance(found, Mapping):
        raise ValueError(f"must be an object, not {json_type(found)}")
    return dict(found)


def object_of(parse: Parse, schema: Mapping[str, Any]) -> FieldType:
    """An object with any keys, whose values are all of one type."""

    def parse_all(value: Any) -> dict[str, Any]:
        members = _object(value)
        places = {f".{name}": member for name, member in members.items()}
        return _parse_each(places, parse, lambda parsed: dict(zip(members, parsed, strict=True)))

    return FieldType({"type": "object", "additionalProperties": dict(schema)}, parse_all)


def object_with(parse: ParseObject, schema: Mapping[str, Any]) -> FieldType:
    """An object with the properties of a schema."""
    entries = {name: {**one, "title": title(name)} for name, one in schema["properties"].items()}

    def parse_member(raw: Mapping[str, Any], collector: ErrorCollector) -> Any:
        reject_unknown(raw, entries, "", collector)
        return parse(raw, collector)

    return nested(parse_member, {"type": "object", **schema, "properties": entries})


def array_of(parse: ParseObject, schema: Mapping[str, Any]) -> FieldType:
    """An array of objects with the properties of a schema."""
    items = object_with(parse, schema)

    def parse_all(value: Any) -> list[Any]:
        places = {f"[{index}]": member for index, member in enumerate(array(value))}
        return _parse_each(places, items.parse, list)

    return FieldType({"type": "array", "items": items.schema}, parse_all)


def _parse_each(members: Mapping[str, Any], parse: Parse, collect: Callable[[list[Any]], _T]) -> _T:
    """Parse members given by place; raise NestedError with the mistakes of all."""
    parsed, errors = [], []
    for place, member in members.items():
        try:
            parsed.append(parse(member))
        except ValueError as error:
            errors += errors_at(place, error)
            parsed.append(getattr(error, "parsed", WRONG))
    if errors:
        raise NestedError(*errors, parsed=collect(parsed))
    return collect(parsed)


def section(declaration: type) -> FieldType:
    """A nested object with the settings of a declaration."""

    def parse(raw: Mapping[str, Any], collector: ErrorCollector) -> Any:
        reject_unknown(raw, names_of(declaration), "", collector)
        return read(declaration, raw, collector)

    return nested(parse, {**schema_of(declaration), "additionalProperties": False})


def nested(parse: ParseObject, schema: Mapping[str, Any]) -> FieldType:
    """A nested object, parsed or rejected with all its mistakes."""

    def parse_one(value: Any) -> Any:
        raw, collector, parsed = _object(value), ErrorCollector(), WRONG
        try:
            parsed = parse(raw, collector)
        except ValueError as error:
            collector.add("", str(error))
        if collector.errors:
            found = ((place and f".{place}", said) for place, said in collector.found)
            raise NestedError(*found, parsed=parsed)
        return parsed

    return FieldType(schema, parse_one)


def _strings(value: Any) -> list[str]:
    found = from_json(value) if isinstance(value, str) and value.startswith("[") else value
    members = found if isinstance(found, list | tuple) else [found]
    return [word for member in members for word in re.split(r"[\s,]+", text(member)) if word]


def statuses(value: Any) -> frozenset[int]:
    """Read an array of HTTP status codes."""
    return frozenset(integer(100, maximum=599).parse(one) for one in array(value, "status codes"))


def _regex(value: Any) -> Pattern:
    pattern = parse_pattern(text(value))
    if not pattern.groups:
        raise ValueError("needs a group in parentheses around the part to extract")
    return pattern


def parameter(value: Any) -> Any:
    """Read the value of a query parameter: a template, number, boolean or an array of them."""
    if isinstance(value, str):
        return parse_template(value, is_free=True)
    if isinstance(value, list | tuple):
        return [parameter(member) for member in value]
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    raise ValueError(f"must be a string, number, boolean or array of them, not {json_type(value)}")


def _header_string(value: Any) -> str:
    found = as_text(value) if isinstance(value, bool) else text(value)
    if re.search(r"[\r\n]", found):
        raise ValueError("must be a single line")
    if max(found, default="") > "\xff":
        raise ValueError("contains a character that headers cannot carry (beyond Latin-1)")
    return found


def _header(value: Any) -> Any:
    # A null removes a header of the connection.
    return None if value is None else parse_template(_header_string(value))


def _free_text(value: Any) -> Any:
    return parse_template(value, is_free=True) if isinstance(value, str) else value


def _body(value: Any) -> Any:
    found = from_json(value)
    if not isinstance(found, Mapping | list):
        raise ValueError(f"must be an object or an array, not {json_type(found)}")
    return map_leaves(found, _free_text)


#: Seconds to wait; no clock could handle an endless wait.
WAITING = number(0, maximum=MAX_SECONDS)
TIMEOUT = number(0, exclusive=True, maximum=MAX_SECONDS)
_PARAMETER = {"type": ["string", "number", "boolean", "array", "null"]}
TEXT = FieldType({"type": "string"}, text, empty_is_absent=False)
NAME = FieldType({"type": "string"}, text)
BOOLEAN = FieldType({"type": "boolean"}, boolean)
URL = FieldType({"type": "string", "format": "uri"}, url)
PATH = FieldType({"type": "string"}, lambda value: parse_path(text(value)))
TEMPLATE = FieldType({"type": "string"}, lambda value: parse_template(text(value)))
REGEX = FieldType({"type": "string", "format": "regex"}, _regex)
STRINGS = FieldType({"type": ["array", "string"], "items": {"type": "string"}}, _strings)
NAMES = FieldType(
    {"type": "array", "items": {"type": "string"}},
    lambda value: [text(member) for member in array(value, "strings")],
)
VALUES = FieldType({"type": "array"}, array)
STATUSES = FieldType({"type": "array", "items": {"type": "integer"}}, statuses)
PARAMETERS = object_of(parameter, _PARAMETER)
HEADERS = object_of(_header, {"type": ["string", "number", "boolean", "null"]})
PATHS = object_of(PATH.parse, PATH.schema)
TEMPLATES = FieldType({"type": "object"}, lambda value: map_leaves(_object(value), _free_text))
TEXT_TEMPLATES = object_of(
    lambda value: _free_text(_header_string(value)), {"type": ["string", "number", "boolean"]}
)
JSON_OBJECT = FieldType({"type": "object"}, _object)
BODY = FieldType({"type": ["object", "array"]}, _body)
