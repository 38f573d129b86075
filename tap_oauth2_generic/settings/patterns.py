"""Regular expressions written by users: the syntax of ``re``, matched within a time limit.

``re`` would hang, and every thread with it, if a repetition inside a repetition meets a string
that almost matches.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.settings.limits import MAX_PATTERN_PARTS, MAX_PATTERN_SECONDS

if TYPE_CHECKING:
    import regex

# A brace without a count is a brace to ``re``; to ``regex`` it may be a fuzzy match.
_BRACE = re.compile(r"(\\N\{[^}]*\}|\\.)|\{(?!\d+(?:,\d*)?\}|,\d*\})", re.DOTALL)
# A character class, the ends of a group, a minimum count, or one character.
_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """A regular expression; ``groups`` is the number of its groups."""

    text: str
    groups: int
    _compiled: regex.Pattern[str]

    def search(self, text: str) -> regex.Match[str] | None:
        """Return the first match; raise SettingError if it takes too long."""
        found: regex.Match[str] | None = self._limit_time(self._compiled.search, text)
        return found

    def sub(self, replacement: str, text: str) -> str:
        """Replace every match; raise SettingError if it takes too long."""
        found: str = self._limit_time(self._compiled.sub, replacement, text)
        return found

    def _limit_time(self, search: Callable[..., Any], *arguments: str) -> Any:
        try:
            return search(*arguments, timeout=MAX_PATTERN_SECONDS)
        except TimeoutError:
            raise SettingError(
                f"gave up on pattern {self.text!r} after {MAX_PATTERN_SECONDS:g} s on a string "
                f"of {len(arguments[-1])} characters; avoid a repetition inside a repetition"
            ) from None


@lru_cache
def parse_pattern(text: str) -> Pattern:
    """Parse a pattern of Python's ``re``; raise ValueError with the rest of a sentence."""
    import regex  # few configurations have a pattern

    try:
        # Only the syntax of ``re`` is promised; ``regex`` has more.
        with warnings.catch_warnings():
            # About what a later Python may read differently; a user cannot act on it.
            warnings.simplefilter("ignore", FutureWarning)
            groups = re.compile(text).groups
        if _parts(text) > MAX_PATTERN_PARTS:
            raise ValueError(f"repeats more than {MAX_PATTERN_PARTS} parts, nested counts included")
        plain = _BRACE.sub(lambda match: match[1] or r"\{", text)
        return Pattern(text, groups, regex.compile(plain, regex.VERSION0))
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None


def _parts(text: str) -> int:
    """Return how many parts a pattern has once its minimum counts are written out."""
    sums, last = [0], 0
    for part in _PART.finditer(text):
        if part[0] == "(":
            sums.append(0)
            last = 0
            continue
        if part[0] == ")" and len(sums) > 1:
            last = sums.pop()
        elif part[1]:
            # The first of them is counted already.
            last *= max(int(part[1]) - 1, 0)
        else:
            last = 1
        sums[-1] += last
    return sum(sums)
