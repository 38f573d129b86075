"""How fast requests may leave: a ceiling a second, and a pause that holds for all threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_oauth2_generic.kinds import number
from tap_oauth2_generic.settings import setting

if TYPE_CHECKING:
    from tap_oauth2_generic.clock import Clock
# A year: what is slower than that never asks again.
_LONGEST = 366 * 86400.0


@dataclass(frozen=True, kw_only=True)
class PaceSettings:
    """The ceiling on requests."""

    requests_per_second: float | None = setting(
        number(0, exclusive=True),
        "Requests per second",
        "Ceiling on API requests over all streams and threads.",
        default=None,
    )


class Pace:
    """Gives each request its turn."""

    def __init__(self, settings: PaceSettings, clock: Clock) -> None:
        """Begin with the first turn free."""
        self._seconds_apart = (
            min(1 / settings.requests_per_second, _LONGEST) if settings.requests_per_second else 0.0
        )
        self._clock = clock
        self._next_turn = self._held_until = clock.monotonic()
        self._lock = threading.Lock()

    def wait_for_turn(self) -> None:
        """Wait until the next request may leave; turns are spaced evenly, without bursts."""
        with self._lock:
            turn = max(self._next_turn, self._clock.monotonic())
            self._next_turn = turn + self._seconds_apart
        while (wait := max(turn, self._held_until) - self._clock.monotonic()) > 0:
            self._clock.sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let no request leave for so long, of whatever thread."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)
            self._next_turn = max(self._next_turn, self._held_until)
