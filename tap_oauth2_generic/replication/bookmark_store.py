"""The bookmarks of one stream's contexts: what the state knew, what was read, when it may move.

Keeps them in the SDK's state; what a bookmark is, ``bookmark`` tells. Knows no request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._state import PROGRESS_MARKER_NOTE, PROGRESS_MARKERS

from tap_oauth2_generic.replication.bookmark import Bookmark, leading, stored_bookmark
from tap_oauth2_generic.replication.bounds import Bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_oauth2_generic.replication.bookmark import IncrementalSettings
    from tap_oauth2_generic.singer.paged_stream import PagedStream

    Context = Mapping[str, Any]


class BookmarkStore:
    """Keeps the bookmarks of a stream; of one that is not incremental, none.

    ``started_at`` is the time of the run in seconds since 1970, ``start_date`` the lower bound
    of a first read; ``say`` is told in a sentence why a bookmark stays or is held back.
    """

    def __init__(
        self,
        stream: PagedStream,
        settings: IncrementalSettings,
        started_at: float,
        start_date: str | None,
        say: Callable[[str], None],
    ) -> None:
        """Begin with what the state knows."""
        self._stream = stream
        self._settings = settings
        self._started_at = started_at
        self._start_date = start_date
        self._say = say
        self._foreign: set[Any] = set()
        self._begun: list[tuple[Context | None, Any]] = []
        self.bookmark = Bookmark(None, settings.format)
        self.without = self.unreadable = 0

    @property
    def _key(self) -> str | None:
        # A catalog may have changed it.
        return self._stream.replication_key

    def previous(self, context: Context | None) -> Any:
        """Give the bookmark that the state holds of a context, None where there is none."""
        if not self._key:
            return None
        state = self._stream.state_manager.find(context) or {}
        if (of := state.get("replication_key", self._key)) != self._key and of not in self._foreign:
            self._foreign.add(of)
            self._say(f"its bookmark is of {of!r}, not of {self._key!r}, and is not used")
        return stored_bookmark(state, self._key)

    def now(self) -> Bound:
        """Give the upper bound of every read of this run."""
        return Bound.at(self._started_at, self._settings.format)

    def lower_bound(self, bookmark: Any) -> Bound | None:
        """Give the lower bound of a read: the bookmark, else the start date, else none."""
        if bookmark is not None:
            return Bound.of(bookmark, self._settings.format).earlier(self._settings.lookback)
        start_date = self._start_date
        return None if start_date is None else Bound.of(start_date, self._settings.format)

    def begin(self, context: Context | None) -> None:
        """Begin to read a context."""
        previous = self.previous(context)
        self.bookmark = Bookmark(previous, self._settings.format)
        if self._key:
            # Without a bookmark a context leaves nothing behind, however many there are.
            self._begun.append((context, previous))

    def moves(self) -> list[tuple[Any, Any]]:
        """Give the bookmark of each context that was read: before this run, and now."""
        return [(previous, self.previous(context)) for context, previous in self._begun]

    def observe(self, values: list[Any], without: int, context: Context) -> None:
        """Take replication values into account that were just emitted.

        ``without`` counts the records that had none.
        """
        if not self._key:
            return
        self.without += without
        if self._settings.order == "none":
            values = leading(values)
        if sum(self.bookmark.observe(value) for value in values):
            markers = self._stream.get_context_state(context or None).setdefault(
                PROGRESS_MARKERS,
                {PROGRESS_MARKER_NOTE: "Progress is not resumable if interrupted."},
            )
            markers["replication_key"] = self._key
            markers["replication_key_value"] = self.bookmark.value

    def conclude(self) -> None:
        """Count at the end of a read what moved no bookmark."""
        if self._key:
            self.unreadable += self.bookmark.unreadable
            self.bookmark.unreadable = 0

    def checkpoint(self, context: Context | None, value: Any) -> None:
        """Move the bookmark in the middle of a stream to what was read for certain."""
        if value is None or not self._key:
            return
        state = self._stream.get_context_state(context)
        if stored_bookmark(state, self._key) == value:
            return
        capped = Bookmark(None, self._settings.format)
        capped.observe(value)
        capped.cap(self._started_at, self.previous(context))
        state["replication_key"] = self._key
        state["replication_key_value"] = capped.value
        self._stream.send_state()

    def forget(self, state: dict[str, Any]) -> None:
        """Leave the bookmark where it was: a few records tell nothing of the others."""
        state.pop(PROGRESS_MARKERS, None)

    def settle(self, state: dict[str, Any], *, is_complete: bool) -> None:
        """Prepare what a read came to for the SDK to promote, unless something was left unread."""
        if PROGRESS_MARKERS not in state:
            return
        if self.bookmark.mixed:
            self._say("there are both times and numbers, so the bookmark stays where it was")
            state.pop(PROGRESS_MARKERS)
        elif not is_complete:
            self._say("the read was not complete, so the bookmark stays at what was read")
            state.pop(PROGRESS_MARKERS)
        elif self.bookmark.cap(self._started_at, stored_bookmark(state, self._key or "")):
            self._say(
                f"some {self._key!r} lie in the future; the bookmark is set to the "
                "start of this run, so that no change before them is missed"
            )
            state[PROGRESS_MARKERS]["replication_key_value"] = self.bookmark.value
