"""Whether a read of a stream was complete: only then may the target delete the other rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tap_oauth2_generic.extract.slice_plan import SlicePlan
from tap_oauth2_generic.records.stream_maps import has_filter
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.singer.paged_stream import PagedStream

# A filter or a slice in a JSONPath.
_CHOICE = re.compile(r"\[(\?|[-\d]*:)")


@dataclass
class CompleteRead:
    """The read of a stream, which may have left out rows.

    ``left_out`` counts the records that the pipeline left out, by reason. A child stream is read
    for the records of its ``parent``.
    """

    plan: SlicePlan
    stream: PagedStream
    left_out: Counter[str]
    parent: CompleteRead | None = None

    def find_doubt(self) -> str:
        """Return why the API may still have a row that was not read; empty if it has none."""
        # A stream that failed before it began has no stream maps.
        if doubt := self._doubt_of_read():
            return doubt
        if has_filter(self.stream.config, self.stream.name):
            return "the __filter__ of a stream map may leave out records"
        if self.stream.shares_name:
            return "another stream is emitted under the same name"
        return ""

    def _doubt_of_read(self) -> str:
        reader, read_range = self.plan.reader, self.plan.read_range
        if self.parent is not None:
            parent = self.parent.plan.read_range.key and "it is incremental"
            if parent := parent or self.parent._doubt_of_read():  # noqa: SLF001 - one family
                return f"its parent {self.parent.stream.name!r} was not read completely: {parent}"
        stats, bounds = reader.stats, reader.stream.sent_bounds
        is_partial = stats.failed or stats.slices < stats.contexts
        path = reader.stream.records.records_path
        left_out = [
            f"{plural(n, 'record')} left out {reason}" for reason, n in self.left_out.items()
        ]
        doubts = {
            "its requests have an upper bound": "end" in bounds,
            "its requests have a lower bound": "start" in bounds and read_range.lower_bound(None),
            "records_path leaves out records": _CHOICE.search(path.text),
            "a part of it was not read": is_partial or self.plan.failures.has_ended,
            "a record of its parent was skipped": self.plan.parent_fields,
            reader.check.doubt: reader.check.doubt,
            ", ".join(left_out): left_out,
        }
        return next((doubt for doubt, holds in doubts.items() if holds), "")
