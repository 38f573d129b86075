"""How many requests are sent per second and at once, over all threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from tap_oauth2_generic.net.budgets import BUDGETS, UNLIMITED, Budget, BudgetSettings
from tap_oauth2_generic.net.retry import TOO_MANY_AT_ONCE
from tap_oauth2_generic.runtime.clock import Clock, WokenError
from tap_oauth2_generic.runtime.stats import Waits
from tap_oauth2_generic.runtime.timestamps import YEAR_SECONDS
from tap_oauth2_generic.settings.field_types import NAME, integer, number
from tap_oauth2_generic.settings.fields import Settings, setting

# Good responses per slot before one more slot is allowed again.
_RESPONSES_PER_SLOT = 10


class RateLimitSettings(Settings):
    """The limits on requests."""

    requests_per_second: float | None = setting(
        number(0, exclusive=True), "Maximum API requests per second, over all streams and threads."
    )
    rate_limits: list[BudgetSettings] = setting(
        BUDGETS,
        "Budgets besides `requests_per_second`: at most `requests` in any `per_seconds` to paths "
        "that the glob `path` fits, over all threads. The first that fits counts.",
        default=[],
    )
    remaining_header: str | None = setting(
        NAME,
        "Response header with the number of requests left, besides `X-RateLimit-Remaining`, "
        "`RateLimit` and the like. At 0 the next request waits for the reset.",
    )
    max_in_flight: int = setting(
        integer(1),
        "Maximum concurrent page requests; 1 disables prefetching. Halved after a 429 or "
        "409, then restored gradually.",
        default=4,
    )


@dataclass(eq=False)
class Slot:
    """A request in flight; ``left``: the requests left and the seconds to the reset, if known.

    ``era``, ``is_shared``: when it began, and whether another one was in flight with it.
    """

    budget: Budget
    started: float = 0.0
    era: int = 0
    is_shared: bool = False
    status: int | None = None
    left: tuple[int, float] | None = None


class RateLimiter:
    """Decides when a request may be sent: spaced evenly, within budgets, not too many at once.

    The number of concurrent requests is halved after a 429 or 409, and restored gradually.
    """

    def __init__(self, settings: RateLimitSettings, clock: Clock) -> None:
        self._seconds_apart = min(1 / (settings.requests_per_second or math.inf), YEAR_SECONDS)
        self._clock = clock
        self._next_turn = self._held_until = clock.monotonic()
        named, limits = settings.remaining_header, (*settings.rate_limits, UNLIMITED)
        self._budgets = [Budget(one, one.remaining_header or named) for one in limits]
        self._maximum = self.limit = settings.max_in_flight
        self._in_flight: list[Slot] = []
        self._alone = self._good = self._era = 0
        self._changed = threading.Condition()
        self._is_closed = False

    def close(self) -> None:
        """Let no other request begin: raise WokenError in the threads that wait."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def budget(self, url: str, base_url: str) -> Budget:
        """Return the budget of requests to a URL: the first whose glob fits its path."""
        if len(self._budgets) == 1:
            return self._budgets[0]
        base = f"{urlsplit(base_url).path.rstrip('/')}/"
        path = unquote(urlsplit(url).path.removeprefix(base)).lstrip("/")
        globs = ((one.settings.path.lstrip("/"), one) for one in self._budgets)
        return next(one for glob, one in globs if fnmatchcase(path, glob))

    def hold(self, seconds: float) -> None:
        """Hold back the requests of every thread for ``seconds``."""
        with self._changed:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    @contextmanager
    def slot(self, budget: Budget, waits: Waits, *, alone: bool = False) -> Iterator[Slot]:
        """Wait until a request may be sent and yield its slot; ``alone``: no other has one.

        Nobody sleeps in a slot, so requests of other budgets go first.
        """
        slot = Slot(budget)
        while (wait := self._enter(slot, alone=alone))[0] > 0:
            seconds, reason = wait
            with waits.wait(reason, seconds):
                self._clock.sleep(seconds)
        try:
            yield slot
        finally:
            self._leave(slot, alone=alone)

    def _enter(self, slot: Slot, *, alone: bool) -> tuple[float, str]:
        """Occupy a free slot if its turn has come; else return the seconds until then, and why."""
        budget = slot.budget
        with self._changed:
            self._alone += alone
            self._changed.wait_for(lambda: self._is_closed or self._may_start(budget, alone=alone))
            if self._is_closed:
                raise WokenError
            now = self._clock.monotonic()
            wait = max(
                (self._next_turn - now, "requests_per_second"),
                (budget.wait(now), "rate_limits"),
                (0.0 if budget.left else budget.resets_at - now, "remaining"),
                (self._held_until - now, "rate limit"),
            )
            # A turn is taken only once it has come, or a pause would release all at once.
            if wait[0] > 0:
                self._alone -= alone
                self._changed.notify_all()
                return wait
            self._next_turn = now + self._seconds_apart
            slot.started = now
            budget.in_flight += 1
            slot.era, slot.is_shared = self._era, bool(self._in_flight)
            for other in self._in_flight:
                other.is_shared = True
            self._in_flight.append(slot)
            return wait

    def _may_start(self, budget: Budget, *, alone: bool) -> bool:
        if alone or self._alone:
            return alone and not self._in_flight
        # If none is left one goes after the reset, and its response says more.
        return len(self._in_flight) < self.limit and budget.in_flight < max(budget.left, 1)

    def _leave(self, slot: Slot, *, alone: bool) -> None:
        now, budget = self._clock.monotonic(), slot.budget
        left, seconds = slot.left or (math.inf, 0.0)
        with self._changed:
            self._alone -= alone
            self._in_flight.remove(slot)
            budget.in_flight -= 1
            budget.end_times.append(now)
            is_first = slot.started >= budget.resets_at
            # Responses arrive in any order.
            budget.left = left if is_first else min(left, budget.left)
            if is_first or not left:
                budget.resets_at = max(budget.resets_at, now + seconds)
            if slot.status is not None:
                self._adapt(slot)
            self._changed.notify_all()

    def _adapt(self, slot: Slot) -> None:
        """Halve the limit, once for all requests in flight together; a good response restores."""
        is_good = slot.status not in TOO_MANY_AT_ONCE
        self._good = self._good + 1 if is_good else 0
        if self._good >= self.limit * _RESPONSES_PER_SLOT:
            self._good, self.limit = 0, min(self.limit + 1, self._maximum)
        if not is_good and slot.era == self._era:
            self._era, self.limit = self._era + 1, max(self.limit // 2, 1)
