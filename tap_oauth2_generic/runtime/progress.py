"""Show the progress of a run: a live line on a terminal, else log lines; then a summary.

Counts nothing itself. The line goes to standard error; rich is imported only to draw it.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.stats import StreamStats, plural

if TYPE_CHECKING:
    from rich.console import Console

_LOG_INTERVAL_SECONDS = 30.0
_DRAWINGS_PER_SECOND = 4
_RATE_SECONDS = 5


class Progress:
    """The statistics of all streams of a run, and where they are shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stats: dict[str, StreamStats] = {}
        self._current = "starting"
        #: Names of the streams that the run reads.
        self.streams: Collection[str] = ()
        self._is_live = False
        self._drawn: deque[tuple[float, int]] = deque(maxlen=_RATE_SECONDS * _DRAWINGS_PER_SECOND)

    def stats(self, name: str) -> StreamStats:
        """Return the statistics of a stream."""
        new = StreamStats(name, self._on_page, self._clock.monotonic)
        return self._stats.setdefault(name, new)

    @contextmanager
    def show(self) -> Iterator[None]:
        """Show the progress of a run, and its summary however it ends."""
        self._is_live = _can_draw(os.environ)
        try:
            with _live_line(self._line) if self._is_live else nullcontext():
                yield
        finally:
            with uninterrupted:
                for stats in self.of_run():
                    LOG.info("stream %r: %s", stats.name, stats.summary())

    def of_run(self) -> list[StreamStats]:
        """Return the statistics of each stream of the run, and of any other that was requested."""
        for name in self.streams:
            self.stats(name)
        return [one for one in self._stats.values() if one.name in self.streams or one.requests]

    def _on_page(self, stats: StreamStats) -> None:
        self._current = stats.name
        if self._is_live:
            return
        now = self._clock.monotonic()
        if stats.logged_at is None:
            stats.logged_at = now
        elif now - stats.logged_at >= _LOG_INTERVAL_SECONDS:
            stats.logged_at = now
            LOG.info("stream %r: %s so far", stats.name, stats.progress())

    def _line(self) -> str:
        streams = [*self._stats.values()]
        started = sum(stats.contexts > 0 for stats in streams)
        records = sum(stats.records for stats in streams)
        self._drawn.append((self._clock.monotonic(), records))
        (began, before), (now, _) = self._drawn[0], self._drawn[-1]
        rate = (records - before) / (now - began) if now > began else 0.0
        # Of each reason, the longest wait comes last and stays.
        waits = dict(sorted(wait for one in streams for wait in one.waits.remaining().items()))
        parts = [
            f"{self._current} (stream {started} of {len(self.streams)})",
            *(f"waits {math.ceil(max(left, 0))} s ({reason})" for reason, left in waits.items()),
            plural(records, "record"),
            plural(sum(stats.pages for stats in streams), "page"),
            f"{rate:,.0f} records/s",
        ]
        return redact(" · ".join(parts))


def _can_draw(environment: Mapping[str, str]) -> bool:
    """Return whether standard error is a terminal that can redraw a line.

    If standard output is a terminal as well, messages would mix with the line.
    """
    if environment.get("NO_COLOR") or environment.get("TERM") in {None, "", "dumb", "unknown"}:
        return False
    if any(name.startswith("MELTANO_") for name in environment):
        return False
    try:
        return sys.stderr.isatty() and not sys.stdout.isatty()
    except (AttributeError, ValueError):
        # One of them is closed.
        return False


@contextmanager
def _live_line(line: Callable[[], str]) -> Iterator[None]:
    """Draw a line at the bottom of the terminal, and log lines above it; erase it at the end."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    class CursorConsole(Console):
        """A console that never hides the cursor: a killed process would not restore it."""

        def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - rich's
            return False

    console = CursorConsole(file=sys.stderr)
    live = Live(
        get_renderable=lambda: Text(line(), no_wrap=True, overflow="ellipsis", style="dim"),
        console=console,
        refresh_per_second=_DRAWINGS_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
    ]
    try:
        for handler in handlers:
            handler.setStream(_LinesAbove(console))
            handler.addFilter(_is_no_metric)
        live.start(refresh=True)
        yield
    finally:
        with uninterrupted:
            live.stop()
            for handler in handlers:
                handler.removeFilter(_is_no_metric)
                handler.setStream(sys.stderr)


def _is_no_metric(record: logging.LogRecord) -> bool:
    """Leave out the SDK's metrics, which the line shows."""
    return record.name != "singer_sdk.metrics"


class _LinesAbove:
    """The stream of log handlers while the line is drawn."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, lines: str) -> None:
        """Print complete lines above the live line."""
        from rich.text import Text

        with uninterrupted:
            self._console.print(Text(lines.removesuffix("\n")), soft_wrap=True)

    def flush(self) -> None:
        """Do nothing: the console has written already."""
