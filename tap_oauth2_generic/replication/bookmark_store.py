"""The bookmarks of one stream's contexts: what the state had, what was read, when it may move.

Keeps them in the SDK's state. ``bookmark`` defines what a bookmark is. Knows no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.pipeline import Batch, Slice
from tap_oauth2_generic.replication.bookmark import Bookmark, extremes, stored_bookmark
from tap_oauth2_generic.replication.bounds import Bound, fitting_format, moment
from tap_oauth2_generic.replication.read_range import ReadRange
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.settings.fields import near_choice
from tap_oauth2_generic.settings.limits import MAX_NAMED_FIELDS
from tap_oauth2_generic.singer.paged_stream import PagedStream
from tap_oauth2_generic.singer.state_writer import PROGRESS, set_progress

Context = Mapping[str, Any]


@dataclass
class BookmarkStore:
    """Keeps the bookmarks of a stream, none if it is not incremental."""

    stream: PagedStream
    read_range: ReadRange

    def __post_init__(self) -> None:
        """Begin no context yet."""
        self.log = self.stream.stream_log
        self.without = self.unreadable = 0
        self._bookmark = Bookmark(None, self.read_range.settings.times)
        self._begun: list[tuple[Context | None, Any]] = []
        self._has_key = self._is_partial = False
        self._fields: set[str] = set()

    def previous(self, context: Context | None) -> Any:
        """Return the bookmark of a context in the state, None if it has none that can be used."""
        if not self.read_range.key:
            return None
        state = self.stream.state_manager.find(context) or {}
        if (other := state.get("replication_key", self.read_range.key)) != self.read_range.key:
            notice = "ignoring its bookmark: it is of %r, not of %r"
            self.log.warn_once(f"bookmark of {other}", notice, other, self.read_range.key)
        found = stored_bookmark(state, self.read_range.key)
        if found is not None and not self.read_range.takes(found):
            notice = "ignoring its bookmark %.80s: it is no value of %r%s"
            self.log.warn_once("bookmark", notice, found, self.read_range.key, self._advice(found))
            return None
        held = self.read_range.hold(found)
        if held != found:
            notice = "its bookmark %s is in the future; reading from the start of this run instead"
            self.log.warn_once("future", notice, found)
        return held

    def begin(self, context: Context | None) -> None:
        """Begin to read a context."""
        previous = self.previous(context)
        self.unreadable += self._bookmark.unreadable
        self._bookmark = Bookmark(previous, self.read_range.pattern)
        # The bookmark when the context began, and when its slice did.
        self._before = self._safe = previous
        # What was passed when the page before ended.
        self._checkpoint: Any = None
        if self.read_range.key:
            # Without a bookmark a context leaves nothing behind, however many there are.
            self._begun.append((context, previous))
            if self.read_range.end_date and not self.read_range.is_time:
                self.log.warn_once(
                    "end_date", "end_date does not limit it: %r is no time", self.read_range.key
                )
            state = self.stream.state_manager.find(context) or {}
            # Only a string or a number in it can ever become a bookmark.
            is_odd = isinstance(state.get("replication_key_value"), dict | list | bool)
            if previous is not None or is_odd:
                self._move(context, previous)

    def moves(self) -> list[tuple[Any, Any]]:
        """Return the bookmark of each context that was read: before this run, and now."""
        return [(previous, self.previous(context)) for context, previous in self._begun]

    def earliest(self) -> tuple[Any, Any]:
        """Return the bookmark of the context that is behind the others: before, and now."""
        moves = self.moves() or [(self.previous(None),) * 2]
        times = [moment(after, self.read_range.pattern) for _, after in moves]
        amounts = [at.amount if at else Decimal("-Infinity") for at in times]
        return moves[amounts.index(min(amounts))]

    def advance(self, batch: Batch, origin: Slice, *, may_move: bool) -> None:
        """Note the replication values of records that were just written.

        In ascending order the bookmark of the state moves within the read, if it ``may_move``.
        """
        if not self.read_range.key:
            return
        context = origin.context
        values, without = batch.replication_values(self.read_range.key)
        self.without += without
        self._has_key = self._has_key or bool(values)
        if without and not self._has_key:
            names = batch.field_names()
            self._has_key, self._fields = self.read_range.key in names, self._fields or names
        if self.read_range.settings.order != "asc":
            values = extremes(values, self.read_range.pattern)
        self._check_lower_bound(extremes(values, self.read_range.pattern), origin)
        if self._bookmark.observe_in_order(values):
            state = self.stream.get_context_state(context)
            reached = self._up_to(self.read_range.upper_bound(), self._bookmark.value)
            set_progress(state, self.read_range.key, reached)
        if advice := self._advice(self._bookmark.misread):
            self.log.warn_once(
                "format", "%r is no time in that unit%s", self.read_range.key, advice
            )
        if self.read_range.settings.order == "asc":
            self._advance_in_order(context, origin.end, may_move=may_move and bool(values))

    def _advance_in_order(self, context: Context | None, end: Bound, *, may_move: bool) -> None:
        # Only the next page shows whether a page kept the order.
        checkpoint, self._checkpoint = self._checkpoint, self._bookmark.passed
        if self._bookmark.descents:
            self.log.warn_once(
                "order", "records are not in ascending order; an interrupted run starts over"
            )
            # What was passed may come later.
            self._move(context, self._safe)
        elif may_move and checkpoint is not None:
            self._move(context, self._up_to(end, checkpoint))

    def end_slice(self, context: Context | None, end: Bound, *, may_move: bool) -> None:
        """Move the bookmark after a slice, at most to its end, if everything was read."""
        may_move = may_move and bool(self.read_range.key) and not self._bookmark.mixed
        if may_move and self._bookmark.value is not None:
            # All below it was read: no checkpoint of the next slice goes back behind it.
            self._safe = self._bookmark.passed = self._up_to(end, self._bookmark.value)
            self._move(context, self._safe)
        self._bookmark.begin_slice()
        self._checkpoint = None

    def settle(self, state: dict[str, Any], *, is_complete: bool) -> None:
        """Let the SDK move the bookmark after a read, unless something was left unread."""
        self._is_partial = self._is_partial or not is_complete
        if PROGRESS not in state:
            return
        if self._bookmark.mixed:
            self.log.warning(
                "replication values mix timestamps and numbers; keeping the previous bookmark"
            )
            del state[PROGRESS]
        elif not is_complete:
            self.log.warning("incomplete read; keeping the last safe bookmark")
            del state[PROGRESS]
        elif (
            not self.read_range.end
            and self.read_range.hold(self._bookmark.value) != self._bookmark.value
        ):
            self.log.warning(
                "some values of %r are in the future; setting the bookmark to the start of this "
                "run, so that no change before them is missed",
                self.read_range.key,
            )

    def report(self) -> None:
        """Warn of records that moved no bookmark, at the end of a run; raise RecordError."""
        key = self.read_range.key
        if self._fields and not self._has_key and not self._is_partial:
            shown = ", ".join(sorted(self._fields)[:MAX_NAMED_FIELDS])
            raise RecordError(
                f"stream {self.stream.name!r}: replication_key {key!r} is in none of its "
                f"records, which have {shown}{near_choice(key, self._fields)}"
            )
        if self.without:
            counted = plural(self.without, "record")
            self.log.warning("%s had no %r, which moves no bookmark", counted, key)
        if unreadable := self.unreadable + self._bookmark.unreadable:
            self.log.warning(
                "%s had a %r that is neither a timestamp nor a number like the others, which moves "
                "no bookmark",
                plural(unreadable, "record"),
                key,
            )

    def _up_to(self, end: Bound, value: Any) -> Any:
        """Return a replication value, at most a bound; a bookmark never goes back."""
        return self.read_range.reached(end, value, self._before)

    def _move(self, context: Context | None, value: Any) -> None:
        """Set the bookmark in the state and send it."""
        state = self.stream.get_context_state(context)
        if stored_bookmark(state, self.read_range.key) == value:
            return
        if value is None:
            state.pop("replication_key", None)
            state.pop("replication_key_value", None)
        else:
            state |= {"replication_key": self.read_range.key, "replication_key_value": value}
        self.stream.send_state()

    def _advice(self, value: Any) -> str:
        fitting = fitting_format(value, self.read_range.pattern)
        return f"; set the incremental format {fitting}, which {value} fits" if fitting else ""

    def _check_lower_bound(self, values: list[Any], origin: Slice) -> None:
        """Warn of records that are older than the lower bound that was sent."""
        if origin.start is None or not self.read_range.settings.start_param:
            return
        if (older := origin.start.sent_before(values)) is not None:
            notice = (
                "the API returned records older than the lower bound (%s before %s), so it may "
                "ignore start_param %r"
            )
            sent, name = origin.start.render(), self.read_range.settings.start_param
            self.log.warn_once("lower bound", notice, older, sent, name)
