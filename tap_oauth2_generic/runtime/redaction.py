"""What must never be printed: the registry of secret values and the mask over all log output.

Every secret is registered where it enters the process; nothing here decides what is secret.
"""

from __future__ import annotations

import logging
import re
import threading
from functools import cached_property
from itertools import groupby

MASK = "***"
# Shorter values would mask ordinary words and digits all over the output.
SHORTEST_SECRET = 4


class _Secret:
    """A text that is masked in whatever way URLs, JSON, HTML or representations write it.

    They mix as they like: of one text, some encode what others leave. Letters and digits stand
    for themselves everywhere.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        words = ("".join(run) for kind, run in groupby(self.text, _kind) if kind == "word")
        # Most lines do not hold it, so that none of its looks is worth a search.
        self.anchor = max(words, key=len, default="")

    @cached_property
    def look(self) -> re.Pattern[str]:
        """A pattern for all of its looks."""
        runs = [(kind, "".join(run)) for kind, run in groupby(self.text, _kind)]
        # Who quotes a text may make one blank of several, and none of those around it.
        around = "*" if len(self.text.strip()) >= SHORTEST_SECRET else "+"
        parts = []
        for position, (kind, run) in enumerate(runs):
            if kind == "word":
                parts.append(run)
            elif kind == "other":
                parts += [rf"(?:\\*{re.escape(one)}|{_encoded(one)})" for one in run]
            elif kind == "backslash":
                # Each doubling doubles them, so that any number may stand for the run.
                begins = r"(?<!\\)" if position == 0 else ""
                parts.append(rf"{begins}(?:\\|(?<=\\){_LETTERS_OF_BACKSLASH}|{_entities(run[0])})+")
            else:
                ways = "|".join(sorted({_encoded(one) for one in run}))
                often = "+" if 0 < position < len(runs) - 1 else around
                # Told apart by how they begin: what could be read in two ways would be tried in
                # two to the power of its length.
                parts.append(rf"(?:\s|\+|\\+\s|{ways}){often}")
        return re.compile("".join(parts))


def _kind(character: str) -> str:
    if character == "\\":
        return "backslash"
    if character.isascii() and character.isalnum():
        return "word"
    return "blank" if character.isspace() else "other"


def _encoded(character: str) -> str:
    """Give the ways to write a character that do not hold it, as alternatives of a pattern."""
    code = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass").hex()
    # A backslash stands before some, and before itself.
    escapes = [
        r"\\+".join(f"u{units[at : at + 4]}" for at in range(0, len(units), 4)),
        r"\\+".join(f"x{octet:02x}" for octet in octets),
        f"x{code:02x}",
        f"u{code:08x}",
    ]
    letter = f"|{short}" if (short := _SHORT.get(character)) else ""
    return rf"\\+(?:(?i:{'|'.join(escapes)}){letter})|{_entities(character)}"


def _entities(character: str) -> str:
    """Give the ways in which URLs and HTML write a character."""
    from html.entities import codepoint2name  # only where a secret is really met

    code = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    ways = [f"(?i:{''.join(f'%{octet:02x}' for octet in octets)}|&#x0*{code:x};)", f"&#0*{code};"]
    if name := {**codepoint2name, ord("'"): "apos"}.get(code):
        ways.append(f"&{name};")
    return "|".join(ways)


_LETTERS_OF_BACKSLASH = "(?i:u005c|x5c|u0000005c)"
# What JSON and Python write with a letter.
_SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


class Redactor:
    """Knows the secret values of this process and masks them in any text."""

    def __init__(self) -> None:
        """Start with nothing to hide."""
        self._known: set[object] = set()
        self._secrets: tuple[_Secret, ...] = ()
        self._lock = threading.Lock()

    def register(self, *secrets: object) -> None:
        """Remember each text; what is too short, blank or no text is none."""
        new = {text for text in secrets if isinstance(text, str) and text not in self._known}
        if not new:
            return
        found = [_Secret(text) for text in new if len(text) >= SHORTEST_SECRET and text.strip()]
        with self._lock:
            self._known |= new
            # Longest first, or a secret that contains another would leave its rest behind.
            self._secrets = tuple(
                sorted([*self._secrets, *found], key=lambda one: len(one.text), reverse=True)
            )

    def redact(self, text: str) -> str:
        """Give the text with every registered secret replaced by ``***``."""
        for secret in self._secrets:
            if secret.anchor in text:
                text = secret.look.sub(MASK, text)
        return text


_REDACTOR = Redactor()
register = _REDACTOR.register
redact = _REDACTOR.redact


# What a server says must not steer the terminal that shows it, nor turn the order of a line.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


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
        """Format with the inner formatter, then mask; only a line's first word is at its margin.

        Else a server could bring in lines that look like ours.
        """
        return printable(redact(self._inner.format(record))).replace("\n", "\n    ")


def protect_logs() -> None:
    """Put the mask over every log handler there is; safe to call more than once."""
    loggers = [logging.getLogger()]
    loggers += [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter or logging.Formatter()))
