"""Reading query strings, forms and JSON bodies into checked values. No endpoint lives here."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tap_oauth2_generic.demo.wire import invalid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oauth2_generic.demo.wire import Request

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

    Raises an ``invalid_request`` problem when it is not UTF-8 or a name comes twice.
    """
    pairs = _pairs(encoded)
    found = dict(pairs)
    if len(found) < len(pairs):
        raise invalid_request("a parameter is given more than once")
    return found


def oauth_fields(encoded: str | bytes) -> dict[str, str]:
    """Return fields as RFC 6749 section 3.1 wants them: one without a value counts as omitted."""
    return {name: value for name, value in fields(encoded).items() if value}


def repeated_fields(encoded: str | bytes) -> dict[str, object]:
    """Return fields of which some may come several times: the values of such a one as a list."""
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

    def __init__(self, values: Mapping[str, object], *, all_text: bool) -> None:
        """Take decoded ``values``; if they are ``all_text``, digits may stand for a number."""
        self._values = values
        self._all_text = all_text

    @classmethod
    def from_query(cls, query: str) -> Params:
        """Read a query string."""
        return cls(fields(query), all_text=True)

    @classmethod
    def from_anywhere(cls, request: Request) -> Params:
        """Read the query and the body, be it a form or JSON; a name may be repeated."""
        values = repeated_fields(request.query)
        if request.media_type() == "application/x-www-form-urlencoded":
            values |= repeated_fields(request.body)
        else:
            values |= cls.from_body(request.body)._values  # noqa: SLF001 - of its own kind
        return cls(values, all_text=True)

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
        return cls(value, all_text=False)

    def has(self, name: str) -> bool:
        """Tell whether a parameter is there."""
        return name in self._values

    def any(self, name: str, default: object) -> object:
        """Return a value of any kind, or ``default`` if it is not there."""
        return self._values.get(name, default)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of ``choices``, or ``default`` if it is not there."""
        text = self.text(name)
        if text is not None and text not in choices:
            raise invalid_request(f"{name} must be one of {', '.join(choices)}")
        return default if text is None else text

    def texts(self, name: str) -> list[str]:
        """Return the texts of a parameter that may be repeated, empty if it is not there."""
        value = self._values.get(name, [])
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in values):
            raise invalid_request(f"{name} must be a text or several")
        return [str(item) for item in values]

    def nested(self, name: str) -> Params:
        """Return the object called ``name``, empty if it is not there."""
        return self._of_object(self._values.get(name, {}), name)

    def text(self, name: str) -> str | None:
        """Return a text, or None if it is not there."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid_request(f"{name} must be a text")
        return value

    def integer(self, name: str, default: int, *, least: int = 1) -> int:
        """Return a whole number of at least ``least``, or ``default`` if it is not there."""
        value = self._values.get(name, default)
        if self._all_text and isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise invalid_request(f"{name} must be a whole number of at least {least}")
        return value

    def instant(self, name: str) -> datetime | None:
        """Return a point in time in UTC, or None if it is not there."""
        text = self.text(name)
        try:
            return None if text is None else instant(text)
        except (ValueError, OverflowError):
            raise invalid_request(
                f"{name} must be an ISO 8601 date, or date and time with an offset or Z"
            ) from None


def instant(text: str) -> datetime:
    """Read an ISO 8601 date (midnight UTC), or date and time with offset or ``Z``; answer in UTC.

    A time without an offset is refused: it would be read differently by everyone. Raises ValueError
    or OverflowError.
    """
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(text)
    # Python 3.10 reads neither Z, nor +0200, nor a fraction of any other length than 3 or 6.
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    offset = (found["offset"] or "Z").upper().replace("Z", "+00:00").replace(":", "").ljust(5, "0")
    time = f"{found['time'] or '00:00:00'}.{fraction}{offset[:3]}:{offset[3:]}"
    return datetime.fromisoformat(f"{found['date']}T{time}").astimezone(timezone.utc)
