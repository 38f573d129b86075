"""Where the bookmark of one slice of a test read is, and where a sync would move it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.pagination import Stop
from tap_oauth2_generic.replication.bookmark import Bookmark
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.replication.read_range import ReadRange
from tap_oauth2_generic.runtime.redaction import redact


@dataclass
class ReadBookmark:
    """The bookmark of a slice; ``where`` names it, ``before`` is that of the run before.

    ``start`` is where the slice begins, None for the first value there is.
    """

    where: str
    reads: ReadRange
    before: Any
    start: Bound | None
    after: str = "unchanged, as the slice is not read to its end"
    _highest: Bookmark = field(init=False)

    def __post_init__(self) -> None:
        """Begin at the bookmark before."""
        self._highest = Bookmark(self.before, self.reads.pattern)

    def observe(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Note the replication values of some records."""
        key = self.reads.key or ""
        self._highest.observe_in_order([one[key] for one in records if one.get(key) is not None])

    def conclude(self, stop: Stop | None, end: Bound) -> None:
        """Move as a sync does once everything was read."""
        value = self._highest.value
        if stop is None or not stop.complete or stop.failed or self._highest.mixed:
            return
        reached = None if value is None else self.reads.reached(end, value, self.before)
        self.after = "none" if reached is None else redact(str(reached))

    @property
    def shown(self) -> dict[str, str]:
        """What the page shows of it."""
        highest = self._highest.value
        return {
            "Replication": f"INCREMENTAL by {self.reads.key}",
            "Reads from": "the first value" if self.start is None else redact(str(self.start.raw)),
            "Bookmark before": "none" if self.before is None else redact(str(self.before)),
            "Highest value so far": "none" if highest is None else redact(str(highest)),
            "Bookmark after": self.after,
        }
