"""Which records a stream keeps: conditions that each of them must meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.settings.conditions import CONDITION_PROPERTIES, Condition, parse_condition
from tap_oauth2_generic.settings.field_types import array_of
from tap_oauth2_generic.settings.fields import reject_unknown, setting

if TYPE_CHECKING:
    from tap_oauth2_generic.settings.fields import ErrorCollector


def _condition(raw: Any, collector: ErrorCollector) -> Condition | None:
    if not isinstance(raw, Mapping):
        collector.add("", "must be an object")
        return None
    reject_unknown(raw, CONDITION_PROPERTIES, "", collector)
    try:
        return parse_condition(raw)
    except ValueError as error:
        collector.add("", str(error))
        return None


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        name: {**entry, "title": name.capitalize()} for name, entry in CONDITION_PROPERTIES.items()
    },
    "required": ["path"],
}


@dataclass(frozen=True, kw_only=True)
class FilterSettings:
    """What a record must be to be emitted."""

    keep: list[Condition] = setting(
        array_of(_condition, _SCHEMA),
        'Conditions that a record must meet to be emitted: `{"path": "status", "equals": "open"}`, '
        "or with `in` or `matches`.",
        default=[],
    )

    def keeps(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record meets every condition."""
        return all(condition.holds(record) for condition in self.keep)
