"""How fast requests may leave and how many at once; what holds for one thread holds for all."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_oauth2_generic.runtime.stats import Waits
from tap_oauth2_generic.runtime.timestamps import YEAR_SECONDS
from tap_oauth2_generic.settings.field_types import integer, number
from tap_oauth2_generic.settings.fields import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_oauth2_generic.runtime.clock import Clock
# Good answers, for each place there is, after which a place that was lost is regained.
_ANSWERS_A_PLACE = 10


@dataclass(frozen=True, kw_only=True)
class RateLimitSettings:
    """The ceiling on requests."""

    requests_per_second: float | None = setting(
        number(0, exclusive=True),
        "Ceiling on API requests over all streams and threads.",
        default=None,
    )
    max_in_flight: int = setting(
        integer(1),
        "Page requests under way at once; 1 is strictly one after the other. Halved on 429, "
        "regained slowly.",
        default=4,
    )


class RateLimiter:
    """Gives each request its turn."""

    def __init__(self, settings: RateLimitSettings, clock: Clock) -> None:
        """Begin with the first turn free."""
        self._seconds_apart = (
            min(1 / settings.requests_per_second, YEAR_SECONDS)
            if settings.requests_per_second
            else 0.0
        )
        self._clock = clock
        self._next_turn = self._held_until = clock.monotonic()
        self._lock = threading.Lock()

    def wait_for_turn(self, waits: Waits | None = None) -> None:
        """Wait until the next request may leave; turns are spaced evenly, without bursts."""
        waits = waits or Waits(self._clock.monotonic)
        while (wait := self._wait()) > 0:
            is_held = self._held_until > self._clock.monotonic()
            # A turn is had only when it has come: a pause meanwhile would make all leave at once.
            with waits.wait("rate limit" if is_held else "requests_per_second", wait):
                self._clock.sleep(wait)

    def _wait(self) -> float:
        with self._lock:
            wait = self._next_turn - self._clock.monotonic()
            if wait <= 0:
                self._next_turn += self._seconds_apart - min(wait, 0.0)
            return wait

    def hold(self, seconds: float) -> None:
        """Let no request leave for so long, of whatever thread."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)
            self._next_turn = max(self._next_turn, self._held_until)


class ConcurrencyLimit:
    """How many requests are under way at once, over all threads.

    Halved when the API says that it is too much, and regained slowly.
    """

    def __init__(self, settings: RateLimitSettings) -> None:
        """Begin with as many as are allowed."""
        self._most = self.limit = settings.max_in_flight
        self._under_way = 0
        self._good = 0
        self._era = 0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Wait for a place among the requests under way; gives the era that it began in."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
            era = self._era
        try:
            yield era
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def halve(self, era: int) -> None:
        """Halve the limit, once for all requests that were under way together."""
        with self._changed:
            self._good = 0
            if era == self._era:
                self._era += 1
                self.limit = max(self.limit // 2, 1)

    def recover(self) -> None:
        """Regain a place after so many good answers for each place there is."""
        with self._changed:
            self._good += 1
            if self.limit < self._most and self._good >= self.limit * _ANSWERS_A_PLACE:
                self._good = 0
                self.limit += 1
                self._changed.notify_all()
