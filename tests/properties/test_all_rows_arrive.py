"""The promise: whatever the API and wherever a run ends, all rows arrive and none comes twice."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.runtime.shutdown import Interrupted
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.properties.any_api import (
    BEGIN,
    IGNORED,
    PAGING,
    SIGNS,
    TOKENS,
    AnyApi,
    Failure,
    Row,
)
from tests.support.key_types import KEY_TYPES, read_iso
from tests.support.server import ApiServer

#: Examples for each style and kind of context; more find more.
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "10"))
DAY = timedelta(days=1)
keys = st.sampled_from(list(KEY_TYPES.values()))
CONTEXTS = ("plain", "partitions", "child", "child of an incremental parent")
PARTS = ("a", "b", "c")
KINDS = ("error", "inside", "drop", "cut", "stop", "limit", "ignored")
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # An example takes a tenth of a second: to shrink one would take minutes.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Collected(MessageWriter):
    """Takes the messages of a run instead of standard output."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def write_message(self, message):
        self.messages.append(json.loads(self.serialize_message(message)))

    def flush(self):
        """Nothing waits."""


def run(config, state, failure):
    """Run the tap once; return the emitted records, counted, and the last state.

    Of a run that is killed, only the messages before that count.
    """
    writer = Collected()
    before = signal.signal(signal.SIGTERM, late)
    try:
        tap = TapOAuth2Generic(config=config, state=state, message_writer=writer)
        with suppress(TapError, Interrupted) if failure else nullcontext():
            tap.sync_everything()
    finally:
        signal.signal(signal.SIGTERM, before if callable(before) else late)
    messages = writer.messages
    if failure and failure.kind == "kill":
        messages = messages[: failure.at]
    emitted = Counter(
        (m["stream"], json.dumps(m["record"], sort_keys=True))
        for m in messages
        if m["type"] == "RECORD"
    )
    states = [m["value"] for m in messages if m["type"] == "STATE"]
    return emitted, (states[-1] if states else state)


def late(*_):
    """Ignore a signal that arrives after the end of its run."""


@pytest.fixture(scope="module")
def server():
    before = signal.getsignal(signal.SIGINT), signal.signal(signal.SIGTERM, late)
    with ApiServer() as api:
        yield api
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])


@st.composite
def rows(draw, order, key, *, with_id, may_be_late):
    """Draw rows whose times repeat and leave gaps, in an order of their keys.

    Those that are late have a key after the day they were made on, even in the future.
    """
    many = draw(st.integers(0, 25))
    gaps = draw(st.lists(st.integers(0, 6), min_size=many, max_size=many))
    lateness = draw(st.lists(st.sampled_from([0, 0, 0, 40, 4000]), min_size=many, max_size=many))
    made = []
    for number, gap in enumerate(gaps):
        created = (made[-1].made if made else BEGIN) + min(gap, 3) * DAY
        at = created + (lateness[number] if may_be_late else 0) * DAY
        fields = {"id": number} if with_id else {"value": number % 2}
        made.append(Row({**fields, "at": key.write(at)}, created, at))
    if order == "none":
        return draw(st.permutations(made))
    return sorted(made, key=lambda row: row.at, reverse=order == "desc")


@st.composite
def page_lengths(draw, style):
    """Draw the lengths of pages, request by request; some styles allow empty pages."""
    least = 0 if style in TOKENS else 1
    return draw(st.lists(st.integers(least, 7), min_size=1, max_size=5).filter(any))


@st.composite
def failures(draw, kinds):
    kind = draw(st.sampled_from([*kinds, "kill"]))
    return Failure(kind, draw(st.integers(1, 60 if kind == "kill" else 10)))


@st.composite
def parents(draw, order, key):
    """Draw records of the parent stream; more than one may name the same child."""
    parts = draw(st.lists(st.sampled_from(PARTS), max_size=5))
    made = [
        Row({"id": n, "part": part, "at": key.write(BEGIN + n * DAY)}, *[BEGIN + n * DAY] * 2)
        for n, part in enumerate(parts)
    ]
    return made[::-1] if order == "desc" else made


def limited(config, failure):
    """Return the configuration with ``max_pages`` if that is the failure."""
    if failure is None or failure.kind != "limit":
        return config
    streams = [
        {**stream, "pagination": {**stream["pagination"], "max_pages": failure.at}}
        for stream in config["streams"]
    ]
    return {**config, "streams": streams}


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


