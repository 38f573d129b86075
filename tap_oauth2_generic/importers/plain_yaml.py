"""Read YAML as JSON-like data, with the types of YAML 1.2; pure.

Built event by event: neither the depth nor the aliases of a foreign document cost more than its
length. An alias is the same object again, never a copy.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable
from typing import Any

import yaml

_MAX_DEPTH = 200
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[-+]?\d{1,17}(\.\d{0,17})?([eE][-+]?\d{1,3})?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMERIC = frozenset("-+0123456789")
_NO_KEY = object()
#: Makes the object that begins at a line.
NewObject = Callable[[int], dict[str, Any]]


def _new_object(_: int) -> dict[str, Any]:
    return {}


def read_yaml(text: str, new_object: NewObject = _new_object) -> Any:
    """Return the document; raise ValueError with a sentence if it cannot be read.

    ``new_object`` makes an object that begins at a line; one with ``lines`` gets those of its keys.
    """
    # Millions of objects are made and none is freed: looking for garbage takes half the time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _build(yaml.parse(text, Loader=_LOADER), new_object)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: it is neither YAML nor JSON ({error.problem})") from None
    except (yaml.YAMLError, UnicodeError):
        raise ValueError("it is neither YAML nor JSON") from None
    finally:
        if was_enabled:
            gc.enable()


def _build(events: Iterable[Any], new_object: NewObject) -> Any:
    top: list[Any] = []
    # Each that is open: the value, and the key that waits for its value.
    around: Any = top
    key, outer = _NO_KEY, list[Any]()
    anchors: dict[str, Any] = {}
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = _scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(outer) > _MAX_DEPTH:
                raise ValueError(f"line {event.start_mark.line + 1}: it is nested too deep")
            outer.append((around, key, event.anchor))
            is_object = kind is yaml.MappingStartEvent
            around, key = (new_object(event.start_mark.line + 1) if is_object else []), _NO_KEY
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            value = around
            around, key, anchor = outer.pop()
            if anchor:
                anchors[anchor] = value
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchors:
                raise ValueError(f"the alias *{event.anchor[:50]} has no finished anchor")
            value = anchors[event.anchor]
        else:
            continue
        if kind is yaml.ScalarEvent and event.anchor:
            anchors[event.anchor] = value
        key = _put(around, key, value, event)
    return top[0] if top else None


def _put(around: Any, key: Any, value: Any, event: Any) -> Any:
    """Put a value into what is open around it; return the key that waits from then on."""
    if type(around) is list:
        around.append(value)
        return _NO_KEY
    if key is _NO_KEY:
        if isinstance(value, dict | list):
            raise ValueError("a key is an object or a list")
        name = value if isinstance(value, str) else _word(value)
        if type(around) is not dict:
            around.lines[name] = event.start_mark.line + 1
        return name
    if key == "<<" and isinstance(value, dict):
        around.update(value)
    else:
        around[key] = value
    return _NO_KEY


def _word(value: Any) -> str:
    """Return a key that was read as a number or word as JSON writes it, such as a status."""
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _scalar(event: Any) -> Any:
    """Return a plain scalar with its type; a date stays a string."""
    text = event.value
    if not event.implicit[0]:
        return text
    if len(text) <= 5 and (word := text.lower()) in _WORDS:  # noqa: PLR2004 - the longest word
        return _WORDS[word]
    if text[0] in _NUMERIC:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
