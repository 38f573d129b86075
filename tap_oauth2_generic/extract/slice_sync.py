"""Plan the slices of a stream, and sync each: page, pipeline, writer, then the bookmark.

Knows no request and no schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from tap_oauth2_generic.errors import RecordError, ResponseError, SettingError, StreamError
from tap_oauth2_generic.extract.page_reader import FetchedPage, PageReader
from tap_oauth2_generic.extract.prefetch import Prefetcher, SliceReader
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.parsing.extract_records import add_fields
from tap_oauth2_generic.records.pipeline import Batch, Record, Slice
from tap_oauth2_generic.replication.bookmark_store import BookmarkStore
from tap_oauth2_generic.replication.descent import Descent
from tap_oauth2_generic.replication.windows import Window, windows
from tap_oauth2_generic.runtime.failures import StreamFailures
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.fields import near_choice
from tap_oauth2_generic.settings.limits import MAX_WINDOWS
from tap_oauth2_generic.settings.paths import MISSING
from tap_oauth2_generic.singer.record_writer import RecordWriter

# Syncs a child stream for a context; returns whether everything was read.
ChildSync = Callable[[dict[str, Any]], bool]
# A record, and the child streams to sync before it is written.
Family = tuple[Record, list[tuple["SlicePlan", ChildSync, dict[str, Any]]]]


@dataclass
class SlicePlan:
    """Plans the slices of a stream, window by window from the bookmark of each context."""

    reader: PageReader
    bookmarks: BookmarkStore
    failures: StreamFailures
    _planned: dict[bytes, list[SliceReader]] = field(default_factory=dict, init=False)
    # The contexts read for a parent record, by hash (a million take 100 MB): all of each or not.
    _read: dict[int, bool] = field(default_factory=dict, init=False)
    # The keys that no parent record had so far, and the fields of the first that lacked one.
    _lacking: set[str] | None = field(default=None, init=False)
    parent_fields: list[str] = field(default_factory=list, init=False)

    @property
    def partitions(self) -> list[dict[str, Any]] | None:
        """The configured partitions; None for a stream that runs once, or for each parent."""
        if self.reader.stream.contexts.parent is not None:
            return None
        return [dict(partition) for partition in self.reader.stream.contexts.partitions] or None

    def contexts_of(self, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the contexts of this stream for a record of its parent."""
        contexts, keys = self.reader.stream.contexts, dict[str, Any]()
        if (parent := contexts.parent) is not None:
            keys = {name: path.find(record) for name, path in parent.keys.items()}
            lacking = {name for name, value in keys.items() if value is MISSING}
            self._lacking = lacking if self._lacking is None else self._lacking & lacking
            if lacking or None in keys.values():
                self.parent_fields = self.parent_fields or list(record)
                wanted = ", ".join(path.text for path in parent.keys.values())
                notice = "skipping a record of its parent %r without %s"
                self.reader.log.warn_once("parent", notice, parent.stream, wanted)
                return
        for partition in contexts.partitions or ({},):
            yield {**keys, **partition}

    def ahead(self, context: dict[str, Any]) -> list[SliceReader]:
        """Return the slices of a context to start early: none if it was read already."""
        return [] if hash(encode_json(context)) in self._read else self.slices(context)

    def read_once(self, context: dict[str, Any], sync: ChildSync) -> bool:
        """Sync a context that no earlier record made; return whether everything was read."""
        key = hash(encode_json(context))
        if key not in self._read:
            # From now on nothing of it is started early.
            self._read[key] = False
            self._read[key] = sync(context)
        return self._read[key]

    def is_cut_below(self, parent: SlicePlan) -> bool:
        """Return whether only a bookmark above leads the next run to what is after the end date."""
        is_led = parent.bookmarks.key or parent.reader.stream.contexts.parent
        is_bounded = self.bookmarks.key or "end" in self.reader.stream.sent_bounds
        return bool(is_led and is_bounded) and self.bookmarks.upper_bound() == self.bookmarks.end

    def report(self) -> None:
        """Raise RecordError at the end of a run if a key was in no record of the parent."""
        parent = self.reader.stream.contexts.parent
        if parent is not None and self._lacking:
            key = min(self._lacking)
            path = parent.keys[key].text
            raise RecordError(
                f"stream {self.reader.stream.name!r}: parent.keys {key!r}: {path!r} is in no "
                f"record of {parent.stream!r}{near_choice(path, self.parent_fields)}"
            )

    def samples(self, context: dict[str, Any]) -> Iterator[Slice]:
        """Yield the first slice of a context that a first sync would read, then the last."""
        found = self._windows(None)
        for window in (*found[:1], *found[1:][-1:]):
            yield Slice(context, *window, is_sample=True)

    def _windows(self, bookmark: Any) -> list[Window]:
        settings = self.reader.stream.settings.incremental
        if settings.window and not self.bookmarks.kind.is_time:
            raise SettingError(
                f"stream {self.reader.stream.name!r}: window needs a replication_key that is a "
                f"time, which {self.bookmarks.key!r} is not; remove window"
            )
        start, end = self.bookmarks.lower_bound(bookmark), self.bookmarks.upper_bound()
        if start and self.bookmarks.end and end.is_before(start.raw):
            notice = (
                "nothing to read: %s is later than end_date %s; to read again, run without state"
            )
            self.reader.log.warn_once("end_date", notice, start.raw, end.raw)
            return []
        split = windows(start, end, settings.window, settings.window_bounds)
        found = list(islice(split, MAX_WINDOWS + 1))
        if len(found) > MAX_WINDOWS:
            raise SettingError(
                f"stream {self.reader.stream.name!r}: window is so short that there would be more "
                f"than {MAX_WINDOWS} of them; write a longer one, or a later start_date"
            )
        return found

    def slices(self, context: Mapping[str, Any] | None) -> list[SliceReader]:
        """Return the slices of a context; the same ones until they are taken.

        Prefetching starts the slices of contexts that are read later. It gets none of a context
        that fails when it is read.
        """
        if not self.failures.has_ended:
            with suppress(StreamError):
                return self._planned.setdefault(_key(context), self.take(context))
        return []

    def take(self, context: Mapping[str, Any] | None) -> list[SliceReader]:
        """Return the slices of a context to read now."""
        planned = self._planned.pop(_key(context), [])
        # A parent that fails cancels what was started ahead.
        if planned and not any(reader.is_cancelled for reader in planned):
            return planned
        settings = self.reader.stream.settings
        found = self._windows(self.bookmarks.previous(context or None))
        # How far a descending stream goes is known only when its records are read.
        make = partial(SliceReader, self.reader, is_eager=settings.incremental.order != "desc")
        style = settings.pagination
        return [make(Slice(context or {}, *bound), Paginator(style)) for bound in found]

    def descent(self, slice_: Slice) -> Descent | None:
        """Return what tells when a descending slice ends early, None if it does not."""
        order = self.reader.stream.settings.incremental.order
        if order != "desc" or slice_.start is None or not self.bookmarks.key:
            return None
        return Descent(slice_.start)


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
        self.writer.stats.slices += 1
        is_complete = may_move
        descent = self.plan.descent(slice_reader.slice)
        pages = self.prefetcher.pages(slice_reader)
        if self.limit is not None:
            pages = islice(slice_reader.read_sequentially(), 1)
        for page in pages:
            self.writer.stats.page(is_ignored=page.page is None)
            batch = self.writer.pipeline(page, slice_reader.slice, self.limit)
            if self.writer.is_selected:
                batch.require(self.writer.stream.primary_keys, page.place)
            is_complete &= self._write(batch)
            if self.writer.is_selected:
                self.plan.bookmarks.advance(batch, slice_reader.slice, may_move=is_complete)
            if descent is not None and self._is_last(page, descent):
                slice_reader.paginator.stop = Stop("a page wholly older than the bookmark")
            self.writer.stream.count_page(len(batch) if self.writer.is_selected else 0)
        return self._conclude(slice_reader.paginator) and is_complete

    def _write(self, batch: Batch) -> bool:
        """Write records, each after those of its child streams; return whether all were read."""
        is_complete = True
        if self.children:
            families = map(self._with_children, batch.records)
            with closing(self.prefetcher.iterate(families)) as iterated:
                for record, runs in iterated:
                    for plan, sync_child, context in runs:
                        # Without its parent's record, nothing would read the rest of it.
                        is_complete &= plan.read_once(context, sync_child)
                        is_complete &= not plan.is_cut_below(self.plan)
                    self.writer.write(Batch(batch.origin, [record]), page=batch.records)
        else:
            self.writer.write(batch)
        self.plan.reader.session.flush()
        return is_complete

    def _with_children(self, record: Record) -> tuple[Family, list[SliceReader]]:
        runs = [(*child, c) for child in self.children for c in child[0].contexts_of(record)]
        return (record, runs), [one for plan, _, context in runs for one in plan.ahead(context)]

    def _is_last(self, page: FetchedPage, descent: Descent) -> bool:
        """Return whether a page is older than the bookmark, and so is all that follows."""
        key, added = self.plan.bookmarks.key or "", self.plan.reader.stream.records.add_fields
        is_last = descent.ends_with([add_fields(one, added).get(key) for one in page.records])
        if not descent.is_kept:
            self.writer.log.warn_once("order", "records are not in descending order; reading all")
        return is_last

    def _conclude(self, paginator: Paginator) -> bool:
        """Log why paging stopped; return whether at the end, raise ResponseError if it failed."""
        stop = paginator.stop
        for remark in paginator.remarks:
            self.writer.log.warning(remark)
        if stop is not None:
            self.writer.stats.ends[stop.reason] += 1
            if stop.failed:
                name = self.plan.reader.stream.name
                raise ResponseError(
                    f"stream {name!r}: paging ended early: {stop.reason}; run again later, or say "
                    "in response_rules what such a response means"
                )
            if not stop.complete and not self.plan.reader.will_fail:
                self.writer.log.warning("paging ended early: %s", stop.reason)
        return stop is not None and stop.complete


def _key(context: Mapping[str, Any] | None) -> bytes:
    return encode_json(dict(context or {}))
