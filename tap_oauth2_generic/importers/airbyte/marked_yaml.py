"""Read YAML or JSON into data that knows its lines; pure.

Built event by event: neither the depth nor the aliases of a foreign document cost more than its
length.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_MAX_CHARACTERS = 20_000_000
_MAX_DEPTH = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[-+]?\d{1,17}\.\d{0,17}([eE][-+]?\d{1,3})?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_NO_KEY = object()


class Mapping(dict[str, Any]):
    """An object of the document, with the line where it begins and those of its members."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


def parse(text: str) -> Any:
    """Return the document; raise ValueError with a sentence that names the line."""
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"it has more than {_MAX_CHARACTERS:,} characters")
    # JSON may be indented by tabs, YAML may not.
    text = text.replace("\t", " ") if text.lstrip()[:1] in {"{", "["} else text
    try:
        return _Builder().build(text)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ValueError(f"line {line}: it is neither YAML nor JSON ({error.problem})") from None
    except (yaml.YAMLError, UnicodeError):
        raise ValueError("it is neither YAML nor JSON") from None


class _Builder:
    """Puts each finished value into the one that is open around it."""

    def __init__(self) -> None:
        # Each that is open: the value, the key that waits for its value, its anchor.
        self._open: list[list[Any]] = [[[], _NO_KEY, None]]
        self._anchors: dict[str, Any] = {}

    def build(self, text: str) -> Any:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.NodeEvent):
                self._take(event, _line_of(event))
            elif isinstance(event, yaml.CollectionEndEvent):
                value, _, anchor = self._open.pop()
                self._finish(value, anchor, getattr(value, "line", 0))
        return self._open[0][0][0] if self._open[0][0] else None

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._finish(_scalar(event), event.anchor, line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ValueError(f"line {line}: the alias *{event.anchor} has no finished anchor")
            self._finish(self._anchors[event.anchor], None, line)
        elif len(self._open) > _MAX_DEPTH:
            raise ValueError(f"line {line}: it is nested too deep")
        else:
            is_object = isinstance(event, yaml.MappingStartEvent)
            self._open.append([Mapping(line) if is_object else [], _NO_KEY, event.anchor])

    def _finish(self, value: Any, anchor: str | None, line: int) -> None:
        if anchor:
            self._anchors[anchor] = value
        around, key, _ = self._open[-1]
        if isinstance(around, list):
            around.append(value)
        elif key is _NO_KEY:
            if isinstance(value, dict | list):
                raise ValueError(f"line {line}: a key is no string")
            self._open[-1][1] = "null" if value is None else str(value)
            around.lines[self._open[-1][1]] = line
        else:
            self._open[-1][1] = _NO_KEY
            merged = value if key == "<<" and isinstance(value, dict) else None
            around.update(merged if merged is not None else {key: value})


def _line_of(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: Any) -> Any:
    """Return a plain scalar with its type; a date stays a string."""
    text = event.value
    if not event.implicit[0]:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
