"""Mask secret values in all output: the registry of secrets and the mask over every log handler.

Every secret is registered where it enters the process; nothing here decides what is secret.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from functools import cache
from html.entities import codepoint2name
from itertools import groupby

MASK = "***"
# Shorter values would mask ordinary words and digits all over the output.
SHORTEST_SECRET = 4
# Of a longer secret, its beginning is masked, too: servers cut what they show.
_SHORTEST_BEGINNING = 16
# Bytes of a response that an excerpt is taken from.
_EXCERPT_BYTES = 4000
# Characters that one of a secret becomes at most: ``\\U0001f600`` twice escaped.
_MAX_SPELLING = 12
# Shorter parts of a secret in base64 would occur in other strings.
_SHORTEST_BASE64 = 8
# A JWT (RFC 7519), or a run of characters that may hold a random string.
_TOKEN_LIKE = re.compile(r"[\w.~+/=%-]{16,}", re.ASCII)
_WORD = re.compile(r"[\w-]+", re.ASCII)
_SHORTEST_TOKEN = 16
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_URL_SAFE = str.maketrans("+/", "-_")
_NAMED_ENTITIES = {**codepoint2name, ord("'"): "apos"}
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
# Server strings must not steer the terminal that shows them, nor reorder a line.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _anchor(secret: str) -> str:
    """Return the longest run of letters and digits, which every spelling contains unchanged.

    Most lines do not contain it, so that no spelling is worth a search. It is in lower case, as
    is the line.
    """
    words = ("".join(run) for kind, run in groupby(secret, _kind) if kind == "word")
    return max(words, key=len, default="").lower()


@cache
def _pattern(secret: str) -> re.Pattern[str]:
    """Return a pattern for every spelling of a secret in URLs, JSON, HTML and ``repr``.

    Spellings mix: one server escapes what another leaves.
    """
    runs = [(kind, "".join(run)) for kind, run in groupby(secret, _kind)]
    # A quoted string may have lost whitespace inside and at its ends.
    at_ends = "*" if len(secret.strip()) >= SHORTEST_SECRET else "+"
    parts = []
    for position, (kind, run) in enumerate(runs):
        if kind == "word":
            parts.append(run)
        elif kind == "other":
            parts += [rf"(?:\\*{re.escape(one)}|{_escapes(one)})" for one in run]
        elif kind == "backslash":
            # Each escaping doubles them, so any number may stand for the run.
            begins = r"(?<!\\)" if position == 0 else ""
            letters = "(?i:u005c|x5c|u0000005c)"
            parts.append(rf"{begins}(?:\\|(?<=\\){letters}|{_entities(run[0])})+")
        else:
            ways = "|".join(sorted({_escapes(one) for one in run}))
            often = "+" if 0 < position < len(runs) - 1 else at_ends
            # Alternatives differ in how they begin: ambiguous ones would backtrack exponentially.
            parts.append(rf"(?:\s|\+|\\+\s|{ways}){often}")
    return re.compile("".join(parts), re.IGNORECASE)


def _beginning(secret: str) -> re.Pattern[str] | None:
    """Return a pattern for the beginning of a secret, None if it may be words or a time."""
    start = secret[:_SHORTEST_BEGINNING]
    is_token = re.fullmatch(r"[\w.~+=%-]+|(?=.*\d)[\w.~+/=%-]+", start, re.ASCII)
    if len(secret) == len(start) or not is_token:
        return None
    return re.compile(re.escape(start) + r"[\w.~+/=%-]*", re.IGNORECASE)


def _kind(character: str) -> str:
    if character == "\\":
        return "backslash"
    if character.isascii() and character.isalnum():
        return "word"
    return "space" if character.isspace() else "other"


def _escapes(character: str) -> str:
    """Return alternatives of a pattern: every spelling that does not hold the character."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    octets = character.encode("utf-8", "surrogatepass")
    # Escaping the escape doubles its backslash.
    escapes = [
        r"\\+".join(f"u{units[at : at + 4]}" for at in range(0, len(units), 4)),
        r"\\+".join(f"x{octet:02x}" for octet in octets),
        f"x{ord(character):02x}",
        f"u{ord(character):08x}",
    ]
    letter = f"|{short}" if (short := _SHORT_ESCAPES.get(character)) else ""
    return rf"\\+(?:(?i:{'|'.join(escapes)}){letter})|{_entities(character)}"


