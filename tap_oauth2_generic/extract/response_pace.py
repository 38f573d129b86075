"""Whether responses come so fast that a thread costs more than it saves."""

from __future__ import annotations

# A thread passes the interpreter's lock on at each system call: some 0.2 ms a request.
_QUICK_SECONDS = 0.001
_SLOW_SECONDS = 0.002
_SAMPLE_REQUESTS = 100


class ResponsePace:
    """Judges an API by the seconds of its requests; it counts as slow at first.

    In threads, requests slow each other down, so that the fastest of a sample counts.
    """

    def __init__(self) -> None:
        self.is_quick = False
        self._requests, self._least_seconds = 0, _QUICK_SECONDS

    def note(self, seconds: float) -> None:
        """Count a request; the first slow one of a quick API begins a new sample."""
        if self.is_quick:
            self.is_quick = seconds < _SLOW_SECONDS
            return
        self._requests += 1
        self._least_seconds = min(self._least_seconds, seconds)
        if self._requests == _SAMPLE_REQUESTS:
            self.is_quick = self._least_seconds < _QUICK_SECONDS
            self._requests, self._least_seconds = 0, _QUICK_SECONDS
