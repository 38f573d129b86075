"""Budgets by path: how many requests may be sent in a time, and how many the API says are left.

Knows no threads and no headers: the rate limiter uses budgets under its lock.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from tap_oauth2_generic.settings.field_types import NAME, TIMEOUT, array_of, integer
from tap_oauth2_generic.settings.fields import Settings, read, schema_of, setting


class BudgetSettings(Settings):
    """The limit of the requests to some paths."""

    path: str = setting(NAME, "Glob on the path relative to `base_url`.", required=True)
    requests: int = setting(integer(1), "Requests in any `per_seconds`.", required=True)
    per_seconds: float = setting(TIMEOUT, "Seconds; the window slides.", required=True)
    remaining_header: str | None = setting(NAME, "`remaining_header` of these paths.")

    def divide(self, shares: int) -> dict[str, Any]:
        """Return one of equal shares, as written; below one request each in a longer time."""
        each = max(self.requests // shares, 1)
        seconds = self.per_seconds * max(each * shares / self.requests, 1)
        return {**asdict(self), "requests": each, "per_seconds": seconds}


BUDGETS = array_of(partial(read, BudgetSettings), schema_of(BudgetSettings))
#: The budget of all other paths.
UNLIMITED = BudgetSettings(path="*", requests=10**18, per_seconds=1e-9)


@dataclass(eq=False)
class Budget:
    """Requests that share a limit.

    ``left`` is how many more the API allows until ``resets_at``. A request counts until
    ``per_seconds`` after its response: when the API counted it is unknown.
    """

    settings: BudgetSettings
    remaining_header: str | None = None
    left: float = math.inf
    resets_at: float = -math.inf
    in_flight: int = 0
    end_times: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Return the seconds until its settings allow one more request."""
        window = self.settings.per_seconds
        while self.end_times and self.end_times[0] + window <= now:
            self.end_times.popleft()
        if self.in_flight + len(self.end_times) < self.settings.requests:
            return 0.0
        return self.end_times[0] + window - now if self.end_times else window
