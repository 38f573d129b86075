"""The kinds of settings that rooms declare: texts, numbers, addresses, paths, templates, objects.

Each turns a raw value into a parsed one or raises ValueError with the rest of a sentence.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tap_oauth2_generic.runtime import timestamps
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    FieldType,
    NestedProblemsError,
    near_choice,
)
from tap_oauth2_generic.settings.limits import MAX_INTEGER_DIGITS
from tap_oauth2_generic.settings.paths import parse_path
from tap_oauth2_generic.settings.patterns import Pattern, parse_pattern
from tap_oauth2_generic.settings.templates import parse_template

_LAST_OF_LATIN_1 = 0xFF
Parse = Callable[[Any], Any]


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address is this machine's own."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def text(value: Any) -> str:
    """Take a text; a number is taken as the text that it was written as."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    message = f"must be a text, not {described(value)}"
    raise ValueError(message)


def described(value: Any) -> str:
    """Name the JSON type of a value, with its article."""
    names = {dict: "an object", list: "an array", str: "a text", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _number(value: Any) -> Decimal:
    if not isinstance(value, bool) and isinstance(value, int | float | Decimal | str):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            pass
        else:
            if number.is_finite():
                return number
    shown = described(value) if isinstance(value, dict | list | bool) else repr(value)
    message = f"must be a number, not {shown}"
    raise ValueError(message)


def integer(minimum: int, *, maximum: int | None = None) -> FieldType:
    """A whole number within bounds."""

    def parse(value: Any) -> int:
        number = _number(value)
        if number.adjusted() > MAX_INTEGER_DIGITS:
            # Before it is written out: a huge exponent would fill the memory.
            message = f"is too large: {number}"
            raise ValueError(message)
        if number != number.to_integral_value():
            message = f"must be a whole number, not {number}"
            raise ValueError(message)
        _bound(number, minimum, maximum)
        return int(number)

    schema: dict[str, Any] = {"type": "integer", "minimum": minimum}
    return FieldType(schema if maximum is None else {**schema, "maximum": maximum}, parse)


def number(minimum: float, *, exclusive: bool = False, maximum: float | None = None) -> FieldType:
    """A number, whole or not, within bounds."""

    def parse(value: Any) -> float:
        found = _number(value)
        if exclusive and found <= Decimal(str(minimum)):
            message = f"must be above {minimum}, not {found}"
            raise ValueError(message)
        _bound(found, minimum, maximum)
        if float(found) == float("inf"):
            message = f"is too large: {found}"
            raise ValueError(message)
        return float(found)

    bound = "exclusiveMinimum" if exclusive else "minimum"
    schema = {"type": "number", bound: minimum}
    return FieldType(schema if maximum is None else {**schema, "maximum": maximum}, parse)


#: A length of time that somebody waits for; no clock could take one without an end.
WAITING = number(0, maximum=timestamps.YEAR_SECONDS)
TIMEOUT = number(0, exclusive=True, maximum=timestamps.YEAR_SECONDS)


def _bound(found: Decimal, minimum: float, maximum: float | None) -> None:
    if found < Decimal(str(minimum)):
        message = f"must be at least {minimum}, not {found}"
        raise ValueError(message)
    if maximum is not None and found > Decimal(str(maximum)):
        message = f"must be at most {maximum}, not {found}"
        raise ValueError(message)


def enum(*choices: str) -> FieldType:
    """One of a few words."""

    def parse(value: Any) -> str:
        if value in choices:
            return str(value)
        shown = repr(value) if isinstance(value, str) else described(value)
        message = f"must be one of {', '.join(choices)}, not {shown}"
        message += near_choice(value, choices)
        raise ValueError(message)

    return FieldType({"type": "string", "enum": list(choices)}, parse)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    message = f"must be true or false, not {described(value)}"
    raise ValueError(message)


def url(value: Any) -> str:
    """Take an absolute URL that a secret may be sent to: https, or http on loopback."""
    address = text(value).strip()
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or re.search(r"\s", address):
        message = "must be an absolute URL such as https://example.com/path"
        raise ValueError(message)
    if "@" in parts.netloc:
        message = "must hold no user name and no password"
        raise ValueError(message)
    if parts.scheme == "http" and not is_loopback(host):
        message = "must be https (plain http is for loopback hosts alone)"
        raise ValueError(message)
    return address


def _json(value: Any) -> Any:
    """Decode a text that holds JSON, as environment variables bring objects and arrays."""
    if isinstance(value, str):
        try:
            return json.loads(value, parse_float=Decimal)
        except ValueError:
            return value
    return value


def _object(value: Any) -> dict[str, Any]:
    found = _json(value)
    if not isinstance(found, Mapping):
        message = f"must be an object, not {described(found)}"
        raise ValueError(message)
    return dict(found)


def object_of(parse: Parse, schema: Mapping[str, Any]) -> FieldType:
    """An object whose names are the user's and whose values are all of one kind."""

    def parse_all(value: Any) -> dict[str, Any]:
        parsed = {}
        collector = ErrorCollector()
        for name, member in _object(value).items():
            try:
                parsed[name] = parse(member)
            except ValueError as error:
                collector.errors.append(f".{name}: {error}")
        _raise_any(collector)
        return parsed

    return FieldType({"type": "object", "additionalProperties": dict(schema)}, parse_all)


def array_of(parse: Callable[[Any, ErrorCollector], Any], schema: Mapping[str, Any]) -> FieldType:
    """An array whose members each note their own problems."""

    def parse_all(value: Any) -> list[Any]:
        found = _json(value)
        if not isinstance(found, list | tuple):
            message = f"must be an array, not {described(found)}"
            raise ValueError(message)
        parsed = []
        collector = ErrorCollector()
        for index, member in enumerate(found):
            inner = ErrorCollector()
            parsed.append(parse(member, inner))
            collector.errors += [f"[{index}]{_joined(sentence)}" for sentence in inner.errors]
        _raise_any(collector)
        return parsed

    return FieldType({"type": "array", "items": dict(schema)}, parse_all)


def nested(
    parse: Callable[[dict[str, Any], ErrorCollector], Any], schema: Mapping[str, Any]
) -> FieldType:
    """A nested object with settings of its own."""

    def parse_one(value: Any) -> Any:
        inner = ErrorCollector()
        parsed = parse(_object(value), inner)
        collector = ErrorCollector([_joined(sentence) for sentence in inner.errors])
        _raise_any(collector)
        return parsed

    return FieldType(schema, parse_one)


def _joined(sentence: str) -> str:
    """Put a dot before a place, a colon before a sentence that has no place of its own."""
    place = re.match(r"[\w$.\[\]-]+(?=: )", sentence)
    return f".{sentence}" if place else f": {sentence}"


def _raise_any(collector: ErrorCollector) -> None:
    if collector.errors:
        raise NestedProblemsError(collector)


def _strings(value: Any) -> list[str]:
    found = _json(value) if isinstance(value, str) and value.startswith("[") else value
    members = found if isinstance(found, list | tuple) else [found]
    return [word for member in members for word in re.split(r"[\s,]+", text(member)) if word]


def _names(value: Any) -> list[str]:
    found = _json(value)
    if not isinstance(found, list | tuple):
        message = f"must be an array of texts, not {described(found)}"
        raise ValueError(message)
    return [text(member) for member in found]


def statuses(value: Any) -> frozenset[int]:
    """Take an array of HTTP status codes."""
    found = _json(value)
    if not isinstance(found, list | tuple):
        message = f"must be an array of status codes, not {described(found)}"
        raise ValueError(message)
    return frozenset(integer(100, maximum=599).parse(member) for member in found)


def _regex(value: Any) -> Pattern:
    pattern = parse_pattern(text(value))
    if not pattern.groups:
        message = "needs a group in parentheses around the part to take"
        raise ValueError(message)
    return pattern


def parameter(value: Any) -> Any:
    """Take the value of a query parameter: a template, number, boolean or an array of them."""
    if isinstance(value, str):
        return parse_template(value)
    if isinstance(value, list | tuple):
        return [parameter(member) for member in value]
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    message = f"must be a text, number, boolean or an array of them, not {described(value)}"
    raise ValueError(message)


def _header(value: Any) -> Any:
    if value is None:
        return None  # takes a header of the connection away
    template = parse_template(text(value))
    if re.search(r"[\r\n]", template.text):
        message = "must be one line"
        raise ValueError(message)
    if any(ord(character) > _LAST_OF_LATIN_1 for character in template.text):
        message = "holds a character that no header can carry (beyond Latin-1)"
        raise ValueError(message)
    return template


def _header_text(value: Any) -> str:
    """Take the plain value of a header, with no holes in it."""
    found = text(value)
    if re.search(r"[\r\n]", found) or any(ord(c) > _LAST_OF_LATIN_1 for c in found):
        message = "must be one line of Latin-1"
        raise ValueError(message)
    return found


def _body(value: Any) -> Any:
    """Parse every text inside a body as a template, keeping its shape."""
    value = _json(value)
    if isinstance(value, Mapping):
        return {name: _body_part(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_body_part(member) for member in value]
    message = f"must be an object or an array, not {described(value)}"
    raise ValueError(message)


def _body_part(value: Any) -> Any:
    if isinstance(value, str):
        return parse_template(value)
    return _body(value) if isinstance(value, Mapping | list) else value


def is_there(path: str) -> bool:
    """Tell whether there is a file or folder; a name that is too long has none."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


_PARAMETER = {"type": ["string", "number", "boolean", "array", "null"]}
TEXT = FieldType({"type": "string"}, text, empty_is_absent=False)
NAME = FieldType({"type": "string"}, text)
BOOLEAN = FieldType({"type": "boolean"}, _boolean)
URL = FieldType({"type": "string", "format": "uri"}, url)
PATH = FieldType({"type": "string"}, lambda value: parse_path(text(value)))
TEMPLATE = FieldType({"type": "string"}, lambda value: parse_template(text(value)))
REGEX = FieldType({"type": "string", "format": "regex"}, _regex)
STRINGS = FieldType({"type": ["array", "string"], "items": {"type": "string"}}, _strings)
NAMES = FieldType({"type": "array", "items": {"type": "string"}}, _names)
STATUSES = FieldType({"type": "array", "items": {"type": "integer"}}, statuses)
PARAMETERS = object_of(parameter, _PARAMETER)
HEADERS = object_of(_header, {"type": ["string", "number", "null"]})
TEXTS = object_of(_header_text, {"type": ["string", "number"]})
PATHS = object_of(lambda value: parse_path(text(value)), {"type": "string"})
JSON_OBJECT = FieldType({"type": "object"}, _object)
BODY = FieldType({"type": ["object", "array"]}, _body)
