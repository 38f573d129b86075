"""Show the progress of a run: a live line on a terminal, else log lines; then a summary.

Counts nothing itself. The line goes to standard error; rich is imported only to draw it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.stats import StreamStats, status_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console
    from rich.text import Text

    from tap_oauth2_generic.runtime.clock import Clock

_LOG_INTERVAL_SECONDS = 30.0
_DRAWINGS_PER_SECOND = 4
_RATE_SECONDS = 5


class Progress:
    """The statistics of all streams of a run, and where they are shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stats: dict[str, StreamStats] = {}
        self._current = ""
        self._streams = 0
        self._is_live = False
        self._drawn: deque[tuple[float, int]] = deque(maxlen=_RATE_SECONDS * _DRAWINGS_PER_SECOND)

    def stats(self, name: str) -> StreamStats:
        """Return the statistics of a stream."""
        new = StreamStats(name, self._on_page, self._clock.monotonic)
        return self._stats.setdefault(name, new)

    @contextmanager
    def show(self, streams: int) -> Iterator[None]:
        """Show the progress of a run, and its summary however it ends."""
        line = LiveLine(self) if can_draw(os.environ) else None
        self._streams = streams
        self._is_live = line is not None
        if line is not None:
            line.start()
        try:
            yield
        finally:
            with uninterrupted:
                if line is not None:
                    line.stop()
                for stats in self._stats.values():
                    if not stats.is_empty:
                        LOG.info("stream %r: %s", stats.name, stats.summary())

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

    def line(self) -> str:
        """Return the live line; called a few times a second."""
        records = sum(stats.records for stats in self._stats.values())
        self._drawn.append((self._clock.monotonic(), records))
        (began, before), (now, _) = self._drawn[0], self._drawn[-1]
        rate = (records - before) / (now - began) if now > began else 0.0
        return redact(status_line([*self._stats.values()], self._current, self._streams, rate))


def can_draw(environment: Mapping[str, str]) -> bool:
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


class LiveLine:
    """The line at the bottom of a terminal; log lines are written above it."""

    def __init__(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        class CursorConsole(Console):
            """A console that never hides the cursor: a killed process would not restore it."""

            def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - rich's
                return False

        def render() -> Text:
            return Text(progress.line(), no_wrap=True, overflow="ellipsis", style="dim")

        self._console: Console = CursorConsole(file=sys.stderr)
        self._live = Live(
            get_renderable=render,
            console=self._console,
            refresh_per_second=_DRAWINGS_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._handlers: list[logging.StreamHandler[Any]] = []

    def start(self) -> None:
        """Draw the line, and move log lines above it; leave out the SDK's metrics."""
        self._handlers = [
            handler
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        ]
        for handler in self._handlers:
            handler.setStream(_LinesAbove(self._console))
            handler.addFilter(_is_no_metric)
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Erase the line."""
        self._live.stop()
        for handler in self._handlers:
            handler.removeFilter(_is_no_metric)
            handler.setStream(sys.stderr)


def _is_no_metric(record: logging.LogRecord) -> bool:
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
