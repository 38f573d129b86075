"""How people see what a run has come to: a live line on a terminal, else log lines; a summary.

Counts nothing itself. What is drawn goes to standard error; rich is imported only to draw.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.stats import StreamStats, many, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from tap_oauth2_generic.runtime.clock import Clock

_LOG = logging.getLogger("tap-oauth2-generic")
_METRICS = "singer_sdk.metrics"
_SECONDS_BETWEEN_LINES = 30.0
_DRAWN_PER_SECOND = 4
# The rate that is shown is that of so many drawings: five seconds.
_RATED = 5 * _DRAWN_PER_SECOND


class Progress:
    """What the streams of a run have come to, and where that is shown."""

    def __init__(self, clock: Clock) -> None:
        """Show nothing yet."""
        self._clock = clock
        self._tallies: dict[str, StreamStats] = {}
        self._current: StreamStats | None = None
        self._streams = 0
        self._is_drawn = False
        self._drawn: deque[tuple[float, int]] = deque(maxlen=_RATED)

    def stats(self, name: str) -> StreamStats:
        """Give where a stream is counted."""
        return self._tallies.setdefault(
            name, StreamStats(name, self._changed, self._clock.monotonic)
        )

    @contextmanager
    def show(self, streams: int) -> Iterator[None]:
        """Show what so many streams come to, and in the end, however it comes, the summary."""
        line = LiveLine(self) if suits(os.environ) else None
        self._streams = streams
        self._is_drawn = line is not None
        if line is not None:
            line.start()
        try:
            yield
        finally:
            with uninterrupted:
                if line is not None:
                    line.stop()
                self._summarize()

    def _summarize(self) -> None:
        for stats in self._tallies.values():
            if stats.was_begun:
                _LOG.info("%s", stats.summary())

    def _changed(self, stats: StreamStats) -> None:
        """Say now and then how far a stream is, where no line is drawn."""
        self._current = stats
        if self._is_drawn:
            return
        now = self._clock.monotonic()
        if stats.said_at is None:
            stats.said_at = now
        elif now - stats.said_at >= _SECONDS_BETWEEN_LINES:
            stats.said_at = now
            read = f"{many(stats.records, 'record')} on {many(stats.pages, 'page')}"
            _LOG.info("Stream %r: %s so far", stats.name, read)

    def line(self) -> str:
        """Give what is drawn now; asked for a few times a second."""
        records = sum(stats.records for stats in self._tallies.values())
        self._drawn.append((self._clock.monotonic(), records))
        (began, before), (now, _) = self._drawn[0], self._drawn[-1]
        rate = (records - before) / (now - began) if now > began else 0.0
        name = self._current.name if self._current else ""
        return redact(running(list(self._tallies.values()), name, self._streams, rate))


def suits(environment: Mapping[str, str]) -> bool:
    """Tell whether a line that is drawn over and over suits.

    A person looks at a terminal that can draw, and messages do not go there as well.
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
    """The line on a terminal; while it is there, log lines come above it."""

    def __init__(self, progress: Progress) -> None:
        """Draw nothing yet."""
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        class Visible(Console):
            """A console whose cursor stays: whoever kills the process keeps it."""

            def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - rich's
                return False

        def drawn() -> Text:
            return Text(progress.line(), no_wrap=True, overflow="ellipsis", style="dim")

        self._console: Console = Visible(file=sys.stderr)
        self._live: Live = Live(
            get_renderable=drawn,
            console=self._console,
            refresh_per_second=_DRAWN_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._handlers: list[logging.StreamHandler[Any]] = []

    def start(self) -> None:
        """Draw, and have log lines come above; the SDK's metrics are for programs."""
        self._handlers = [
            handler
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        ]
        for handler in self._handlers:
            handler.setStream(_Above(self._console))
            handler.addFilter(_is_for_people)
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Leave no trace of the line."""
        self._live.stop()
        for handler in self._handlers:
            handler.removeFilter(_is_for_people)
            handler.setStream(sys.stderr)


def _is_for_people(record: logging.LogRecord) -> bool:
    return record.name != _METRICS


class _Above:
    """Standard error as log handlers see it while a line is drawn at its end."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> None:
        """Write whole lines above the one that is drawn."""
        from rich.text import Text

        with uninterrupted:
            self._console.print(Text(text.removesuffix("\n")), soft_wrap=True)

    def flush(self) -> None:
        """Do nothing: the console has written."""
