"""Threads that send requests while the main thread works; they know no stream and no order.

What they come to is taken up by whoever submitted it, in the main thread.
"""

from __future__ import annotations

import itertools
import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")
_LAST = 2


class Workers:
    """So many threads at most, started as they are needed.

    They are daemons: a process that was asked to end does not wait for an answer that may
    take a minute. ``ThreadPoolExecutor`` would, and knows no urgency.
    """

    def __init__(self, most: int) -> None:
        """Start none yet."""
        self._most = most
        self._threads: list[threading.Thread] = []
        self._number = itertools.count()
        self._queue: queue.PriorityQueue[tuple[int, int, Any, Any]] = queue.PriorityQueue()

    def submit(self, call: Callable[[], _Result], *, urgent: bool) -> Future[_Result]:
        """Have something done in a thread; what is urgent goes before what waits."""
        future: Future[_Result] = Future()
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put((0 if urgent else 1, next(self._number), future, call))
        return future

    def close(self) -> None:
        """Let each thread end when it has done what it is at; nothing is begun any more."""
        while not self._queue.empty():
            try:
                self._queue.get_nowait()[2].cancel()
            except queue.Empty:
                break
        for _ in self._threads:
            self._queue.put((_LAST, next(self._number), None, None))
        self._threads.clear()

    def _work(self) -> None:
        while True:
            _, _, future, call = self._queue.get()
            if future is None:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - raised again where it is taken up
                future.set_exception(error)
            else:
                future.set_result(result)
