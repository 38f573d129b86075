"""Time as the rest of the house takes it, so that tests can hand in another."""

from __future__ import annotations

import time


class Clock:
    """The time of this machine."""

    def time(self) -> float:
        """Give seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
