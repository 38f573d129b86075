"""Hold the state of a run in memory and send it, often while it is small.

When a bookmark may move is decided in ``replication/bookmark_store.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from singer_sdk.helpers._state import PROGRESS_MARKER_NOTE, PROGRESS_MARKERS, StateWriter
from singer_sdk.singerlib.encoding.simple import StateMessage
from singer_sdk.streams._state import StreamStateManager

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.json_encoder import encode_json, encode_sorted
from tap_oauth2_generic.settings.limits import FREE_STATE_BYTES
from tap_oauth2_generic.singer.message_writer import MessageWriter

#: The key of a context's state with the bookmark of a read that has not ended.
PROGRESS = PROGRESS_MARKERS
#: The key of a stream's state with the version that its records carried last.
VERSION = "version"
# What a state has of streams that have read nothing, too.
_NO_HISTORY = frozenset({
    "context", "job", "partitions", "replication_key", "replication_key_signpost",
    "starting_replication_value", VERSION,
})  # fmt: skip
# Beyond FREE_STATE_BYTES, STATE messages take at most this part of the output, or of the time. The
# last one, which is always sent, takes its part on top.
_OUTPUT_SHARE, _TIME_SHARE = 20, 100
# The least: in a hundred times the milliseconds of a small state hardly any output follows.
# The most: a target that loads its records before it reads on makes any state take long.
_LEAST_SECONDS, _MOST_SECONDS = 10, 300


class IndexedStateManager(StreamStateManager):
    """A stream's state with an index of its partitions; the SDK searches all of them.

    Contexts differ if their JSON does: 1, 1.0, "1" and true are different requests.
    """

    def get_context_state(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the state of a context to write to; raise InputError if there are two."""
        found = self.find(context)
        if found is not None:
            return found
        wanted = self.get_state_partition_context(context)
        made: dict[str, Any] = {"context": dict(wanted or {})}
        self.stream_state.setdefault("partitions", []).append(made)
        self._index[encode_sorted(made["context"])] = made
        return made

    def find(self, context: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return the state of a context, None if there is none yet."""
        wanted = self.get_state_partition_context(context)
        return self._index.get(encode_sorted(wanted)) if wanted else self.stream_state

    @cached_property
    def _index(self) -> dict[bytes, dict[str, Any]]:
        index: dict[bytes, dict[str, Any]] = {}
        for state in self.stream_state.get("partitions", []):
            if index.setdefault(encode_sorted(state["context"]), state) is not state:
                raise InputError(f"the state holds the context {state['context']} twice")
        return index


def set_progress(state: dict[str, Any], key: str, value: Any) -> None:
    """Note the bookmark of a read that has not ended; the SDK promotes it in the end."""
    note = {PROGRESS_MARKER_NOTE: "Progress is not resumable if interrupted."}
    markers = state.setdefault(PROGRESS, note)
    markers["replication_key"] = key
    markers["replication_key_value"] = value


def has_history(state: Mapping[str, Any]) -> bool:
    """Return whether the state of a stream shows that a run read records: any value it kept."""
    kept = any(value for name, value in state.items() if name not in _NO_HISTORY)
    return kept or any(map(has_history, state.get("partitions", ())))


class ThrottledStateWriter(StateWriter):
    """Throttle STATE messages: after every read while the state is small, less often as it grows.

    The state holds every partition, so sending it after each one would cost the square of their
    number, in the tap and in the target.
    """

    def __init__(self, writer: MessageWriter, clock: Clock, given: Mapping[str, Any]) -> None:
        """Start with nothing sent; ``given`` is the state the run continues from."""
        super().__init__(writer)
        self._given = encode_json({"bookmarks": {}} | dict(given))
        self._writer = writer
        self._clock = clock
        self._sent = b""
        self._spent_bytes = 0
        self._written = writer.written_bytes
        self._due_at = clock.monotonic()

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Send the state unless it was the last one sent; the given state goes first.

        Targets that write each stream when its batch is full apply the first STATE to streams
        they have not written yet.
        """
        began = self._clock.monotonic()
        # Compared as JSON: a copy would cost more than the message itself.
        encoded = encode_json(state)
        if not self._sent and encoded != self._given:
            self._send(decode(self._given), self._given)
        if encoded != self._sent:
            self._send(state, encoded)
        ended = self._clock.monotonic()
        seconds = max((ended - began) * _TIME_SHARE, _LEAST_SECONDS)
        self._due_at = ended + min(seconds, _MOST_SECONDS)

    def write_last(self, state: Mapping[str, Any]) -> None:
        """Send the state, again if records followed it: some targets load them at the next one.

        None goes out ahead of records that could not be written.
        """
        if self._writer.holds_records:
            return
        self.write_state(state)
        if self._written != self._writer.written_bytes:
            self._send(state, self._sent)

    def _send(self, state: Mapping[str, Any], encoded: bytes) -> None:
        self._writer.write_message(StateMessage(value=dict(state)))
        self._sent = encoded
        self._written = self._writer.written_bytes
        self._spent_bytes += len(encoded)

    @property
    def is_due(self) -> bool:
        """Whether the state may be sent now, and is worth it."""
        if self._writer.holds_records:
            return False
        spent = self._spent_bytes + len(self._sent)
        return (
            self._spent_bytes < FREE_STATE_BYTES
            or spent * _OUTPUT_SHARE <= self._writer.written_bytes
            or self._clock.monotonic() > self._due_at
        )
