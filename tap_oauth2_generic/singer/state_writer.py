"""The state of a run in memory, and how often it is sent; built on the SDK's own.

What a bookmark is and when it may move is decided elsewhere.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers._state import StateWriter
from singer_sdk.singerlib.encoding.simple import StateMessage
from singer_sdk.streams._state import StreamStateManager

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.settings.limits import FREE_STATE_BYTES

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from tap_oauth2_generic.runtime.clock import Clock
    from tap_oauth2_generic.singer.message_writer import MessageWriter

# Beyond that, one byte of state for so many of everything.
_SHARE = 10
# Or where a STATE message took less than this part of the time since the one before.
_TIME_SHARE = 100
_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class IndexedStateManager(StreamStateManager):
    """A stream's state, whose contexts are found at once; the SDK looks through all of them."""

    def get_context_state(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        """Give the state of a context to write to; raises InputError where it is there twice."""
        found = self.find(context)
        if found is not None:
            return found
        wanted = self.get_state_partition_context(context)
        made: dict[str, Any] = {"context": dict(wanted or {})}
        self.stream_state.setdefault("partitions", []).append(made)
        self._index[_key(made["context"])] = made
        return made

    def find(self, context: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Give the state of a context, None where it has none yet."""
        wanted = self.get_state_partition_context(context)
        return self._index.get(_key(wanted)) if wanted else self.stream_state

    @property
    def _index(self) -> dict[Hashable, dict[str, Any]]:
        if self._made_index is None:
            self._made_index = {}
            for state in self.stream_state.get("partitions", []):
                if self._made_index.setdefault(_key(state["context"]), state) is not state:
                    message = f"the state holds the context {state['context']} twice"
                    raise InputError(message)
        return self._made_index

    _made_index: dict[Hashable, dict[str, Any]] | None = None


def _key(context: Mapping[str, Any]) -> Hashable:
    """Give what stands for a context: equal for contexts that are equal."""
    try:
        return frozenset(context.items())
    except TypeError:
        return msgspec.json.encode(context, order="deterministic", enc_hook=str)


class ThrottledStateWriter(StateWriter):
    """Sends the state as often as it is worth: after every read while it is small.

    The state holds every context, so that sending it after each of them would cost the square
    of their number, here and in the target.
    """

    def __init__(self, writer: MessageWriter, clock: Clock, given: Mapping[str, Any]) -> None:
        """Begin with nothing sent; ``given`` is the state that the run goes on from."""
        super().__init__(writer)
        self._given = _ENCODER.encode({"bookmarks": {}} | dict(given))
        self._writer = writer
        self._clock = clock
        self._sent = b""
        self._spent_bytes = 0
        self._sent_at = clock.monotonic()
        self._cost_seconds = 0.0

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Send the state, whatever it costs, unless it is the one that was sent last.

        The given state goes before the first. Targets that write each stream when its batch is
        full take what the first STATE says for true of streams that they have not written yet.
        """
        began = self._clock.monotonic()
        # Kept as text: a copy to compare with would cost more than the message itself.
        encoded = _ENCODER.encode(state)
        if not self._sent and encoded != self._given:
            self._send(json.loads(self._given, parse_float=Decimal), self._given)
        if encoded != self._sent:
            self._send(state, encoded)
        self._sent_at = self._clock.monotonic()
        self._cost_seconds = self._sent_at - began

    def _send(self, state: Mapping[str, Any], encoded: bytes) -> None:
        self._writer.write_message(StateMessage(value=dict(state)))
        self._sent = encoded
        self._spent_bytes += len(encoded)

    @property
    def is_due(self) -> bool:
        """Whether the state is worth sending now."""
        elapsed = self._clock.monotonic() - self._sent_at
        return (
            self._spent_bytes < FREE_STATE_BYTES
            or (self._spent_bytes + len(self._sent)) * _SHARE <= self._writer.written_bytes
            or elapsed > self._cost_seconds * _TIME_SHARE
        )
