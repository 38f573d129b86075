"""Parse query strings, forms and JSON bodies into checked values. No endpoint lives here."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tap_oauth2_generic.demo.http_messages import invalid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oauth2_generic.demo.http_messages import Request

_MAX_FIELDS = 100
_DIGITS = re.compile(r"[0-9]{1,9}")
_INSTANT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d+))?"
    r"(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)


def fields(encoded: str | bytes) -> dict[str, str]:
    """Return the fields of a query string or an ``application/x-www-form-urlencoded`` body.

    Raises an ``invalid_request`` problem if it is not UTF-8 or repeats a name.
    """
    pairs = _pairs(encoded)
    found = dict(pairs)
    if len(found) < len(pairs):
        raise invalid_request("a parameter is given more than once")
    return found


def oauth_fields(encoded: str | bytes) -> dict[str, str]:
    """Return fields, those without a value omitted (RFC 6749 section 3.1)."""
    return {name: value for name, value in fields(encoded).items() if value}


def repeated_fields(encoded: str | bytes) -> dict[str, object]:
    """Return fields; the values of a repeated one are a list."""
    found: dict[str, list[str]] = {}
    for name, value in _pairs(encoded):
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _pairs(encoded: str | bytes) -> list[tuple[str, str]]:
    try:
        text = encoded.decode() if isinstance(encoded, bytes) else encoded
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise invalid_request("the parameters cannot be decoded") from None


class Params:
    """The parameters of one API request; every reader raises an ``invalid_request`` problem."""

    def __init__(self, values: Mapping[str, object], *, all_strings: bool) -> None:
        """Keep decoded ``values``; if ``all_strings``, digits are read as a number."""
        self._values = values
        self._all_strings = all_strings

    @classmethod
    def from_query(cls, query: str) -> Params:
        """Read a query string."""
        return cls(fields(query), all_strings=True)

    @classmethod
    def from_anywhere(cls, request: Request) -> Params:
        """Read the query and the body, a form or JSON; names may be repeated."""
        values = repeated_fields(request.query)
        if request.media_type() == "application/x-www-form-urlencoded":
            values |= repeated_fields(request.body)
        else:
            values |= cls.from_body(request.body)._values  # noqa: SLF001 - its own class
        return cls(values, all_strings=True)

    @classmethod
    def from_body(cls, body: bytes) -> Params:
        """Read a JSON object; an empty body has no parameters."""
        try:
            return cls._of_object(json.loads(body or b"{}"), "the body")
        except (ValueError, RecursionError):
            raise invalid_request("the body is not JSON") from None

    @classmethod
    def _of_object(cls, value: object, name: str) -> Params:
        if not isinstance(value, dict):
            raise invalid_request(f"{name} must be a JSON object")
        return cls(value, all_strings=False)

    def has(self, name: str) -> bool:
        """Check that a parameter is present."""
        return name in self._values

    def any(self, name: str, default: object) -> object:
        """Return a value of any kind, or ``default`` if it is missing."""
        return self._values.get(name, default)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of ``choices``, or ``default`` if it is missing."""
        text = self.text(name)
        if text is not None and text not in choices:
            raise invalid_request(f"{name} must be one of {', '.join(choices)}")
        return default if text is None else text

    def texts(self, name: str) -> list[str]:
        """Return the values of a parameter that may be repeated, empty if missing."""
        value = self._values.get(name, [])
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in values):
            raise invalid_request(f"{name} must be a string or several")
        return [str(item) for item in values]

    def member(self, name: str) -> Params:
        """Return the object called ``name``, empty if missing."""
        return self._of_object(self._values.get(name, {}), name)

    def text(self, name: str) -> str | None:
        """Return a string, or None if it is missing."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid_request(f"{name} must be a string")
        return value

    def integer(self, name: str, default: int, *, least: int = 1) -> int:
        """Return a whole number of at least ``least``, or ``default`` if it is missing."""
        value = self._values.get(name, default)
        if self._all_strings and isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise invalid_request(f"{name} must be a whole number of at least {least}")
        return value

    def instant(self, name: str) -> datetime | None:
        """Return a timestamp in UTC, or None if it is missing."""
        text = self.text(name)
        try:
            return None if text is None else instant(text)
        except (ValueError, OverflowError):
            raise invalid_request(
                f"{name} must be an ISO 8601 date, or date and time with an offset or Z"
            ) from None


def instant(text: str) -> datetime:
    """Parse an ISO 8601 date (midnight UTC), or date and time with offset or ``Z``, to UTC.

    A time without an offset is rejected as ambiguous. Raises ValueError or OverflowError.
    """
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(text)
    # Python 3.10 parses neither Z, nor +0200, nor a fraction of other than 3 or 6 digits.
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    offset = (found["offset"] or "Z").upper().replace("Z", "+00:00").replace(":", "").ljust(5, "0")
    time = f"{found['time'] or '00:00:00'}.{fraction}{offset[:3]}:{offset[3:]}"
    return datetime.fromisoformat(f"{found['date']}T{time}").astimezone(timezone.utc)
