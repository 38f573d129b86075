"""The tap's logger, and one for each stream that begins every line with ``stream 'x':``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from tap_oauth2_generic.errors import ConfigurationError

LOG = logging.getLogger("tap-oauth2-generic")
#: What the name of every environment variable of a setting begins with.
PREFIX = "TAP_OAUTH2_GENERIC_"
#: The SDK reads this variable before any setting.
LOG_LEVEL = "LOGLEVEL"
_LEVELS = "DEBUG, INFO, WARNING, ERROR, CRITICAL"


class StreamLog(logging.LoggerAdapter):  # type: ignore[type-arg] # none in Python 3.10
    """Log what concerns one stream; safe to use from any thread."""

    def __init__(self, stream: str, keep: Callable[[str], object] = str) -> None:
        """Begin without a line; ``keep`` is called with each warning."""
        super().__init__(LOG.getChild(stream), {})
        self._stream, self._keep = stream, keep
        self._topics: set[str] = set()

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a line about the stream; without arguments, a ``%`` in it is just that."""
        sentence = str(msg) % args if args else str(msg)
        if level == logging.WARNING:
            self._keep(sentence)
        self.logger.log(level, "stream %r: %s", self._stream, sentence, **kwargs)

    def warn_once(self, topic: str, msg: object, *args: object) -> None:
        """Warn unless there was a warning of this topic already."""
        if topic not in self._topics:
            self._topics.add(topic)
            self.warning(msg, *args)


def some(names: Sequence[str], at_most: int) -> str:
    """Return the first names as a list for a message, and how many more there are."""
    shown, more = ", ".join(names[:at_most]), len(names) - at_most
    return f"{shown} and {more} more" if more > 0 else shown


def find_log_level() -> str:
    """Return the level that the environment asks for; raises ConfigurationError if it is none."""
    chosen = "WARNING"
    for variable in (LOG_LEVEL, f"{PREFIX}{LOG_LEVEL}"):
        if level := os.environ.get(variable):
            chosen = level.upper()
            if not isinstance(logging.getLevelName(chosen), int):
                raise ConfigurationError(f"{variable} must be one of {_LEVELS}, not {level!r}")
    return chosen
