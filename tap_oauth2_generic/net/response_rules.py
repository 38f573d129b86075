"""Rules of the user about responses, which decide before the status does; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.net.retry import LEAST_ERROR
from tap_oauth2_generic.settings.conditions import (
    CONDITION_NAMES,
    CONDITION_PROPERTIES,
    Condition,
    parse_condition,
)
from tap_oauth2_generic.settings.field_types import array_of, enum, statuses
from tap_oauth2_generic.settings.fields import ErrorCollector, FieldType, Settings, setting
from tap_oauth2_generic.settings.paths import Path, parse_path
from tap_oauth2_generic.settings.values import text

Action = Literal["ignore", "end", "retry", "refresh", "fail"]
_ACTIONS = get_args(Action)
# Those that say that a response has no records.
_EMPTY = ("ignore", "end")


@dataclass(frozen=True)
class Rule:
    """An action for responses with a status, a condition that holds, or both."""

    action: Action
    statuses: frozenset[int] | None = None
    condition: Condition | None = None
    message_path: Path | None = None

    def fits(self, response: Response) -> bool:
        """Return whether the rule applies; the body is decoded only if it matters."""
        if self.statuses is not None and response.status not in self.statuses:
            return False
        if self.condition is None:
            return True
        # An error has no such value either; taken for the end of the pages, it would lose rows.
        is_error = self.statuses is None and response.status >= LEAST_ERROR
        if is_error and self.action in _EMPTY and self.condition.holds_for_nothing:
            return False
        return response.meets(self.condition)

    def message(self, response: Response) -> str:
        """Return the message at ``message_path``, an empty string if there is none."""
        found = self.message_path.find(response.read_body()) if self.message_path else None
        return str(found) if isinstance(found, str | int) else ""


def _rule(raw: Mapping[str, Any], collector: ErrorCollector) -> Rule | None:
    try:
        action = enum(*_ACTIONS).parse(raw.get("action"))
    except ValueError as error:
        collector.add("action", str(error))
        return None
    status = raw.get("status")
    listed = status if isinstance(status, list | tuple) else [status]
    codes = None if status is None else statuses(listed)
    condition = parse_condition(raw) if raw.keys() & CONDITION_NAMES else None
    message_path = parse_path(text(raw["message_path"])) if raw.get("message_path") else None
    if codes is None and condition is None:
        collector.add("", "needs a status or a condition")
    return Rule(action, codes, condition, message_path)


_SCHEMA: dict[str, Any] = {
    "properties": {
        "status": {"type": ["integer", "array"], "description": "HTTP status, or several."},
        **CONDITION_PROPERTIES,
        "action": {"type": "string", "enum": list(_ACTIONS), "description": "What to do."},
        "message_path": {"type": "string", "description": "Path of the error message."},
    },
    "required": ["action"],
}
RULES: FieldType = array_of(_rule, _SCHEMA)


class RuleSettings(Settings):
    """The rules of a stream, or of all streams."""

    response_rules: list[Rule] = setting(
        RULES,
        "The first rule that matches a response decides: by `status`, by a `path` or `header` "
        "that `equals`, is `in` or `matches`, by `empty`, or by several of them. `ignore`: no "
        "records here; `end`: one past the last page; `retry`; `refresh`: renew the token, then "
        "retry; `fail`: stop with the message at `message_path`.",
        default=[],
    )
