"""Nasty values, and how an input is rendered to a file or response.

Inputs are JSON, so that both engines can save and mutate them. Values that JSON cannot express, or
only at length, are strings that start with ``#``; they are expanded here.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Start of each planted secret, which no output may show; a number follows.
SECRET = "PlantedSecretNumber"
SECRETS = re.compile(rf"{SECRET}\d+")
#: Placeholder for the URL of the loopback server.
API = "#api"

_HERE = Path(__file__).parent
_NASTY = json.loads((_HERE / "nasty.json").read_text())
TEXTS: list[str] = _NASTY["texts"]
#: Values that JSON cannot express, or only at length.
MACROS: list[str] = _NASTY["macros"]
NASTY: list[Any] = [value for values in _NASTY.values() for value in values]

_WRITTEN: dict[str, Callable[[int], str]] = {
    "digits": lambda n: "9" * n,
    "nest": lambda n: "[" * n + "]" * n,
    "nested": lambda n: '{"a":' * n + "1" + "}" * n,
    "long": lambda n: f'"{"aB9 " * (n // 4)}"',
    "keys": lambda n: json.dumps({f"k{i}": i for i in range(n)}),
    "arrays": lambda n: json.dumps({f"k{i}": list(range(10)) for i in range(n)}),
    "list": lambda n: json.dumps(list(range(n))),
    "refs": lambda n: json.dumps({"$ref": "#", "$defs": {"a": {"$ref": "#/$defs/a"}}, "n": n}),
    "choices": lambda n: json.dumps({"anyOf": [{"type": "integer"}] * n}),
}
_MACRO = re.compile(rf'"#(raw|{"|".join(_WRITTEN)})(?: ((?:[^"\\]|\\.)*))?"')


def render(value: Any, api: str) -> bytes:
    """Render an input with its macros expanded; the result may not be JSON."""
    text = _MACRO.sub(_expand, json.dumps(value))
    return text.replace(API, api).encode()


def content_of(answer: Mapping[str, Any], api: str) -> bytes:
    """Return the bytes of a response: its ``body`` as JSON, or its ``text`` unchanged."""
    if isinstance(text := answer.get("text"), str):
        try:
            content = text.replace(API, api).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            content = text.encode("utf-8", "surrogatepass")
    else:
        content = render(answer.get("body"), api)
    return gzip.compress(content, mtime=0) if answer.get("gzip") else content


def _expand(found: re.Match[str]) -> str:
    name, argument = found.groups()
    if name == "raw":
        return json.loads(f'"{argument or ""}"')
    return _WRITTEN[name](int(argument)) if re.fullmatch(r"\d{1,6}", argument or "") else found[0]
