"""A stream that sends no request, for parts of it that need no response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.records.pipeline import Batch, Slice
from tap_oauth2_generic.replication.bookmark_store import BookmarkStore
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.replication.read_range import ReadRange
from tap_oauth2_generic.singer.state_writer import PROGRESS
from tap_oauth2_generic.tap import TapOAuth2Generic

if TYPE_CHECKING:
    from tap_oauth2_generic.stream import OAuth2Stream

#: The start of the run: 2023-11-14T22:13:20.25Z.
NOW = 1_700_000_000.25


def offline_stream(state: dict[str, Any] | None = None, **settings: Any) -> OAuth2Stream:
    """Return a stream with these settings, which continues from its part of a state."""
    config = {
        "base_url": "https://api.example",
        "grant_type": "client_credentials",
        "access_token_url": "https://api.example/token",
        "client_id": "client-of-the-test",
        "client_secret": "secret-of-the-test",
        "streams": [{"name": "items", "path": "items", "replication_key": "at", **settings}],
    }
    given = {"bookmarks": {"items": state}} if state else None
    return TapOAuth2Generic(config=config, state=given).streams["items"]


def offline_range(
    stream: OAuth2Stream, *, start: str | None = None, end: str | None = None, initial: Any = None
) -> ReadRange:
    """Return what a run that started ``NOW`` reads of a stream."""
    incremental = stream.stream.settings.incremental
    return ReadRange(stream, incremental, NOW, start, end, initial)


def day(number: int) -> str:
    """Return a time by its day of January 2023."""
    return f"2023-01-{number:02}T00:00:00Z"


def as_day(value: Any) -> Any:
    """Return a time for an integer, anything else unchanged."""
    return day(value) if type(value) is int else value


class Reading:
    """A read of a stream, whose pages are given by the days of their records."""

    def __init__(
        self, state: dict[str, Any] | None = None, dates: dict[str, Any] | None = None, **more: Any
    ) -> None:
        schema = {"properties": {"at": {"type": "string"}}}
        self.stream = offline_stream(state, **{"schema": schema, **more})
        self.store = BookmarkStore(self.stream, offline_range(self.stream, **(dates or {})))
        self.context: dict[str, Any] | None = None

    def begin(self, context: dict[str, Any] | None = None) -> Reading:
        """Begin a context."""
        self.context = context
        self.store.begin(context)
        return self

    def page(
        self, *values: Any, start: int | None = None, end: int = 28, may_move: bool = True
    ) -> Any:
        """Note a page of a slice, None for a record without a value; return the bookmark."""
        lower = None if start is None else Bound.of(day(start), self.store.read_range.pattern)
        origin = Slice(self.context or {}, lower, Bound.of(day(end), "iso"))
        records = [{"id": 1} if one is None else {"id": 1, "at": as_day(one)} for one in values]
        self.store.advance(Batch(origin, records), origin, may_move=may_move)
        return self.bookmark

    def end_slice(self, end: int, *, may_move: bool = True) -> Any:
        """End a slice; return the bookmark."""
        self.store.end_slice(self.context, Bound.of(day(end), "iso"), may_move=may_move)
        return self.bookmark

    def settle(self, *, is_complete: bool = True) -> Any:
        """End the context; return the bookmark that the SDK promotes, if any."""
        self.store.settle(self.state, is_complete=is_complete)
        return self.state.get(PROGRESS, {}).get("replication_key_value")

    @property
    def state(self) -> dict[str, Any]:
        """The state of the context."""
        return self.stream.get_context_state(self.context)

    @property
    def bookmark(self) -> Any:
        """The bookmark of the context in the state, by its day if it has one."""
        found = self.state.get("replication_key_value")
        return int(found[8:10]) if str(found).startswith("2023-01") else found
