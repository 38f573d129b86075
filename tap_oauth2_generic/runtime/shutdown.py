"""Signals that end the run, deferred while a line is half written or a token half stored."""

from __future__ import annotations

import signal
import sys
import threading


class Interrupted(BaseException):
    """A signal asked the process to end; no ``except Exception`` must catch it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.name = signal.Signals(signum).name


class SignalGuard:
    """A context that defers signals; it may be nested.

    Only the main thread receives signals, so the context has no effect in other threads.
    ``forced``: the same signal arrived twice; stop without draining. ``has_ended``: how the run
    ended is decided, so no signal changes it.
    """

    def __init__(self) -> None:
        self._depth = 0
        self.begin_run()

    def begin_run(self) -> None:
        """Forget the signals of an earlier run in this process."""
        self._deferred: int | None = None
        self._received: set[int] = set()
        self._is_ending = self.has_ended = self.forced = False
        if sys.unraisablehook != self._keep_ignored:
            self._report_ignored, sys.unraisablehook = sys.unraisablehook, self._keep_ignored

    def __enter__(self) -> None:
        """Defer signals."""
        if _in_main_thread():
            self._depth += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Raise Interrupted if a signal was deferred, unless another error is raised already."""
        if not _in_main_thread():
            return
        self._depth -= 1
        if self._deferred is not None and not self._depth and kind is None:
            signum, self._deferred = self._deferred, None
            self._is_ending = True
            raise Interrupted(signum)

    def handle(self, signum: int) -> None:
        """Raise Interrupted, now or after the guarded block; for a repeated signal, now.

        A second signal of another kind is no repetition: for one Ctrl-C under Meltano, the
        terminal sends SIGINT and Meltano SIGTERM.
        """
        if self.has_ended:
            return
        self.forced = self.forced or signum in self._received
        self._received.add(signum)
        if self.forced or not (self._depth or self._is_ending):
            self._is_ending = True
            raise Interrupted(signum)
        if not self._is_ending:
            self._deferred = signum

    def _keep_ignored(self, ignored: sys.UnraisableHookArgs) -> None:
        """Defer a signal that came in a finalizer, where Python ignores what is raised."""
        if isinstance(ignored.exc_value, Interrupted):
            self._is_ending, self._deferred = False, ignored.exc_value.args[0]
        else:
            self._report_ignored(ignored)


def _in_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


#: The guard of this process, because signals go to a process.
uninterrupted = SignalGuard()
