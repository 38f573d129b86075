"""The SDK's metrics of a stream, over all its contexts: one line each, however many.

They go to the log, for Meltano; ``runtime/stats.py`` counts for people.
"""

from __future__ import annotations

import sys

from singer_sdk import metrics
from singer_sdk.streams.core import Stream


class Meters:
    """Counts the pages and records of a stream, and the time they take."""

    def __init__(self, stream: Stream) -> None:
        self._pages = metrics.http_request_counter(stream.name, getattr(stream, "endpoint", ""))
        self._records = stream.get_record_counter()
        self._timer = stream.get_sync_timer()

    def count_page(self, records: int) -> None:
        """Count a page that was written."""
        self._records.increment(records)
        self._pages.increment()

    def log(self) -> None:
        """Log what was counted; an exception that is being handled marks it as failed."""
        for meter in (self._pages, self._records, self._timer):
            meter.__exit__(*sys.exc_info())
