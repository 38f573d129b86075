"""Sync one stream: the pages of a slice through the pipeline to the writer, then the bookmark.

Knows no request and no schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from tap_oauth2_generic.pagination import Stop
from tap_oauth2_generic.parsing.extract_records import add_fields
from tap_oauth2_generic.records.pipeline import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_oauth2_generic.extract.page_reader import FetchedPage
    from tap_oauth2_generic.extract.prefetch import Prefetcher, SliceReader
    from tap_oauth2_generic.extract.slice_plan import SlicePlan
    from tap_oauth2_generic.pagination import Paginator
    from tap_oauth2_generic.records.pipeline import Record, Slice
    from tap_oauth2_generic.singer.record_writer import RecordWriter

    # A record, and the contexts that child streams are synced for before it is written.
    Family = tuple[Record, list[tuple["ChildStream", dict[str, Any]]]]


class ChildStream(Protocol):
    """A stream that is synced for every record of another one."""

    plan: SlicePlan

    def sync_for_parent(self, context: dict[str, Any]) -> bool:
        """Sync a context; return whether everything was read."""


@dataclass
class SliceSync:
    """Syncs the contexts of one stream, slice by slice and page by page.

    A trial has a ``limit``: it reads so many records of one page.
    """

    plan: SlicePlan
    prefetcher: Prefetcher
    writer: RecordWriter
    children: Sequence[ChildStream]
    limit: int | None

    def run(self, context: Mapping[str, Any] | None) -> bool:
        """Sync a context; return whether everything was read."""
        bookmarks = self.plan.bookmarks
        bookmarks.begin(context)
        self.writer.stats.contexts += 1
        readers = self.plan.take(context)
        slice_readers = self.prefetcher.iterate((reader, [reader]) for reader in readers)
        for number, slice_reader in enumerate(slice_readers, 1):
            is_complete = self._run_slice(slice_reader)
            if not is_complete or self.limit is not None:
                return is_complete
            if number < len(readers):
                bookmarks.checkpoint(context, bookmarks.bookmark.value)
        return True

    def _run_slice(self, slice_reader: SliceReader) -> bool:
        self.writer.stats.slices += 1
        is_complete = True
        for page in self._pages(slice_reader):
            self.writer.stats.page(is_ignored=page.page is None)
            batch = self.writer.pipeline(page, slice_reader.slice, self.limit)
            is_complete &= self._write(batch)
            if self.writer.is_selected:
                context = slice_reader.slice.context
                self.plan.bookmarks.advance(batch, context, may_move=is_complete)
            if self._is_older(page, slice_reader.slice):
                slice_reader.paginator.stop = Stop("a page wholly older than the bookmark")
            self.writer.count_page(batch)
        return self._conclude(slice_reader.paginator) and is_complete

    def _pages(self, slice_reader: SliceReader) -> Iterator[FetchedPage]:
        if self.limit is not None:
            return islice(slice_reader.read_sequentially(), 1)
        return self.prefetcher.pages(slice_reader)

    def _write(self, batch: Batch) -> bool:
        """Write records, each after those of its child streams; return whether all were read."""
        is_complete = True
        if self.children:
            families = map(self._with_children, batch.records)
            for record, runs in self.prefetcher.iterate(families):
                for child, context in runs:
                    # Without its parent's record, nothing would read the rest of it.
                    is_complete &= child.sync_for_parent(context)
                self.writer.write(Batch(batch.origin, [record]))
        else:
            self.writer.write(batch)
        self.plan.reader.session.flush()
        return is_complete

    def _with_children(self, record: Record) -> tuple[Family, list[SliceReader]]:
        """Return a record with the runs of its children, and the slices to read for them."""
        runs = [(child, c) for child in self.children for c in child.plan.contexts_of(record)]
        slices = [one for child, context in runs for one in child.plan.slices(context)]
        return (record, runs), slices

    def _is_older(self, page: FetchedPage, slice_: Slice) -> bool:
        """Return whether a descending stream has reached its bookmark."""
        config, key = self.plan.reader.stream, self.plan.bookmarks.key
        if config.settings.incremental.order != "desc" or slice_.start is None or key is None:
            return False
        added = config.records.add_fields
        values = [add_fields(record, added).get(key) for record in page.records]
        return bool(values) and all(map(slice_.start.is_after, values))

    def _conclude(self, paginator: Paginator) -> bool:
        """Log why paging stopped; return whether it was at the end."""
        stop = paginator.stop
        for remark in paginator.remarks:
            self.writer.log.warning(remark)
        if stop is not None:
            if stop.suspicious:
                self.writer.log.warning("paging ended early: %s", stop.reason)
            self.writer.stats.ends[stop.reason] += 1
        return stop is not None and stop.complete
