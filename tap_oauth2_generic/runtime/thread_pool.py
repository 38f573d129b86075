"""Threads that send requests while the main thread works; they know no stream and no order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")


class Call(Generic[_Result]):
    """A call to make in a thread, and its result; one other thread reads it.

    A ``Future`` has locks for any number of readers, which take as long as a small page.
    """

    def __init__(self, function: Callable[[], _Result]) -> None:
        self._function: Callable[[], _Result] | None = function
        self._result: Any = None
        #: What it raised.
        self.error: BaseException | None = None
        self.is_done = False
        #: How long it took, once it is done.
        self.seconds: float | None = None

    def run(self) -> float:
        """Make the call, unless it was canceled; return the seconds it took."""
        function, began = self._function, time.monotonic()
        try:
            if function is not None:
                self._result = function()
        except BaseException as error:  # noqa: BLE001 - raised where the result is read
            self.error = error
        self.seconds = seconds = time.monotonic() - began
        self.is_done = True
        return seconds

    def cancel(self) -> None:
        """Do not make the call, if it has not begun."""
        self._function = None

    def result(self) -> _Result:
        """Return the result of a call that is done, or raise its error."""
        if self.error is not None:
            raise self.error
        result: _Result = self._result
        return result


class Workers:
    """A limited number of daemon threads, started as they are needed.

    ``ThreadPoolExecutor`` has no priorities, and its threads would keep an interrupted process
    alive until a response arrives.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        #: Set with each result.
        self.arrived = threading.Event()
        self._threads = 0
        self._urgent, self._others = deque[Call[Any]](), deque[Call[Any]]()
        # As many as there are calls; a thread without a call ends.
        self._tickets: SimpleQueue[None] = SimpleQueue()

    def submit(self, function: Callable[[], _Result], *, urgent: bool) -> Call[_Result]:
        """Make a call in a thread; an urgent one before all that wait."""
        call = Call(function)
        (self._urgent if urgent else self._others).append(call)
        self._tickets.put(None)
        if self._threads < self._limit:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        return call

    def close(self) -> None:
        """Drop the waiting calls; each thread ends after its current one."""
        self._urgent.clear()
        self._others.clear()
        for _ in range(self._threads):
            self._tickets.put(None)

    def _work(self) -> None:
        while True:
            self._tickets.get()
            try:
                call = (self._urgent or self._others).popleft()
            except IndexError:
                return
            call.run()
            # An idle thread would keep its last result alive.
            del call
            if not self.arrived.is_set():
                self.arrived.set()
