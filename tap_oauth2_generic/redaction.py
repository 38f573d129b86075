"""What must never be printed: the registry of secret values and the mask over all log output.

Every secret is registered where it enters the process; nothing here decides what is secret.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from urllib.parse import quote, quote_plus

MASK = "***"
# Shorter values would mask ordinary words and digits all over the output.
SHORTEST_SECRET = 4
_HEX = re.compile("%[0-9A-F]{2}")


# What some servers escape beyond need, so that their JSON may stand in a page.
_UNSAFE = re.compile("[&<>']")


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()


class Redactor:
    """Knows the secret values of this process and masks them in any text."""

    def __init__(self) -> None:
        """Start with nothing to hide."""
        self._secrets: tuple[str, ...] = ()
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def register(self, *secrets: object) -> None:
        """Remember each text, as it is and as it looks inside a URL or a JSON text."""
        found: set[str] = set()
        for secret in secrets:
            if isinstance(secret, str) and len(secret) >= SHORTEST_SECRET:
                encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
                found |= {secret, *encoded, *(_HEX.sub(_lower, text) for text in encoded)}
                written = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
                found |= written | {text.replace("/", "\\/") for text in written}
                found |= {_UNSAFE.sub(_escaped, text) for text in written}
                found.add(repr(secret)[1:-1])
        if found <= self._known:
            return
        with self._lock:
            self._known |= found
            # Longest first, or a secret that contains another would leave its rest behind.
            self._secrets = tuple(sorted({*self._secrets, *found}, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """Give the text with every registered secret replaced by ``***``."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


_REDACTOR = Redactor()
register = _REDACTOR.register
redact = _REDACTOR.redact


# What a server says must not steer the terminal that shows it.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Give a text that a server may have had a say in without what would steer a terminal."""
    return _CONTROL.sub("?", text)


class RedactingFormatter(logging.Formatter):
    """Masks whatever another formatter made of a log record, its traceback included."""

    def __init__(self, inner: logging.Formatter) -> None:
        """Wrap the formatter that does the layout."""
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Format with the inner formatter, then mask."""
        return printable(redact(self._inner.format(record)))


def protect_logs() -> None:
    """Put the mask over every log handler there is; safe to call more than once."""
    loggers = [logging.getLogger()]
    loggers += [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter or logging.Formatter()))
