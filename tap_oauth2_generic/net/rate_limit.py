"""How many requests are sent per second and at once, over all threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.stats import Waits
from tap_oauth2_generic.runtime.timestamps import YEAR_SECONDS
from tap_oauth2_generic.settings.field_types import integer, number
from tap_oauth2_generic.settings.fields import setting

# Good responses per slot before one more slot is allowed again.
_RESPONSES_PER_SLOT = 10


@dataclass(frozen=True, kw_only=True)
class RateLimitSettings:
    """The limits on requests."""

    requests_per_second: float | None = setting(
        number(0, exclusive=True), "Maximum API requests per second, over all streams and threads."
    )
    max_in_flight: int = setting(
        integer(1),
        "Maximum concurrent page requests; 1 disables prefetching. Halved after a 429 or "
        "409, then restored gradually.",
        default=4,
    )


class RateLimiter:
    """Spaces requests evenly over all threads."""

    def __init__(self, settings: RateLimitSettings, clock: Clock) -> None:
        self._seconds_apart = min(1 / (settings.requests_per_second or math.inf), YEAR_SECONDS)
        self._clock = clock
        self._next_turn = self._held_until = clock.monotonic()
        self._lock = threading.Lock()

    def wait_for_turn(self, waits: Waits) -> None:
        """Wait until the next request may be sent; requests are spaced evenly, without bursts."""
        while (wait := self._wait()) > 0:
            is_held = self._held_until > self._clock.monotonic()
            # A turn is taken only once it has come, or a pause would release all at once.
            with waits.wait("rate limit" if is_held else "requests_per_second", wait):
                self._clock.sleep(wait)

    def _wait(self) -> float:
        with self._lock:
            wait = self._next_turn - self._clock.monotonic()
            if wait <= 0:
                self._next_turn += self._seconds_apart - min(wait, 0.0)
            return wait

    def hold(self, seconds: float) -> None:
        """Hold back the requests of every thread for ``seconds``."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)
            self._next_turn = max(self._next_turn, self._held_until)


@dataclass(eq=False)
class Slot:
    """A request in flight: when it began, and whether another one was in flight with it."""

    era: int
    is_shared: bool


class ConcurrencyLimit:
    """The number of concurrent requests: halved after a 429 or 409, restored gradually."""

    def __init__(self, settings: RateLimitSettings) -> None:
        self._maximum = self.limit = settings.max_in_flight
        self._in_flight: list[Slot] = []
        self._alone = 0
        self._good = 0
        self._era = 0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, *, alone: bool = False) -> Iterator[Slot]:
        """Wait for a slot and yield it; ``alone``: no other request is in flight with it."""
        with self._changed:
            self._alone += alone
            self._changed.wait_for(lambda: not self._in_flight if alone else self._may_start())
            slot = Slot(self._era, is_shared=bool(self._in_flight))
            for other in self._in_flight:
                other.is_shared = True
            self._in_flight.append(slot)
        try:
            yield slot
        finally:
            with self._changed:
                self._alone -= alone
                self._in_flight.remove(slot)
                self._changed.notify_all()

    def _may_start(self) -> bool:
        return not self._alone and len(self._in_flight) < self.limit

    def halve(self, slot: Slot) -> None:
        """Halve the limit, once for all requests that were in flight together."""
        with self._changed:
            self._good = 0
            if slot.era == self._era:
                self._era += 1
                self.limit = max(self.limit // 2, 1)

    def recover(self) -> None:
        """Count a good response; allow one more slot after enough of them."""
        with self._changed:
            self._good += 1
            if self.limit < self._maximum and self._good >= self.limit * _RESPONSES_PER_SLOT:
                self._good = 0
                self.limit += 1
                self._changed.notify_all()
