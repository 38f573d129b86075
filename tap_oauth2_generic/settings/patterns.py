"""Regular expressions that a user writes: Python's, with an end to the time that one may take.

Knows nothing of what is matched. ``re`` would hang, and every thread with it, where a pattern
that repeats a repetition meets a text that almost fits.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.settings.limits import MAX_PATTERN_PARTS, MAX_PATTERN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import regex

# To ``re`` a brace that counts nothing is a brace; to ``regex`` it may be a fuzzy match.
_BRACE = re.compile(r"(\\N\{[^}]*\}|\\.)|\{(?!\d+(?:,\d*)?\}|,\d*\})", re.DOTALL)
# A class of characters, a group's ends, a least count, or one character.
_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """A regular expression; ``groups`` is the number of its groups."""

    text: str
    groups: int
    _compiled: regex.Pattern[str]

    def search(self, text: str) -> regex.Match[str] | None:
        """Give the first match; raises SettingError where it takes too long."""
        found: regex.Match[str] | None = self._bounded(self._compiled.search, text)
        return found

    def sub(self, replacement: str, text: str) -> str:
        """Replace every match; raises SettingError where it takes too long."""
        found: str = self._bounded(self._compiled.sub, replacement, text)
        return found

    def _bounded(self, search: Callable[..., Any], *arguments: str) -> Any:
        try:
            return search(*arguments, timeout=MAX_PATTERN_SECONDS)
        except TimeoutError:
            message = (
                f"the pattern {self.text!r} was given up after {MAX_PATTERN_SECONDS:g} second on a "
                f"text of {len(arguments[-1])} characters: write it without a repetition inside "
                "a repetition"
            )
            raise SettingError(message) from None


@lru_cache
def parse_pattern(text: str) -> Pattern:
    """Parse a pattern of Python's ``re``; raises ValueError with the rest of a sentence."""
    # Imported here: few configurations have a pattern.
    import regex

    try:
        # What this one takes is what there is; the other has more syntax, none of it promised.
        with warnings.catch_warnings():
            # Of what a later Python may take otherwise; whoever runs the tap cannot act on it.
            warnings.simplefilter("ignore", FutureWarning)
            groups = re.compile(text).groups
        if _parts(text) > MAX_PATTERN_PARTS:
            message = f"counts to more than {MAX_PATTERN_PARTS}, one count in another multiplied"
            raise ValueError(message)
        plain = _BRACE.sub(lambda match: match[1] or r"\{", text)
        return Pattern(text, groups, regex.compile(plain, regex.VERSION0))
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        message = f"is not a regular expression: {error}"
        raise ValueError(message) from None


def _parts(text: str) -> int:
    """Give how many parts a pattern has when its least counts are written out."""
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
