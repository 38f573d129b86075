"""Conditions on JSON and on responses: what a value must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.settings.paths import MISSING, Path, parse_path
from tap_oauth2_generic.settings.patterns import Pattern, parse_pattern
from tap_oauth2_generic.settings.templates import as_text
from tap_oauth2_generic.settings.values import array, boolean, text

_SUBJECTS = ("path", "header", "empty")
_TESTS = ("equals", "in", "matches")
#: The members of a condition, any of which makes one.
CONDITION_NAMES = frozenset({*_SUBJECTS, *_TESTS})
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,9})?", re.ASCII)
#: The JSON Schema of the kinds of condition.
CONDITION_PROPERTIES: dict[str, Any] = {
    "path": {"type": "string", "description": "Path of the value."},
    "header": {"type": "string", "description": "Response header, in place of a path."},
    "empty": {"type": "boolean", "description": "Whether the response has no body."},
    "equals": {
        "description": "The value must equal this; null also matches a missing one, and a number "
        "the string that writes it."
    },
    "in": {"type": "array", "description": "The value must equal one of these."},
    "matches": {
        "type": "string",
        "description": "The value, as a string, must match this pattern.",
    },
}


@dataclass(frozen=True)
class Condition:
    """One test of one value: at a path, in a response header, or whether there is a body."""

    path: Path | None = None
    header: str = ""
    is_empty: bool | None = None
    choices: tuple[Any, ...] = ()
    pattern: Pattern | None = None

    @property
    def holds_for_nothing(self) -> bool:
        """Whether a response without a body, or without the value, meets it."""
        return self.accepts(None) if self.is_empty is None else self.is_empty

    def holds(self, value: Any) -> bool:
        """Return whether the value at the path meets it; raise SettingError for a slow pattern."""
        found = self.path.find(value) if self.path else None
        return self.accepts(None if found is MISSING else found)

    def accepts(self, found: Any) -> bool:
        """Return whether a value meets it, None if there is no value; raise SettingError."""
        if self.pattern is None:
            return any(_same(found, choice) for choice in self.choices)
        if found is None or isinstance(found, dict | list):
            return False
        return self.pattern.search(as_text(found)) is not None


def parse_condition(raw: Mapping[str, Any]) -> Condition:
    """Parse ``{"path" | "header", "equals" | "in" | "matches"}`` or ``{"empty"}``."""
    subjects = [name for name in _SUBJECTS if name in raw]
    tests = [name for name in _TESTS if name in raw]
    if subjects == ["empty"] and not tests:
        return Condition(is_empty=boolean(raw["empty"]))
    if subjects not in (["path"], ["header"]) or len(tests) != 1:
        raise ValueError("needs a path or header and one of equals, in, matches, or only empty")
    (test,) = tests
    path = parse_path(text(raw["path"])) if "path" in raw else None
    header = text(raw.get("header", ""))
    try:
        if test == "matches":
            return Condition(path, header, pattern=parse_pattern(text(raw["matches"])))
        choices = tuple(array(raw["in"])) if test == "in" else (raw["equals"],)
        return Condition(path, header, choices=choices)
    except ValueError as error:
        raise ValueError(f"{test} {error}") from None


def _same(found: Any, choice: Any) -> bool:
    """Compare as JSON does, and a number like its text: true is not 1; 1.0 and "1" are 1."""
    if isinstance(found, bool) or isinstance(choice, bool):
        return found is choice
    one, other = _number(found), _number(choice)
    is_text = isinstance(found, str) and isinstance(choice, str)
    if one is None or other is None or is_text:
        return bool(found == choice)
    return one == other


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else None
