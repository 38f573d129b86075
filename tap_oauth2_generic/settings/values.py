"""Read raw values: strings, numbers, booleans, addresses, JSON in a string.

Each reader raises ValueError with the rest of a sentence, such as ``must be a string``.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.timestamps import read_decimal

# Control characters would end an address, or break the line that shows it.
_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_TYPES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}


def text(value: Any) -> str:
    """Read a string; a number becomes the string it was written as."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"must be a string, not {json_type(value)}")


def json_type(value: Any) -> str:
    """Return the JSON type of a value, with its article."""
    return "null" if value is None else _TYPES.get(type(value), "a number")


def read_number(value: Any) -> Decimal:
    """Read a finite number, also from a string."""
    number = read_decimal(value)
    if number is None:
        shown = json_type(value) if isinstance(value, dict | list | bool) else repr(value)
        raise ValueError(f"must be a number, not {shown}")
    return number


def boolean(value: Any) -> bool:
    """Read true or false, also from a string."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"must be true or false, not {json_type(value)}")


def url(value: Any) -> str:
    """Read an absolute URL that a secret may be sent to: https, or http on loopback."""
    address = text(value).strip()
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or _NOT_IN_URL.search(address):
        raise ValueError("must be an absolute URL such as https://example.com/path")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must use https (http is allowed only for localhost)")
    return address


@lru_cache(maxsize=64)
def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address belongs to this machine."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def from_json(value: Any) -> Any:
    """Decode a string that holds JSON, as environment variables give objects and arrays."""
    if isinstance(value, str):
        try:
            found = json.loads(value, parse_float=Decimal)
            # Half of a surrogate pair is no text: nothing could send, store or show it.
            encode_json(found)
        except ValueError:
            return value
        return found
    return value


def with_member(target: Any, keys: list[str], value: Any) -> Any:
    """Return an object or list in which a value is set; all else in it stays.

    Raise LookupError if a list has no such place, or if another value is there.
    """
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
        target[int(key)] = with_member(target[int(key)], rest, value)
        return target
    if not isinstance(target, dict | None):
        raise LookupError(key)
    found = {} if target is None else target
    found[key] = with_member(found.get(key), rest, value)
    return found


def map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return decoded JSON with everything but its objects and arrays changed."""
    if isinstance(value, Mapping):
        return {name: map_leaves(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return [map_leaves(member, change) for member in value]
    return change(value)


def array(value: Any, of: str = "") -> list[Any]:
    """Read an array, also from a JSON string; ``of`` names its members in the error."""
    found = from_json(value)
    if not isinstance(found, list | tuple):
        raise ValueError(f"must be an array{of and f' of {of}'}, not {json_type(found)}")
    return list(found)
