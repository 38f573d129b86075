"""The clock that everything takes time from, so that tests can pass another."""

from __future__ import annotations

import threading
import time


class WokenError(Exception):
    """A thread was woken because the process is ending; it must stop its work."""


class Clock:
    """The time of this machine."""

    def __init__(self) -> None:
        self._ending = threading.Event()

    def time(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raise WokenError if the process ends meanwhile."""
        if threading.current_thread() is threading.main_thread():
            # A signal ends this one.
            time.sleep(seconds)
        elif self._ending.wait(seconds):
            raise WokenError

    def wake_all(self) -> None:
        """Wake every thread but the main one, now and in later sleeps."""
        self._ending.set()
