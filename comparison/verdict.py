"""What a tool did in a scenario, counted from what it delivered and what the servers saw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from comparison.scenario import Row, Scenario

#: What a run delivered: the stream and the row, in order.
Rows = Sequence[tuple[str, Row]]


@dataclass(frozen=True)
class Delivery:
    """One run: what it delivered, and its exit status; None if it had to be stopped."""

    rows: Rows
    status: int | None


@dataclass(frozen=True)
class Verdict:
    """The counts of one tool in one scenario, over all its runs."""

    #: Expected rows that no run delivered.
    lost: int
    #: Rows that one run delivered again.
    twice: int
    #: Rows with a value other than the API's.
    changed: int
    #: Whether the token endpoint accepted the tool's last request.
    alive: bool
    #: Whether a token reached a host that is not the API's.
    leaked: bool
    #: Exit status of each run; None if it had to be stopped.
    statuses: tuple[int | None, ...]
    #: Whether the exit status of the last run tells how it went.
    honest: bool

    @property
    def fails(self) -> bool:
        """Whether the last run told its user that something is wrong."""
        return self.statuses[-1] != 0

    @property
    def right(self) -> bool:
        """Whether nothing at all went wrong."""
        spotless = not (self.lost or self.twice or self.changed or self.leaked)
        return spotless and self.alive and self.honest

    def to_json(self) -> dict[str, Any]:
        """Return the counts by name."""
        return asdict(self)


def judge(scenario: Scenario, deliveries: Sequence[Delivery]) -> Verdict:
    """Count what the runs delivered and what the scenario's servers saw."""
    expected = {(s, row["id"]): row for s, found in scenario.expected.items() for row in found}
    found = [_with_keys(delivery.rows) for delivery in deliveries]
    delivered = {key: row for run in found for key, row in run}
    lost = expected.keys() - delivered.keys()
    same = [key for key in expected if key in delivered and _fits(expected[key], delivered[key])]
    last = deliveries[-1].status
    failed = True if lost else scenario.fails
    return Verdict(
        lost=len(lost),
        twice=sum(n - 1 for run in found for n in Counter(key for key, _ in run).values()),
        changed=len(expected) - len(lost) - len(same),
        alive=scenario.world.alive,
        leaked=scenario.world.leaked,
        statuses=tuple(delivery.status for delivery in deliveries),
        honest=last is not None and failed in {None, last != 0},
    )


def _with_keys(rows: Rows) -> list[tuple[tuple[str, Any], Row]]:
    return [((stream, row.get("id")), row) for stream, row in rows]


def _fits(expected: Row, delivered: Row) -> bool:
    """Return whether every field has the same value; further fields are the tool's own."""
    return all(same_value(value, delivered.get(name)) for name, value in expected.items())


def same_value(expected: Any, found: Any) -> bool:
    """Compare values: one and its JSON text, or a timestamp in another notation, are the same."""
    if isinstance(expected, (dict, list)):
        return _canonical(expected) == _canonical(_decode(found))
    if expected is None or isinstance(expected, bool):
        return found is expected or str(found).lower() == str(expected).lower()
    if isinstance(found, (bool, dict, list)) or found is None:
        return False
    return str(expected) in {str(found), str(_decode(found))} or any(
        read(expected) is not None and read(expected) == read(found) for read in (_number, _moment)
    )


def _decode(value: Any) -> Any:
    try:
        return json.loads(value, parse_float=Decimal) if isinstance(value, str) else value
    except ValueError:
        return value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
