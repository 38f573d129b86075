"""Sync the slices of a stream: page, pipeline, writer, then the bookmark.

Knows no request and no schema.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.extract.page_reader import FetchedPage
from tap_oauth2_generic.extract.prefetch import Prefetcher, SliceReader
from tap_oauth2_generic.extract.response_check import Problem
from tap_oauth2_generic.extract.slice_plan import ChildSync, SlicePlan
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.parsing.extract_records import add_fields
from tap_oauth2_generic.records.encoded_page import Record
from tap_oauth2_generic.records.pipeline import Batch, Pipeline, Slice
from tap_oauth2_generic.replication.bookmark import Descent
from tap_oauth2_generic.singer.record_writer import RecordWriter

# The contexts of child streams to sync before a record is written, each after its key.
Family = list[tuple[SlicePlan, ChildSync, int, dict[str, Any]]]

_CHECK_RESPONSE = "run again later, or say in response_rules what such a response means"


@dataclass(frozen=True)
class LargePage:
    """The prepared records of a page that is processed in parts, decoded part by part each time."""

    page: FetchedPage
    pipeline: Pipeline
    origin: Slice

    def __iter__(self) -> Iterator[Record]:
        """Yield the records; raise ResponseError if one cannot be decoded."""
        for part in self.page.parts():
            yield from self.pipeline.prepare(part.records, self.origin)


@dataclass
class SliceSync:
    """Syncs the contexts of one stream, slice by slice and page by page.

    A trial has a ``limit``: it reads no more records than that, of one page.
    """

    plan: SlicePlan
    prefetcher: Prefetcher
    writer: RecordWriter
    children: Sequence[tuple[SlicePlan, ChildSync]]
    limit: int | None

    def run(self, context: Mapping[str, Any] | None) -> bool:
        """Sync a context; return whether everything was read.

        After an incomplete window the others are read, too, but the bookmark stays before it.
        """
        bookmarks, is_complete = self.plan.bookmarks, True
        bookmarks.begin(context)
        readers = self.plan.take(context)
        items = ((reader, [reader]) for reader in readers)
        with closing(self.prefetcher.iterate(items)) as slice_readers:
            for number, slice_reader in enumerate(slice_readers, 1):
                is_complete = self._run_slice(slice_reader, may_move=is_complete)
                if self.limit is not None:
                    break
                if number < len(readers):
                    bookmarks.end_slice(context, slice_reader.slice.end, may_move=is_complete)
        return is_complete

    def _run_slice(self, slice_reader: SliceReader, *, may_move: bool) -> bool:
        """Sync a slice; return whether everything was read until then."""
        self.plan.reader.stats.slices += 1
        is_complete = may_move
        descent = self.plan.descent(slice_reader.slice)
        with closing(self._pages(slice_reader)) as pages:
            while page := next(pages, None):
                is_complete &= self._sync_page(page, slice_reader, descent, may_move=is_complete)
                # A large one must be gone before the next one is here.
                del page
        return self._conclude(slice_reader.paginator) and is_complete

    def _pages(self, slice_reader: SliceReader) -> Generator[FetchedPage, None, None]:
        """Yield the pages of a slice; of a trial the first, and no export job is left."""
        if self.limit is None:
            yield from self.prefetcher.pages(slice_reader)
            return
        sample = replace(slice_reader.slice, is_sample=True)
        with closing(self.plan.reader.read(sample, slice_reader.paginator)) as pages:
            yield from islice(pages, 1)

    def _sync_page(
        self,
        page: FetchedPage,
        slice_reader: SliceReader,
        descent: Descent | None,
        *,
        may_move: bool,
    ) -> bool:
        """Sync a page; return whether everything was read until then."""
        self.plan.reader.stats.page(is_ignored=page.page is None)
        records, is_last, is_complete = 0, descent is not None, may_move
        for part in islice(page.parts(), 1 if self.limit is not None else None):
            batch = self.writer.pipeline(part, slice_reader.slice, self.limit)
            if self.writer.is_selected:
                batch.require(self.writer.stream.primary_keys, page.place)
            # A trial reads a part of it at most.
            is_whole = part is page or self.limit is not None
            whole = batch.records if is_whole else self._records_of(page, slice_reader.slice)
            is_complete &= self._write(batch, whole)
            if self.writer.is_selected:
                self.plan.bookmarks.advance(batch, slice_reader.slice, may_move=is_complete)
                records += len(batch)
            if descent is not None:
                is_last &= self._is_last(part, batch, descent)
        if is_last:
            slice_reader.paginator.stop = Stop("a page wholly older than the bookmark")
        self.writer.stream.count_page(records)
        return is_complete

    def _records_of(self, page: FetchedPage, origin: Slice) -> LargePage:
        # Another pipeline: this one has counted what its steps left out.
        return LargePage(page, Pipeline(self.writer.pipeline.prepare_steps), origin)

    def _write(self, batch: Batch, page: Iterable[Record]) -> bool:
        """Write records, each after those of its child streams; return whether all were read."""
        is_complete, written = True, 0
        families: dict[int, Family] = {}
        for plan, sync_child in self.children:
            # Without its parent's record, nothing would read the rest of a context.
            unread, may_move = plan.unread(batch, self.plan)
            is_complete &= may_move
            for key, (number, context) in unread.items():
                families.setdefault(number, []).append((plan, sync_child, key, context))
        items = ((number, _ahead(families[number])) for number in sorted(families))
        with closing(self.prefetcher.iterate(items)) as iterated:
            for number in iterated:
                self.writer.write(batch.part(written, number), page)
                written = number
                for plan, sync_child, key, context in families[number]:
                    is_complete &= plan.read(key, context, sync_child)
        self.writer.write(batch.part(written, None), page)
        self.plan.reader.session.flush()
        return is_complete

    def _is_last(self, page: FetchedPage, batch: Batch, descent: Descent) -> bool:
        """Return whether a page is older than the bookmark, and so is all that follows."""
        key, added = self.plan.read_range.key or "", self.plan.reader.stream.records.add_fields
        if batch.encoded is not None:
            values = batch.encoded.in_order
        else:
            values = [add_fields(one, added).get(key) for one in page.records]
        is_last = descent.ends_with(values)
        if not descent.is_kept:
            self.plan.reader.log.warn_once(
                "order", "records are not in descending order; reading all"
            )
        return is_last

    def _conclude(self, paginator: Paginator) -> bool:
        """Log why paging stopped; return whether at the end, raise ResponseError if it failed."""
        stop = paginator.stop
        for remark in paginator.remarks:
            self.plan.reader.log.warning(remark)
        if stop is not None:
            self.plan.reader.stats.ends[stop.reason] += 1
            if stop.failed:
                name = self.plan.reader.stream.name
                is_response = isinstance(stop, Problem)
                advice = _CHECK_RESPONSE if is_response else "check pagination"
                raise ResponseError(f"stream {name!r}: paging ended early: {stop.reason}; {advice}")
            check = self.plan.reader.check
            check.doubt = check.doubt or ("" if stop.complete else stop.reason)
            if not stop.complete and not self.plan.reader.will_fail:
                self.plan.reader.log.warning("paging ended early: %s", stop.reason)
        return stop is not None and stop.complete


def _ahead(family: Family) -> list[SliceReader]:
    return [reader for plan, _, _, context in family for reader in plan.slices(context)]
