"""Threads that send requests while the main thread works; they know no stream and no order."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_URGENT, _NORMAL, _STOP = range(3)


class Workers:
    """A limited number of daemon threads, started as they are needed.

    ``ThreadPoolExecutor`` has no priorities, and its threads would keep an interrupted process
    alive until a response arrives.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        #: Set with each result.
        self.arrived = threading.Event()
        self._threads: list[threading.Thread] = []
        self._number = itertools.count()
        self._queue: queue.PriorityQueue[tuple[int, int, Any, Any]] = queue.PriorityQueue()

    def submit(self, call: Callable[[], _Result], *, urgent: bool) -> Future[_Result]:
        """Run a call in a thread; an urgent one before all that wait."""
        future: Future[_Result] = Future()
        if len(self._threads) < self._limit:
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put((_URGENT if urgent else _NORMAL, next(self._number), future, call))
        return future

    def close(self) -> None:
        """Cancel the waiting calls; each thread ends after its current one."""
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()[2].cancel()
        for _ in self._threads:
            self._queue.put((_STOP, next(self._number), None, None))
        self._threads.clear()

    def _work(self) -> None:
        while True:
            _, _, future, call = self._queue.get()
            if future is None:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised where the result is read
                future.set_exception(error)
            # An idle thread would keep its last result alive.
            del future, call
            self.arrived.set()
