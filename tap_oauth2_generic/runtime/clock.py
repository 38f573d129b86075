"""Time as the rest of the house takes it, so that tests can hand in another."""

from __future__ import annotations

import threading
import time


class WokenError(Exception):
    """A thread was woken because the process ends; what it waited for is wanted no more."""


class Clock:
    """The time of this machine."""

    def __init__(self) -> None:
        """Let threads sleep."""
        self._ending = threading.Event()

    def time(self) -> float:
        """Give seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises WokenError where nobody is to wait any more."""
        if threading.current_thread() is threading.main_thread():
            # A signal ends this one.
            time.sleep(seconds)
        elif self._ending.wait(seconds):
            raise WokenError

    def wake_all(self) -> None:
        """Let no thread but the main one sleep any more: the process is about to end."""
        self._ending.set()
