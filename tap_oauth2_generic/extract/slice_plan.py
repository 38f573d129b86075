"""Plan what to read of a stream: its contexts, and the slices of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.extract.prefetch import SliceReader
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.replication.bounds import windows
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.limits import MAX_WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_oauth2_generic.extract.page_reader import PageReader
    from tap_oauth2_generic.replication.bookmark_store import BookmarkStore


@dataclass
class SlicePlan:
    """Plans the slices of a stream, window by window from the bookmark of each context."""

    reader: PageReader
    bookmarks: BookmarkStore
    _planned: dict[bytes, list[SliceReader]] = field(default_factory=dict, init=False)

    @property
    def partitions(self) -> list[dict[str, Any]] | None:
        """The configured partitions; None for a stream that runs once, or for each parent."""
        if self.reader.stream.contexts.parent is not None:
            return None
        return [dict(partition) for partition in self.reader.stream.contexts.partitions] or None

    def contexts_of(self, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the contexts of this stream for a record of its parent."""
        parent = self.reader.stream.contexts.parent
        keys = parent.context(record) if parent else {}
        if parent is not None and keys is None:
            wanted = ", ".join(path.text for path in parent.keys.values())
            self.reader.log.warn_once(
                "parent", "skipping a record of its parent %r without %s", parent.stream, wanted
            )
            return
        for partition in self.reader.stream.contexts.partitions or ({},):
            yield {**(keys or {}), **partition}

    def first(self, context: dict[str, Any]) -> Slice:
        """Return the slice of a context that a first sync would read."""
        return Slice(
            context, self.bookmarks.lower_bound(None), self.bookmarks.now(), is_sample=True
        )

    def slices(self, context: Mapping[str, Any] | None) -> list[SliceReader]:
        """Return the slices of a context; the same ones until they are taken.

        Prefetching starts the slices of contexts that are read later.
        """
        key = encode_json(dict(context or {}))
        if key not in self._planned:
            self._planned[key] = self._plan(context or {})
        return self._planned[key]

    def take(self, context: Mapping[str, Any] | None) -> list[SliceReader]:
        """Return the slices of a context to read now."""
        self.slices(context)
        return self._planned.pop(encode_json(dict(context or {})))

    def _plan(self, context: Mapping[str, Any]) -> list[SliceReader]:
        settings = self.reader.stream.settings
        start = self.bookmarks.lower_bound(self.bookmarks.previous(context or None))
        bounds = windows(start, self.bookmarks.now(), settings.incremental.window)
        found = list(islice(bounds, MAX_WINDOWS + 1))
        if len(found) > MAX_WINDOWS:
            raise SettingError(
                f"stream {self.reader.stream.name!r}: window is so short that there would be more "
                f"than {MAX_WINDOWS} of them; write a longer one, or a later start_date"
            )
        # How far a descending stream goes is known only when its records are read.
        is_eager = settings.incremental.order != "desc"
        return [
            SliceReader(
                self.reader,
                Slice(context, *bound),
                Paginator(settings.pagination),
                is_eager=is_eager,
            )
            for bound in found
        ]
