"""Conditions on decoded JSON: what the value at a path must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.settings.paths import MISSING, Path, parse_path
from tap_oauth2_generic.settings.patterns import Pattern, parse_pattern
from tap_oauth2_generic.settings.templates import as_text
from tap_oauth2_generic.settings.values import array, text

_TESTS = ("equals", "in", "matches")
#: The JSON Schema of the three kinds of condition.
CONDITION_PROPERTIES: dict[str, Any] = {
    "path": {"type": "string", "description": "Path of the value."},
    "equals": {"description": "The value must equal this; null also matches a missing one."},
    "in": {"type": "array", "description": "The value must equal one of these."},
    "matches": {
        "type": "string",
        "description": "The value, as a string, must match this pattern.",
    },
}


@dataclass(frozen=True)
class Condition:
    """One test of one value; pure."""

    path: Path
    choices: tuple[Any, ...] = ()
    pattern: Pattern | None = None

    def holds(self, value: Any) -> bool:
        """Return whether a value meets the condition; raise SettingError for a slow pattern."""
        found = self.path.find(value)
        if found is MISSING:
            found = None
        if self.pattern is None:
            return any(_same(found, choice) for choice in self.choices)
        if found is None or isinstance(found, dict | list):
            return False
        return self.pattern.search(as_text(found)) is not None


def parse_condition(raw: Mapping[str, Any]) -> Condition:
    """Parse ``{"path", "equals" | "in" | "matches"}``; raise ValueError."""
    given = [name for name in _TESTS if name in raw]
    if "path" not in raw or len(given) != 1:
        raise ValueError("needs a path and one of equals, in, matches")
    path, test = parse_path(text(raw["path"])), given[0]
    try:
        if test == "matches":
            return Condition(path, pattern=parse_pattern(text(raw["matches"])))
        return Condition(path, tuple(array(raw["in"])) if test == "in" else (raw["equals"],))
    except ValueError as error:
        raise ValueError(f"{test} {error}") from None


def _same(found: Any, choice: Any) -> bool:
    """Compare as JSON does: true is not 1, and 1.0 is 1."""
    if isinstance(found, bool) or isinstance(choice, bool):
        return found is choice
    if isinstance(found, int | Decimal) and isinstance(choice, int | Decimal | float):
        return found == Decimal(str(choice))
    return bool(found == choice)
