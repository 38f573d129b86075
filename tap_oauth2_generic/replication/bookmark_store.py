"""The bookmarks of one stream's contexts: what the state had, what was read, when it may move.

Keeps them in the SDK's state. ``bookmark`` defines what a bookmark is. Knows no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.records.pipeline import Batch
from tap_oauth2_generic.replication.bookmark import (
    Bookmark,
    IncrementalSettings,
    leading,
    stored_bookmark,
)
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.singer.paged_stream import PagedStream
from tap_oauth2_generic.singer.state_writer import PROGRESS, set_progress

Context = Mapping[str, Any]


@dataclass
class BookmarkStore:
    """Keeps the bookmarks of a stream, none if it is not incremental.

    ``started_at`` is the time of the run in seconds since 1970, ``start_date`` the lower bound
    of a first read.
    """

    stream: PagedStream
    settings: IncrementalSettings
    started_at: float
    start_date: str | None
    log: StreamLog

    def __post_init__(self) -> None:
        """Begin no context yet."""
        self.bookmark = Bookmark(None, self.settings.format)
        self.without = self.unreadable = 0
        self._begun: list[tuple[Context | None, Any]] = []

    @property
    def key(self) -> str | None:
        """The replication key; a catalog may have changed it."""
        return self.stream.replication_key

    def previous(self, context: Context | None) -> Any:
        """Return the bookmark of a context in the state, None if it has none."""
        if not self.key:
            return None
        state = self.stream.state_manager.find(context) or {}
        if (other := state.get("replication_key", self.key)) != self.key:
            notice = "ignoring its bookmark: it is of %r, not of %r"
            self.log.warn_once(f"bookmark of {other}", notice, other, self.key)
        return stored_bookmark(state, self.key)

    def now(self) -> Bound:
        """Return the upper bound of every read of this run."""
        return Bound.at(self.started_at, self.settings.format)

    def lower_bound(self, bookmark: Any) -> Bound | None:
        """Return the lower bound of a read: the bookmark, else the start date, else none."""
        if bookmark is not None:
            return Bound.of(bookmark, self.settings.format).earlier(self.settings.lookback)
        if self.start_date is None:
            return None
        return Bound.of(self.start_date, self.settings.format)

    def begin(self, context: Context | None) -> None:
        """Begin to read a context."""
        previous = self.previous(context)
        self.unreadable += self.bookmark.unreadable
        self.bookmark = Bookmark(previous, self.settings.format)
        if self.key:
            # Without a bookmark a context leaves nothing behind, however many there are.
            self._begun.append((context, previous))

    def moves(self) -> list[tuple[Any, Any]]:
        """Return the bookmark of each context that was read: before this run, and now."""
        return [(previous, self.previous(context)) for context, previous in self._begun]

    def advance(self, batch: Batch, context: Context, *, may_move: bool) -> None:
        """Take the replication values of records into account that were just written.

        In ascending order the bookmark of the state moves within the read, if it ``may_move``.
        """
        if not self.key:
            return
        values, without = batch.replication_values(self.key)
        self.without += without
        if self.settings.order == "none":
            values = leading(values)
        if sum(self.bookmark.observe(value) for value in values):
            state = self.stream.get_context_state(context or None)
            set_progress(state, self.key, self.bookmark.value)
        if self.settings.order != "asc" or not may_move:
            return
        if self.bookmark.descents:
            self.log.warn_once(
                "order", "records are not in ascending order; an interrupted run starts over"
            )
        elif self.bookmark.passed is not None:
            self.checkpoint(context or None, self.bookmark.passed)

    def checkpoint(self, context: Context | None, value: Any) -> None:
        """Move the bookmark within a read, up to where nothing is missing."""
        if value is None or not self.key:
            return
        state = self.stream.get_context_state(context)
        if stored_bookmark(state, self.key) == value:
            return
        capped = Bookmark(None, self.settings.format)
        capped.observe(value)
        capped.cap(self.started_at, self.previous(context))
        state["replication_key"] = self.key
        state["replication_key_value"] = capped.value
        self.stream.send_state()

    def settle(self, state: dict[str, Any], *, is_complete: bool) -> None:
        """Let the SDK move the bookmark after a read, unless something was left unread."""
        if PROGRESS not in state:
            return
        if self.bookmark.mixed:
            self.log.warning(
                "replication values mix timestamps and numbers; keeping the previous bookmark"
            )
            del state[PROGRESS]
        elif not is_complete:
            self.log.warning("incomplete read; keeping the last safe bookmark")
            del state[PROGRESS]
        elif self.key and self.bookmark.cap(self.started_at, stored_bookmark(state, self.key)):
            self.log.warning(
                "some values of %r are in the future; setting the bookmark to the start of this "
                "run, so that no change before them is missed",
                self.key,
            )
            set_progress(state, self.key, self.bookmark.value)

    def report(self) -> None:
        """Warn of records that moved no bookmark, at the end of a run."""
        if self.without:
            self.log.warning("%d records had no %r; they moved no bookmark", self.without, self.key)
        if unreadable := self.unreadable + self.bookmark.unreadable:
            self.log.warning(
                "%d records had a %r that is neither a timestamp nor a number like the others; "
                "they moved no bookmark",
                unreadable,
                self.key,
            )
