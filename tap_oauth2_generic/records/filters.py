"""Which records a stream keeps: conditions that each of them must meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.settings.conditions import CONDITION_PROPERTIES, Condition, parse_condition
from tap_oauth2_generic.settings.field_types import array_of
from tap_oauth2_generic.settings.fields import setting

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class FilterSettings:
    """What a record must be to be emitted."""

    keep: list[Condition] = setting(
        array_of(
            lambda raw, _: parse_condition(raw),
            {"properties": CONDITION_PROPERTIES, "required": ["path"]},
        ),
        'Conditions that a record must meet to be emitted: `{"path": "status", "equals": "open"}`, '
        "or with `in` or `matches`.",
        default=[],
    )

    def keeps(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record meets every condition."""
        return all(condition.holds(record) for condition in self.keep)
