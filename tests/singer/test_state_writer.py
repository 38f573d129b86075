"""The state in memory: indexed, and sent at a cost in proportion to the output."""

from __future__ import annotations

import json

import pytest
from singer_sdk.streams._state import StreamStateManager

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.singer.state_writer import IndexedStateManager, ThrottledStateWriter

CONTEXTS = [
    None,
    {"a": 1},
    {"a": "1"},
    {"a": 1, "b": None},
    {"a": [1, {"x": 2}]},
    {"a": True, "b": 0},
]


def indexed(state):
    return IndexedStateManager(stream_name="items", tap_state=state, state_partitioning_keys=None)


@pytest.mark.parametrize("known", [{}, {"bookmarks": {"items": {"partitions": [
    {"context": {"a": 1}, "replication_key_value": 5}, {"context": {"b": 2}}]}}}])  # fmt: skip
def test_contexts_are_found_as_the_sdk_finds_them(known):
    """Each context gets the state that the SDK would give it; new ones are added alike."""
    ours, theirs = json.loads(json.dumps(known)), json.loads(json.dumps(known))
    sdk = StreamStateManager(stream_name="items", tap_state=theirs)
    for context in CONTEXTS * 2:
        mine = indexed(ours).get_context_state(context)
        other = sdk.get_context_state(context)
        assert mine == other
        mine["seen"] = other["seen"] = mine.get("seen", 0) + 1
    assert ours == theirs


def test_finding_a_context_adds_no_state():
    """A context that is only searched for gets no entry in the state."""
    state = {}
    assert indexed(state).find({"a": 1}) is None
    assert "partitions" not in state["bookmarks"]["items"]


def test_duplicate_context_is_an_error():
    """Of two states for one context neither is used."""
    twice = [{"context": {"a": 1}}, {"context": {"a": 1}}]
    with pytest.raises(InputError, match="twice"):
        indexed({"bookmarks": {"items": {"partitions": twice}}}).find({"a": 1})


def sent(capfdbinary):
    return [json.loads(line)["value"] for line in capfdbinary.readouterr().out.splitlines()]


def test_state_is_sent_once(capfdbinary, clock):
    """The given state goes first; the same state is not sent again, a changed one is."""
    writer = ThrottledStateWriter(MessageWriter(), clock, given={"n": 0})
    state = {"n": 1}
    writer.write_state(state)
    writer.write_state(state)
    state["n"] = 2
    writer.write_state(state)
    assert sent(capfdbinary) == [{"bookmarks": {}, "n": 0}, {"n": 1}, {"n": 2}]


def test_small_state_is_always_due(capfdbinary, clock):
    """While states are small, each one is sent."""
    writer = ThrottledStateWriter(MessageWriter(), clock, given={"n": 0})
    for number in range(1, 1001):
        assert writer.is_due
        writer.write_state({"n": number})
    assert len(sent(capfdbinary)) == 1001


def test_large_state_is_throttled(capfdbinary, clock):
    """Of ten thousand states of a megabyte few are sent."""
    writer = ThrottledStateWriter(MessageWriter(), clock, given={"n": 0})
    for number in range(10_000):
        if writer.is_due:
            writer.write_state({"n": number, "x": "x" * 10**6})
    assert len(sent(capfdbinary)) < 5


def test_large_state_is_due_again_after_a_while(clock):
    """A state is due again after a hundred times as long as it took."""

    class Slow(MessageWriter):
        def write_message(self, _message):
            clock.now += 1

    writer = ThrottledStateWriter(Slow(), clock, given={"n": 0})
    for number in range(20):
        writer.write_state({"n": number, "x": "x" * 10**6})
    assert not writer.is_due
    clock.now += 101
    assert writer.is_due


def test_large_state_is_due_after_five_minutes_however_long_the_target_takes(clock):
    """A target that loads its records while a state is written must not hold back the next."""

    class Loading(MessageWriter):
        def write_message(self, _message):
            clock.now += 600

    writer = ThrottledStateWriter(Loading(), clock, given={"n": 0})
    writer.write_state({"n": 1, "x": "x" * 2**20})
    clock.now += 299
    assert not writer.is_due
    clock.now += 2
    assert writer.is_due


def test_state_that_takes_no_time_is_throttled_as_well(capfdbinary, clock):
    """Once the free bytes are spent, it is sent every ten seconds, however small the output."""
    writer = ThrottledStateWriter(MessageWriter(), clock, given={"n": 0})
    writer.write_state({"x": "x" * 2**20})
    for number in range(100):
        clock.now += 1
        if writer.is_due:
            writer.write_state({"n": number, "x": "x" * 2**20})
    assert len(sent(capfdbinary)) - 2 == 100 // 11


COLUMNS = {"id": {"type": "integer"}, "at": {"type": "string"}, "note": {"type": "string"}}
ITEMS = {
    "path": "items", "records_path": "d", "replication_key": "at",
    "schema": {"properties": {**COLUMNS, "part": {"type": "integer"}}},
}  # fmt: skip
MANY = {
    "partitions": [{"name": "items", "partitions": [{"part": number} for number in range(100)]}],
    "streams": [{"name": f"items{number}"} for number in range(100)],
}


@pytest.mark.parametrize("many", MANY)
def test_all_states_take_at_most_a_tenth_of_the_output(api, tap, many):
    """It holds for pages of a few records, with the last STATE."""
    record = {"id": 1, "at": "2024-01-01T00:00:00Z", "note": "x" * 900}
    api.routes["/items"] = lambda _: {"d": [record] * 10}
    lines = tap.ok(api.config(*({**ITEMS, **one} for one in MANY[many]))).output.splitlines()
    states = [line for line in lines if line.startswith('{"type":"STATE"')]
    assert len(states) > 10
    assert sum(map(len, states)) < sum(map(len, lines)) / 10
