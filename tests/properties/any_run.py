"""One run of the tap in this process, at any time, and the form in which its records compare."""

from __future__ import annotations

import json
import signal
from collections import Counter
from datetime import timedelta
from functools import cached_property

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.shutdown import Interrupted
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.properties.any_streams import as_query
from tests.support.key_types import read_iso

#: How far the clock of a later run is ahead.
AHEAD = timedelta(days=60)
_VARIANTS = {"number", "string", "boolean", "object", "array"}


class Collected(MessageWriter):
    """Takes the messages of a run instead of standard output."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def write_message(self, message):
        self.messages.append(json.loads(self.serialize_message(message)))

    def flush(self):
        """Nothing waits."""


class ClockAhead(Clock):
    """A clock that shows a later day."""

    def time(self):
        return super().time() + AHEAD.total_seconds()


class LaterTap(TapOAuth2Generic):
    """The tap on a later day."""

    @cached_property
    def session(self):
        return Session.of(self.configuration, ClockAhead(), self.message_writer.flush)


def run(tap_class, config, state, failure, form):
    """Run the tap once; return the emitted records, counted, the last state, and the error."""
    messages, ended = messages_of(tap_class, config, state, failure)
    states = [m["value"] for m in messages if m["type"] == "STATE"]
    return records_of(messages, form), (states[-1] if states else state), ended


def records_of(messages, form):
    """Return the records of each stream, counted."""
    return Counter((m["stream"], form(m["record"])) for m in messages if m["type"] == "RECORD")


def messages_of(tap_class, config, state, failure):
    """Run the tap once; return its messages, and the error that ended it.

    Of a run that is killed, only the messages before that count.
    """
    writer, ended = Collected(), None
    before = signal.signal(signal.SIGTERM, late)
    try:
        tap = tap_class(config=config, state=state, message_writer=writer)
        tap.sync_everything()
    except (TapError, Interrupted) as error:
        ended = error
    finally:
        signal.signal(signal.SIGTERM, before if callable(before) else late)
    messages = writer.messages
    if failure and failure.kind == "kill":
        messages = messages[: failure.at]
    return messages, ended


def late(*_):
    """Ignore a signal that arrives after the end of its run."""


def exact(record):
    """Return a record as it is, as something to count."""
    return json.dumps(record, sort_keys=True)


def loosely(record):
    """Return a record whose values may be in columns of any type, or written as strings."""
    found = {}
    for name, value in record.items():
        base, _, variant = name.partition("__")
        if value is not None:
            found[base if variant in _VARIANTS else name] = in_words(value)
    return json.dumps(found, sort_keys=True)


def in_words(value):
    """Return a value with each number, boolean and list in it as JSON."""
    if isinstance(value, dict):
        return {name: in_words(member) for name, member in value.items() if member is not None}
    return as_query(value)


def bookmarks(state, key):
    """Yield the time of every bookmark in a state, those of reads under way included."""
    for name, value in state.items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from bookmarks(inner, key)
        if name == "replication_key_value":
            try:
                yield key.read(str(value))
            except ValueError:
                yield read_iso(value)
