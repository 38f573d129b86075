"""Write JSON so that numbers keep their digits. No HTTP and no data here."""

from __future__ import annotations

import json


class RawJson(str):
    """A string that is JSON already and written unchanged: an exact number, a rendered row."""

    __slots__ = ()


def render(value: object) -> str:
    """Return ``value`` as compact JSON text, non-ASCII characters unescaped.

    Accepts dicts with string keys, lists, ``RawJson`` and all that ``json.dumps`` accepts; raises
    TypeError for anything else.
    """
    if isinstance(value, RawJson):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{render(key)}:{render(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(render, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
