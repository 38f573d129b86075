"""Whether the pages of a slice come in descending order, so that older records end it.

Knows no page and no stream.
"""

from __future__ import annotations

from operator import ge
from typing import Any

from tap_oauth2_generic.replication.bookmark import in_order
from tap_oauth2_generic.replication.bounds import Bound, Moment, moment


class Descent:
    """Follows the replication values of a slice, page by page.

    ``is_kept`` is false once a value was above the one before: then older records end nothing.
    """

    def __init__(self, start: Bound) -> None:
        self.is_kept = True
        self._start = start
        self._last: Moment | None = None

    def ends_with(self, values: list[Any]) -> bool:
        """Take the values of a page; return whether all that follows is older than the start."""
        self.is_kept = self.is_kept and self._goes_on(values)
        return self.is_kept and bool(values) and all(map(self._start.is_after, values))

    def _goes_on(self, values: list[Any]) -> bool:
        pattern, start = self._start.pattern, self._start.moment
        descends = in_order(values, ge, pattern) is not None
        for value in [*values[:1], *values[-1:]] if descends else values:
            at = moment(value, pattern)
            if at is None or start is None or at.is_instant != start.is_instant:
                continue
            if self._last is not None and at.amount > self._last.amount:
                return False
            self._last = at
        return True
