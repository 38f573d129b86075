"""Plan what is read of a stream: the contexts of a parent's record, and the slices of each.

Sends no request and writes no record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from tap_oauth2_generic.errors import RecordError, SettingError, StreamError
from tap_oauth2_generic.extract.page_reader import PageReader
from tap_oauth2_generic.extract.prefetch import SliceReader
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.records.pipeline import Batch, Slice
from tap_oauth2_generic.replication.bookmark import Descent
from tap_oauth2_generic.replication.bookmark_store import BookmarkStore
from tap_oauth2_generic.replication.read_range import ReadRange
from tap_oauth2_generic.replication.windows import Window, windows
from tap_oauth2_generic.runtime.failures import StreamFailures
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.fields import near_choice
from tap_oauth2_generic.settings.limits import MAX_WINDOWS
from tap_oauth2_generic.settings.paths import MISSING, Path

# Syncs a child stream for a context; returns whether everything was read.
ChildSync = Callable[[dict[str, Any]], bool]


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
    def read_range(self) -> ReadRange:
        """The replication key and the bounds of a read."""
        return self.bookmarks.read_range

    @property
    def partitions(self) -> list[dict[str, Any]] | None:
        """The configured partitions; None for a stream that runs once, or for each parent."""
        if self.reader.stream.contexts.parent is not None:
            return None
        return [dict(partition) for partition in self.reader.stream.contexts.partitions] or None

    @property
    def parent_keys(self) -> dict[str, Path]:
        """The paths of the keys in each record of the parent."""
        parent = self.reader.stream.contexts.parent
        return parent.keys if parent is not None else {}

    def contexts_of(self, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the contexts of this stream for a record of its parent."""
        keys = {name: path.find(record) for name, path in self.parent_keys.items()}
        lacking = {name for name, value in keys.items() if value is MISSING}
        self._lacking = lacking if self._lacking is None else self._lacking & lacking
        if lacking or None in keys.values():
            self.parent_fields = self.parent_fields or list(record)
            wanted = ", ".join(path.text for path in self.parent_keys.values())
            if (parent := self.reader.stream.contexts.parent) is not None:
                notice = "skipping a record of its parent %r without %s"
                self.reader.log.warn_once("parent", notice, parent.stream, wanted)
            return
        yield from self._with_partitions(keys)

    def _with_partitions(self, keys: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for partition in self.reader.stream.contexts.partitions or ({},):
            yield {**keys, **partition}

    def unread(
        self, batch: Batch, parent: SlicePlan
    ) -> tuple[dict[int, tuple[int, dict[str, Any]]], bool]:
        """Return each context that no earlier page had, with the number of its first record.

        They are found by the key that ``read`` takes. Also return whether a bookmark of the
        parent may move, as far as the other contexts decide it.
        """
        found: dict[int, tuple[int, dict[str, Any]]] = {}
        for number, context in self._contexts_in(batch):
            found.setdefault(hash(_key(context)), (number, context))
        known = [self._read[key] for key in found if key in self._read]
        may_move = all(known) and not (found and self.is_cut_below(parent))
        return {key: one for key, one in found.items() if key not in self._read}, may_move

    def _contexts_in(self, batch: Batch) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the contexts of the records of a page, equal ones of encoded records once."""
        if batch.encoded is None:
            for number, record in enumerate(batch.records):
                for context in self.contexts_of(record):
                    yield number, context
            return
        written = [batch.encoded.keys[path.text] for path in self.parent_keys.values()]
        first: dict[tuple[bytes, ...], int] = {}
        for number, values in enumerate(zip(*written, strict=True)):
            first.setdefault(values, number)
        self._lacking = set() if first else self._lacking
        for values, number in first.items():
            keys = dict(zip(self.parent_keys, map(decode, values), strict=True))
            for context in self._with_partitions(keys):
                yield number, context

    def read(self, key: int, context: dict[str, Any], sync: ChildSync) -> bool:
        """Sync an unread context; return whether everything was read."""
        self._read[key] = False
        self._read[key] = sync(context)
        return self._read[key]

    def is_cut_below(self, parent: SlicePlan) -> bool:
        """Return whether the next run needs a bookmark above to find records after the end date."""
        is_incremental = parent.read_range.key or parent.reader.stream.contexts.parent
        is_bounded = self.read_range.key or "end" in self.reader.stream.sent_bounds
        return (
            bool(is_incremental and is_bounded)
            and self.read_range.upper_bound() == self.read_range.end
        )

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
        found = self.trial_slices(context, None)
        yield from (*found[:1], *found[1:][-1:])

    def trial_slices(self, context: Mapping[str, Any], bookmark: Any) -> list[Slice]:
        """Return the slices of a context that a sync would read from a bookmark."""
        return [Slice(context, *window, is_sample=True) for window in self._windows(bookmark)]

    def _windows(self, bookmark: Any) -> list[Window]:
        settings = self.reader.stream.settings.incremental
        if settings.window and not self.read_range.is_time:
            raise SettingError(
                f"stream {self.reader.stream.name!r}: window needs a replication_key that is a "
                f"time, which {self.read_range.key!r} is not; remove window"
            )
        start, end = self.read_range.lower_bound(bookmark), self.read_range.upper_bound()
        if start and self.read_range.end and end.is_before(start.raw):
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
        make = partial(SliceReader, self.reader, may_be_eager=settings.incremental.order != "desc")
        style = settings.pagination
        return [make(Slice(context or {}, *bound), Paginator(style)) for bound in found]

    def descent(self, slice_: Slice) -> Descent | None:
        """Return what tells when a descending slice ends early, None if it does not."""
        order = self.reader.stream.settings.incremental.order
        if order != "desc" or slice_.start is None or not self.read_range.key:
            return None
        return Descent(slice_.start)


def _key(context: Mapping[str, Any] | None) -> bytes:
    return encode_json(dict(context or {}))
