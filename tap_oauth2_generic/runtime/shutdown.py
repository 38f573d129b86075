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


class SignalGuard:
    """A context in which signals wait; nests.

    Signals are taken in the main thread alone; entered in another, it has no effect.
    """

    def __init__(self) -> None:
        """Begin with no signal waiting.

        ``is_insisted_on`` tells whether one came again: then nothing is waited for any more.
        """
        self._depth = 0
        self.begin_run()

    def begin_run(self) -> None:
        """Forget the signals of the run before, where a process has several one after the other."""
        self._waiting: int | None = None
        self._came: set[int] = set()
        self._is_ending = False
        self.forced = False

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
            self._is_ending = True
            raise Interrupted(signum)

    def handle(self, signum: int) -> None:
        """Take a signal: raise, or remember it until it is safe; one that comes again is raised.

        Another one is not: Ctrl-C under Meltano is a SIGINT of the terminal and a SIGTERM of
        Meltano's, which nobody means as two.
        """
        self.forced = self.forced or signum in self._came
        self._came.add(signum)
        if not self.forced and (self._depth or self._is_ending):
            if not self._is_ending:
                self._waiting = signum
            return
        self._is_ending = True
        raise Interrupted(signum)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


#: The one of this process: signals are the process's, not an object's.
uninterrupted = SignalGuard()
