"""Writing JSON so that numbers keep their digits; knows nothing of HTTP or of the data."""

from __future__ import annotations

import json


class RawJson(str):
    """Text that already is JSON, written as it stands: a long exact number, a rendered row."""

    __slots__ = ()


def render(value: object) -> str:
    """Return ``value`` as compact JSON text, non-ASCII characters unescaped.

    Accepts dicts with text keys, lists, ``RawJson`` and whatever ``json.dumps`` accepts; raises
    TypeError for anything else.
    """
    if isinstance(value, RawJson):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{render(key)}:{render(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(render, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
