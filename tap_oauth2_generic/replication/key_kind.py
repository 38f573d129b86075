"""What the values of a replication key are: times, or numbers such as ids.

Knows no record and no state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.replication.bounds import moment

# A field of such a name is no time, whatever its numbers.
_ID = re.compile(r"(^|_)id$|[a-z]I[dD]$")


@dataclass(frozen=True)
class KeyKind:
    """A replication key by its name, the format of the bounds and its column, if that is known."""

    name: str
    format: str
    initial_value: Any
    column: Mapping[str, Any]

    @property
    def is_time(self) -> bool:
        """Whether it may be a time: an id is none, nor is a number under iso."""
        if self.initial_value is not None or _ID.search(self.name):
            return False
        return self.format != "iso" or not self._has_numbers

    @property
    def pattern(self) -> str:
        """The format of its values."""
        return self.format if self.is_time else "iso"

    def takes(self, bookmark: Any) -> bool:
        """Return whether a bookmark is a value that the key may have."""
        at = moment(bookmark, self.pattern)
        if at is None or at.is_instant:
            return at is not None and (self.pattern != "iso" or not self._has_numbers)
        return self.column.get("format") not in {"date", "date-time"}

    @property
    def _has_numbers(self) -> bool:
        types = self.column.get("type") or ()
        found = {types} if isinstance(types, str) else {*types}
        return bool(found) and found <= {"integer", "number", "null"}
