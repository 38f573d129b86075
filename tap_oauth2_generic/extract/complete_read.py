"""Whether a read proves that a row is gone which it did not bring: only then is it deleted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tap_oauth2_generic.extract.slice_sync import SlicePlan


@dataclass
class CompleteRead:
    """What may be left of a stream after its read.

    ``left_out`` counts the records that the pipeline left out, by reason. A child stream is read
    for the records of its ``parent``.
    """

    plan: SlicePlan
    left_out: Counter[str]
    parent: CompleteRead | None = None

    def find_doubt(self) -> str:
        """Return why a row that was not read may still exist; empty if it is gone for sure."""
        if self.parent is not None:
            name = self.parent.plan.reader.stream.name
            if self.parent.plan.bookmarks.key:
                return f"its parent {name!r} is incremental"
            if doubt := self.parent.find_doubt():
                return f"its parent {name!r} was not read completely: {doubt}"
        return self._doubt_of_request() or self._doubt_of_read()

    def _doubt_of_request(self) -> str:
        """Return what limits the records that are asked for."""
        reader, bookmarks = self.plan.reader, self.plan.bookmarks
        bounds = reader.stream.sent_bounds
        if "end" in bounds:
            return "its requests have an upper bound"
        if "start" in bounds and bookmarks.lower_bound(None) is not None:
            return "its requests have a lower bound"
        if "[?" in reader.stream.records.records_path.text:
            return "records_path leaves out records"
        return ""

    def _doubt_of_read(self) -> str:
        """Return what was not read, or read and not sent."""
        reader = self.plan.reader
        if reader.stats.errors or reader.stats.slices < reader.stats.contexts:
            return "a part of it was not read"
        if self.plan.parent_fields:
            return "a record of its parent was skipped"
        left_out = [f"{count} records left out {reason}" for reason, count in self.left_out.items()]
        return reader.check.doubt or ", ".join(left_out)