def _entities(character: str) -> str:
    """Return alternatives of a pattern: how URLs and HTML write a character."""
    code = ord(character)
    octets = "".join(f"%{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
    ways = [f"(?i:{octets}|&#x0*{code:x};)", f"&#0*{code};"]
    if name := _NAMED_ENTITIES.get(code):
        ways.append(f"&{name};")
    return "|".join(ways)


def _base64_forms(secret: str) -> set[str]:
    """Return what base64 makes of a secret inside a longer string, at each of three offsets."""
    forms = set()
    for offset in range(3):
        octets = bytes(offset) + secret.encode("utf-8", "surrogatepass")
        whole = octets[: len(octets) // 3 * 3]
        # The characters that depend on the bytes before and after are left out.
        encoded = base64.b64encode(whole).decode()[(0, 2, 3)[offset] :]
        forms |= {encoded, encoded.translate(_URL_SAFE)}
    return {form for form in forms if len(form) >= _SHORTEST_BASE64}


class Redactor:
    """The secret values of this process."""

    def __init__(self) -> None:
        self._known: set[object] = set()
        self._anchors: dict[str, str] = {}
        self._beginnings: dict[re.Pattern[str], str] = {}
        self._lock = threading.Lock()

    def register(self, *secrets: object) -> None:
        """Remember each string; ignore short and empty ones, and other types."""
        new = {one for one in secrets if isinstance(one, str) and one not in self._known}
        if not new:
            return
        found = {one for one in new if len(one) >= SHORTEST_SECRET and one.strip()}
        forms = {form for one in found for form in (one, *_base64_forms(one))}
        starts = {p: one[:_SHORTEST_BEGINNING].lower() for one in found if (p := _beginning(one))}
        with self._lock:
            self._known |= new
            self._beginnings = {**self._beginnings, **starts}
            # Longest first, or a secret that contains another would leave its rest behind.
            by_length = sorted({*self._anchors, *forms}, key=len, reverse=True)
            self._anchors = {one: self._anchors.get(one) or _anchor(one) for one in by_length}

    @property
    def reach(self) -> int:
        """The most characters that a secret takes in any spelling."""
        return _MAX_SPELLING * max(map(len, self._anchors), default=0)

    def redact(self, string: str) -> str:
        """Return the string with every registered secret replaced by ``***``."""
        lowered = string.lower()
        for secret, anchor in self._anchors.items():
            if anchor in lowered:
                string = _pattern(secret).sub(MASK, string)
        for pattern, start in self._beginnings.items():
            if start in lowered:
                string = pattern.sub(MASK, string)
        return string


_REDACTOR = Redactor()
register = _REDACTOR.register
redact = _REDACTOR.redact


def excerpt(content: str | bytes, length: int = 200) -> str:
    """Return the beginning of a message in one line, masked before it is cut."""
    reach = _REDACTOR.reach
    some = content[: _EXCERPT_BYTES + 2 * reach]
    string = some.decode("utf-8", "replace") if isinstance(some, bytes) else some
    masked = redact(" ".join(string.split()))
    # What the first cut may have left of a secret is at the end.
    return masked[: length if len(some) == len(content) else min(length, len(masked) - reach)]


def mask_tokens(string: str) -> str:
    """Mask what looks like a token, for text of a provider: it may show one unknown to the tap.

    JWTs and random strings have digits at several places; a UUID names a request.
    """
    return _TOKEN_LIKE.sub(lambda run: MASK if _is_token_like(run[0]) else run[0], string)


def _is_token_like(run: str) -> bool:
    words = (word for word in _WORD.findall(run) if len(word) >= _SHORTEST_TOKEN)
    return run.startswith("eyJ") or any(
        len(re.findall(r"\d+", word)) > 1
        and re.search("[A-Za-z]", word)
        and not _UUID.fullmatch(word)
        for word in words
    )


def printable(string: str) -> str:
    """Replace the control characters that would steer a terminal."""
    return _CONTROL.sub("?", string)


def escape_controls(json: str) -> str:
    """Return the same JSON with these characters escaped; line breaks and tabs only lay it out."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


class RedactingFormatter(logging.Formatter):
    """Mask the output of another formatter, tracebacks included."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Format, mask, and indent all lines but the first.

        Otherwise a server could forge lines that look like the tap's own.
        """
        return printable(redact(self._inner.format(record))).replace("\n", "\n    ")


def protect_logs() -> None:
    """Mask every existing log handler; safe to call more than once."""
    loggers = [logging.getLogger()]
    loggers += [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter or logging.Formatter()))
