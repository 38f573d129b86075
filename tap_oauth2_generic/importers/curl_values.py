"""The values of a curl line, decoded or made what a setting needs; pure."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus

from tap_oauth2_generic.settings.templates import parse_template


def literal(value: Any) -> Any:
    """Return what a template needs for a value: GraphQL has ``{id}``, which is no placeholder."""
    if not isinstance(value, str):
        return value
    try:
        is_itself = not parse_template(value, is_free=True).placeholders and "{{" not in value
    except ValueError:
        is_itself = False
    return value if is_itself else escape_braces(value)


def escape_braces(value: str) -> str:
    """Return a template that is this string."""
    return value.replace("{", "{{").replace("}", "}}")


def decode_basic(token: str) -> str:
    """Return user and password of HTTP Basic, empty if there are none."""
    try:
        found = base64.b64decode(token, validate=True).decode()
    except ValueError:
        return ""
    return found if ":" in found else ""


def encode_pair(value: str) -> str:
    """Return a pair as --data-urlencode makes it: ``name=content``, ``=content`` or ``content``."""
    name, sign, content = value.partition("=")
    if "@" in name:
        raise ValueError("the data of the curl line is in a file; put the content in its place")
    content = quote_plus(content if sign else value)
    return f"{name}={content}" if sign and name else content


def add_value(to: dict[str, Any], name: str, value: str) -> None:
    """Set a parameter, or make a list of one that is repeated."""
    before = to.get(name)
    if before is not None:
        to[name] = [*(before if isinstance(before, list) else [before]), value]
    else:
        to[name] = value
