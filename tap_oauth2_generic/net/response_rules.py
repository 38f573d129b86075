"""What a user says of answers: rules that decide before the status does; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tap_oauth2_generic.settings.conditions import CONDITION_PROPERTIES, Condition, parse_condition
from tap_oauth2_generic.settings.field_types import array_of, enum, statuses
from tap_oauth2_generic.settings.fields import ErrorCollector, FieldType, reject_unknown, setting
from tap_oauth2_generic.settings.paths import Path, parse_path
from tap_oauth2_generic.settings.values import text

if TYPE_CHECKING:
    from collections.abc import Iterable

Action = Literal["ignore", "end", "retry", "refresh", "fail"]
_ACTIONS = ("ignore", "end", "retry", "refresh", "fail")


@dataclass(frozen=True)
class Rule:
    """If the status is one of these, and the condition holds, then do this."""

    action: Action
    statuses: frozenset[int] | None = None
    condition: Condition | None = None
    message_path: Path | None = None

    def fits(self, status: int, body: Callable[[], Any]) -> bool:
        """Tell whether the rule is about an answer; the body is decoded only if it matters."""
        if self.statuses is not None and status not in self.statuses:
            return False
        return self.condition is None or self.condition.holds(body())

    def message(self, body: Callable[[], Any]) -> str:
        """Give what the answer says at ``message_path``, an empty text where nothing is."""
        found = self.message_path.find(body()) if self.message_path else None
        return str(found) if isinstance(found, str | int) else ""


def first_fitting(rules: Iterable[Rule], status: int, body: Callable[[], Any]) -> Rule | None:
    """Give the first rule that fits an answer."""
    return next((rule for rule in rules if rule.fits(status, body)), None)


def _rule(raw: Any, collector: ErrorCollector) -> Rule | None:
    if not isinstance(raw, Mapping):
        collector.add("", "must be an object")
        return None
    reject_unknown(raw, _SCHEMA["properties"], "", collector)
    try:
        action = enum(*_ACTIONS).parse(raw.get("action"))
    except ValueError as error:
        collector.add("action", str(error))
        return None
    try:
        status = raw.get("status")
        codes = None if status is None else statuses([status] if not _is_list(status) else status)
        conditional = raw.keys() & {"path", "equals", "in", "matches"}
        condition = parse_condition(raw) if conditional else None
        said = parse_path(text(raw["message_path"])) if raw.get("message_path") else None
    except ValueError as error:
        collector.add("", str(error))
        return None
    if codes is None and condition is None:
        collector.add("", "needs a status, or a path with a condition")
    return Rule(action, codes, condition, said)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": ["integer", "array"], "description": "HTTP status, or several."},
        **CONDITION_PROPERTIES,
        "action": {"type": "string", "enum": list(_ACTIONS), "description": "What to do."},
        "message_path": {"type": "string", "description": "Where the answer says what is wrong."},
    },
    "required": ["action"],
}
for _name, _entry in _SCHEMA["properties"].items():
    _entry.setdefault("title", _name.replace("_", " ").capitalize())
RULES: FieldType = array_of(_rule, _SCHEMA)


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """The rules of a stream, or of all streams."""

    response_rules: list[Rule] = setting(
        RULES,
        "The first rule that fits an answer decides: by `status`, by a `path` that `equals`, is "
        "`in` or `matches`, or both. `ignore`: no records here; `end`: this was one past the last "
        "page; `retry`; `refresh`: new token, then retry; `fail`, with the text at `message_path`.",
        default=[],
    )
