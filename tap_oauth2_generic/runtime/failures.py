"""What failed in a run, a line each, and which streams are not read any further.

Decides nothing about requests and bookmarks: a failed context counts as an incomplete read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.errors import RecordError, RunError, StreamError, TapError
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.stats import StreamStats

#: Contexts of a stream that may fail in a row: after more of them, the rest would fail as well.
MAX_IN_ROW = 10
# Child streams whose schema is sampled through the same parent fail with the same line.
_COMPARED_LINES = 20
# As many as the end of a run shows: a later line is logged in full when it happens.
_SHOWN_LINES = 20


@dataclass
class Failures:
    """The failures of a run, over all streams."""

    lines: list[str] = field(default_factory=list)

    def check(self, last: str = "") -> None:
        """Raise RunError if anything failed, with a line each; ``last`` is one more."""
        lines = [*self.lines, *filter(None, [last])]
        if lines:
            raise RunError("\n".join(lines))


@dataclass
class StreamFailures:
    """The failures of one stream.

    ``ends_run``: the first one ends the run. ``has_ended``: the stream is not read any further.
    """

    run: Failures
    stats: StreamStats
    ends_run: bool
    has_ended: bool = False
    _in_row: int = 0

    @contextmanager
    def catching(self, context: Mapping[str, Any] | None, *, ends_run: bool) -> Iterator[None]:
        """Go on after a StreamError in the read of a context, or without one of the stream.

        Raise RunError if it ends the run.
        """
        try:
            yield
            if context:
                self._in_row = 0
        except StreamError as error:
            self.add(error, context, ends_run=ends_run)
        except RecursionError:
            # Of the SDK; our own parts say what is too deep.
            message = f"stream {self.stats.name!r}: its records or its schema are nested too deep"
            self.add(RecordError(message), context, ends_run=ends_run)
        except BaseException as error:
            self.stop(error)
            raise

    def stop(self, error: BaseException) -> None:
        """Note that the run ends while the stream is read; a signal is no error of it."""
        if isinstance(error, Exception):
            self._keep(str(error) if isinstance(error, TapError) else repr(error))
        else:
            self.stats.incomplete += 1

    def add(
        self,
        error: StreamError,
        context: Mapping[str, Any] | None = None,
        *,
        ends_run: bool = False,
    ) -> None:
        """Note that a context was not read, or without one the stream.

        Raise RunError if that ends the run.
        """
        line = self._keep(self._locate(str(error), context))
        # Without partitions the stream is its one context.
        self.stats.failed += bool(context) or self.stats.contexts == 1 > self.stats.failed
        if self.ends_run or ends_run:
            raise RunError(line) from None
        self._in_row += 1
        self._note(line)
        self.has_ended = not context or self._in_row > MAX_IN_ROW
        if context and self.has_ended:
            stream = f"stream {self.stats.name!r}"
            self._note(f"{stream}: {self._in_row} contexts failed in a row; skipping the others")

    def _keep(self, message: str) -> str:
        """Keep an error of the stream for its report, and return it in one line."""
        line = " ".join(message.split())
        if line not in self.stats.errors:
            self.stats.errors.append(line)
        return line

    def _locate(self, message: str, context: Mapping[str, Any] | None) -> str:
        """Return the message with the stream and the context in it."""
        stream = f"stream {self.stats.name!r}"
        named = ", ".join(f"{name}={value}" for name, value in (context or {}).items())
        where = f"{stream} ({named})" if named else stream
        if message.startswith(stream):
            return where + message.removeprefix(stream)
        # The sample of a child stream fails with its parent.
        return message if message.startswith("stream ") else f"{where}: {message}"

    def _note(self, line: str) -> None:
        if line not in self.run.lines[-_COMPARED_LINES:]:
            self.run.lines.append(line)
            is_shown = len(self.run.lines) <= _SHOWN_LINES
            shown = f"{line.partition(': ')[0]} failed" if is_shown else line
            LOG.warning("%s; continuing with the rest", shown)
