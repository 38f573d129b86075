"""A clock for code that waits or expires; no test sleeps."""

from __future__ import annotations


class SleepingClock:
    """A clock that only sleeping moves; ``waits`` are the seconds of each sleep."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = __call__ = time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
