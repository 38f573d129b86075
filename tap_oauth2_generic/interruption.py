"""Signals that end the run: raised where it is safe, put off where a half-done thing would hurt.

A line half written or a renewed token not yet stored must not be cut off; nothing else waits.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Interrupted(BaseException):
    """The process was asked to end; no ``except Exception`` on the way may swallow it."""

    def __init__(self, signum: int) -> None:
        """Keep which signal it was."""
        super().__init__(signum)
        self.name = signal.Signals(signum).name


class Deferral:
    """A context in which signals wait; nests.

    Signals are taken in the main thread alone; entered in another, it has no effect.
    """

    def __init__(self) -> None:
        """Begin with no signal waiting."""
        self._depth = 0
        self._waiting: int | None = None
        self._signals = 0

    @property
    def is_insisted_on(self) -> bool:
        """Whether a second signal came: then nothing is waited for any more."""
        return self._signals > 1

    def __enter__(self) -> None:
        """Put signals off."""
        if _is_main():
            self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let a signal that came meanwhile take effect."""
        if not _is_main():
            return
        self._depth -= 1
        if self._waiting is not None and not self._depth and kind is None:
            signum, self._waiting = self._waiting, None
            raise Interrupted(signum)

    def handle(self, signum: int) -> None:
        """Take a signal: raise, or remember it until it is safe; a second one is not put off."""
        self._signals += 1
        if self._depth and self._waiting is None:
            self._waiting = signum
            return
        raise Interrupted(signum)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


#: The one of this process: signals are the process's, not an object's.
uninterrupted = Deferral()