def configuration(server, contexts, stream, incremental, settings):
    """Return the configuration of a stream ``items`` in its contexts."""
    if contexts == "plain":
        return server.config(stream, **settings)
    kind = "partition" if contexts == "partitions" else "parent"
    stream = {**stream, "params": {"part": f"{{{kind}.part}}"}}
    if kind == "partition":
        return server.config({**stream, "partitions": {"part": PARTS}}, **settings)
    stream["parent"] = {"stream": "lists", "keys": {"part": "part"}}
    parent = {name: value for name, value in stream.items() if name not in {"parent", "params"}}
    parent |= {"name": "lists", "path": "lists"}
    if contexts == "child":
        parent = {n: v for n, v in parent.items() if n not in {"replication_key", "incremental"}}
    elif not incremental:
        stream = {n: v for n, v in stream.items() if n not in {"replication_key", "incremental"}}
    return server.config(parent, stream, **settings)


@pytest.mark.parametrize("contexts", CONTEXTS)
@pytest.mark.parametrize("style", PAGING)
@QUICK
@given(data=st.data())
def test_all_rows_arrive_and_none_twice(server, style, contexts, data):
    """Over runs that fail anywhere and the one that resumes; each run emits a row once.

    For any page lengths, empty and equal pages, errors inside a 200, keys in the future, orders,
    windows however they read their bounds, and key types.
    """
    draw = data.draw
    order, key = draw(st.sampled_from(["none", "asc", "desc"])), draw(keys)
    window = draw(st.sampled_from([None, "P7D", "P40D"]))
    by_creation = window is not None and order == "none"
    bounds = draw(st.sampled_from(["half_open", "inclusive", "exclusive"]))
    sign = draw(st.sampled_from(SIGNS))
    signs = sign | draw(st.sampled_from([{}, {"page_size_param": "size", "page_size": 4}]))
    # Pages may be equal where a sign says that more follow. Equal rows of two windows could not
    # be told apart over two runs.
    needs_id = style == "last_record" or by_creation or not (sign or style in TOKENS)
    with_id = needs_id or draw(st.booleans())
    incremental = {"start_param": "since", "format": key.format, "order": order}
    if window:
        incremental |= {"end_param": "until", "window": window, "window_bounds": bounds}
    stream = {
        "name": "items",
        "path": "items",
        "records_path": "items",
        "replication_key": "at",
        "incremental": incremental,
        "pagination": {"style": style, **PAGING[style], **(signs if style != "none" else {})},
        "response_rules": [{"status": IGNORED, "action": "ignore"}],
        "schema": {"properties": {"id": {}, "value": {}, "part": {}, "at": {"type": key.column}}},
    }
    top = {
        "start_date": str((BEGIN - DAY).date()),
        "max_in_flight": draw(st.sampled_from([1, 4])),
        "on_error": draw(st.sampled_from(["continue", "fail"])),
    }
    config = configuration(server, contexts, stream, draw(st.booleans()), top)
    # The API filters by the key; what is made later than now comes in no window.
    may_be_late = by_creation or window is None
    made = rows(order, key, with_id=with_id, may_be_late=may_be_late)
    truth = {("/items", part): draw(made) for part in ([""] if contexts == "plain" else PARTS)}
    if contexts.startswith("child"):
        truth["/lists", ""] = draw(parents(order, key))
    lists = truth.get(("/lists", ""))
    named = {"", *PARTS} if lists is None else {row.fields["part"] for row in lists}
    lengths = draw(page_lengths(style))
    # What a rule ignores at the start of a window or a child is nothing, by the user's word.
    kinds = KINDS if contexts in {"plain", "partitions"} and not window else KINDS[:-1]
    expected = Counter(
        (path[1:], json.dumps({**row.fields, **({"part": part} if part else {})}, sort_keys=True))
        for (path, part), found in truth.items()
        if path == "/lists" or part in named
        for row in found
    )
    arrived, state = Counter(), {}
    for failure in (*draw(st.lists(failures(kinds), min_size=1, max_size=2)), None):
        served = AnyApi(server.url, style, key, truth, lengths, bounds, by_creation, failure)
        server.routes |= {"/items": served, "/lists": served}
        emitted, state = run(limited(config, failure), state, failure)
        assert emitted <= expected
        arrived |= emitted
    assert arrived == expected
    assert max(bookmarks(state, key), default=BEGIN) <= datetime.now(timezone.utc)
