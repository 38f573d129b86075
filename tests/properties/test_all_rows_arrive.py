"""The promise: whatever the API and wherever a run ends, all rows arrive and none comes twice.

The grid is whole: each style with each order, with windows and without, in each kind of contexts.
``PROPERTY_EXAMPLES`` sets how many APIs are tried in each of its parts.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.properties.any_api import (
    BEGIN,
    COUNTED,
    IGNORED,
    PAGING,
    SHAPES,
    SIGNS,
    TODAY,
    TOKENS,
    AnyApi,
    Failure,
    Manner,
)
from tests.properties.any_run import (
    AHEAD,
    LaterTap,
    bookmarks,
    exact,
    late,
    loosely,
    messages_of,
    records_of,
    run,
)
from tests.properties.any_streams import CONTEXTS, DAY, Rows, configuration, nodes, paged, rows
from tests.support.key_types import KEY_TYPES
from tests.support.server import ApiServer

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "2"))
KINDS = (
    "inside, with a token",
    "inside",
    "limit",
    "error",
    "ignored",
    "kill",
    "cut",
    "drop",
    "stop",
)
#: At which request, or fifth message; most reads have few.
MOMENTS = (2, 3, 1, 2, 3, 4, 5, 7, 9, 14)
COLUMNS = ("id", "value", "part", "region", "kind", "tag", "loose", "deep")
QUICK = settings(
    max_examples=EXAMPLES,
    # An example takes a tenth of a second: to shrink one would take minutes.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.fixture(scope="module")
def server():
    before = signal.getsignal(signal.SIGINT), signal.signal(signal.SIGTERM, late)
    with ApiServer() as api:
        yield api
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])


@st.composite
def page_lengths(draw, least):
    """Draw the lengths of pages, request by request."""
    return draw(st.lists(st.integers(least, 7), min_size=1, max_size=5).filter(any))


@st.composite
def failures(draw):
    kind, at = draw(st.sampled_from(KINDS)), draw(st.sampled_from(MOMENTS))
    return Failure(kind, at * (5 if kind == "kill" else 1))


@st.composite
def manners(draw, url, style, order, *, spares_first):
    scrolls = style in TOKENS and draw(st.booleans())
    # Pages of rows in groups have no last record of their own.
    shapes = [shape for shape in SHAPES if "groups" not in shape or style != "last_record"]
    return Manner(
        url,
        style,
        draw(st.sampled_from(list(KEY_TYPES.values()))),
        draw(page_lengths(0 if style in TOKENS and not scrolls else 1)),
        sign=draw(st.sampled_from(SIGNS)) if style != "none" else {},
        shape=draw(st.sampled_from(shapes)),
        bounds=draw(st.sampled_from(["half_open", "inclusive", "exclusive"])),
        # An ascending read resumes by its key, so the API must filter by it.
        by_creation=order != "asc" and draw(st.booleans()),
        scrolls=scrolls,
        ends_silently=draw(st.booleans()),
        leaves_out=draw(st.booleans()),
        spares_first=spares_first,
    )


@st.composite
def stream_settings(draw, manner, order, window):
    """Draw the settings that all streams share; ``window`` is the length of windows, if any."""
    incremental = {"start_param": "since", "format": manner.key.format, "order": order}
    if window:
        incremental |= {"end_param": "until", "window": window, "window_bounds": manner.bounds}
    size = {"page_size_param": "size", "page_size": 4}
    size = draw(st.sampled_from([{}, size])) if manner.sign else {}
    columns = {name: {} for name in COLUMNS} | {"at": {"type": manner.key.column}}
    declared = {"schema": {"properties": columns}}
    return {
        "records_path": manner.shape,
        "replication_key": "at",
        "incremental": incremental,
        "pagination": {"style": manner.style, **PAGING[manner.style], **manner.sign, **size},
        "response_rules": [{"status": IGNORED, "action": "ignore"}],
        **draw(st.sampled_from([{}, declared])),
    }


@st.composite
def all_rows(draw, root, manner, order, *, windows):
    """Draw the rows of each stream."""
    with_id = manner.needs_id(windows=windows) or draw(st.booleans())
    hides = windows and not manner.by_creation
    found, is_below = {}, False
    for node in root.line():
        # A child is not read again for rows that its API hid when its parent was read.
        lateness = [0] if hides and is_below else [0, 0, 0, 40, *([] if hides else [4000])]
        found[node.name] = draw(rows(node, order, manner.key, with_id=with_id, lateness=lateness))
        is_below = is_below or node.is_incremental
    return Rows(found)


class Runs:
    """Runs that go on from each other's state; none emits what is not ``expected``."""

    def __init__(self, server, root, manner, truth, form):
        self.server, self.root, self.manner, self.truth = server, root, manner, truth
        self.form = form
        self.expected = truth.records(root, lambda _: True, form)
        self.arrived, self.state = Counter(), {}

    def sync(self, config, failure=None, tap_class=TapOAuth2Generic):
        """Run the tap once; return the error that ended it, and the API as it was read."""
        if failure and failure.kind == "limit":
            config = paged(config, max_pages=failure.at)
        api = AnyApi(self.manner, self.truth, failure)
        self.server.routes = {f"/{node.name}": api for node in self.root.line()}
        emitted, self.state, error = run(tap_class, config, self.state, failure, self.form)
        api.finish()
        assert emitted <= self.expected, emitted - self.expected
        self.arrived |= emitted
        latest = datetime.now(timezone.utc) + (AHEAD if tap_class is LaterTap else 0 * DAY)
        latest = datetime.fromisoformat(config.get("end_date", latest.isoformat()))
        assert max(bookmarks(self.state, self.manner.key), default=BEGIN) <= latest
        return error, api


@pytest.mark.parametrize("contexts", CONTEXTS)
@pytest.mark.parametrize("windows", [False, True], ids=["whole", "windows"])
@pytest.mark.parametrize("order", ["none", "asc", "desc"])
@pytest.mark.parametrize("style", PAGING)
@QUICK
@given(data=st.data())
def test_all_rows_arrive_and_none_twice(server, style, order, windows, contexts, data):
    """Over runs that fail anywhere and the one that resumes; each run emits a row once.

    For any page lengths, empty and equal pages, tokens that never change, errors inside a 200,
    keys in the future, windows however they read their bounds, key types, schemas and paths; also
    after backfills.
    """
    draw = data.draw
    root = draw(nodes(contexts))
    # What a rule ignores at the start of a window or a child is nothing, by the user's word.
    spares_first = windows or root.child is not None
    manner = draw(manners(server.url, style, order, spares_first=spares_first))
    window = draw(st.sampled_from(["P23D", "P40D"])) if windows else None
    shared = draw(stream_settings(manner, order, window))
    config = configuration(
        server,
        root,
        shared,
        start_date=str((BEGIN - DAY).date()),
        max_in_flight=draw(st.sampled_from([1, 4])),
        on_error=draw(st.sampled_from(["continue", "fail"])),
    )
    truth = draw(all_rows(root, manner, order, windows=windows))
    runs = Runs(server, root, manner, truth, exact if "schema" in shared else loosely)
    end = BEGIN + DAY * draw(st.integers(0, 80))
    # Of records that are dropped by their key, the next run must not ask for those made later.
    is_backfill = draw(st.booleans()) and (windows or not manner.by_creation)
    first = config | {"end_date": end.isoformat()} if is_backfill else config
    for failure in draw(st.lists(failures(), min_size=1, max_size=2)):
        runs.sync(first, failure)
    if is_backfill:
        runs.sync(first)
    error, api = runs.sync(config)
    if style in COUNTED and api.repeats_thrice():
        # Three equal pages without a sign end a read, but no bookmark passes them.
        runs.manner = replace(manner, sign={"total_path": "total"})
        config = paged(config, **runs.manner.sign)
        error, _ = runs.sync(config)
    assert error is None
    # The upper bound of a window hides rows of later days until the clock gets there.
    hides = windows and not manner.by_creation
    seen = truth.records(root, lambda row: not hides or row.at < TODAY, runs.form)
    assert seen <= runs.arrived, seen - runs.arrived
    if hides:
        error, _ = runs.sync(config, tap_class=LaterTap)
        assert error is None
    assert runs.arrived == runs.expected, runs.expected - runs.arrived


@pytest.mark.parametrize("contexts", CONTEXTS)
@pytest.mark.parametrize("style", PAGING)
@QUICK
@given(data=st.data())
def test_no_row_is_deleted_that_was_not_read(server, style, contexts, data):
    """If a stream activates its version, it has emitted every row, however the run went."""
    draw = data.draw
    root = draw(nodes(contexts)).in_full()
    manner = draw(manners(server.url, style, "none", spares_first=False))
    shared = draw(stream_settings(manner, "none", None))
    on_missing = {"on_missing_records": draw(st.sampled_from(["auto", "ignore"]))}
    truth = draw(all_rows(root, manner, "none", windows=False))
    form = exact if "schema" in shared else loosely
    expected = truth.records(root, lambda _: True, form)
    config = configuration(
        server,
        root,
        shared | on_missing,
        emit_activate_version_messages=True,
        max_in_flight=draw(st.sampled_from([1, 4])),
    )
    failure = draw(st.none() | failures())
    if failure and failure.kind == "limit":
        config = paged(config, max_pages=failure.at)
    api = AnyApi(manner, truth, failure)
    server.routes = {f"/{node.name}": api for node in root.line()}
    messages, _ = messages_of(TapOAuth2Generic, config, {}, failure)
    api.finish()
    emitted = records_of(messages, form)
    for name in {m["stream"] for m in messages if m["type"] == "ACTIVATE_VERSION"}:
        assert of_stream(emitted, name) == of_stream(expected, name)


def of_stream(records, name):
    return {record: count for (stream, record), count in records.items() if stream == name}
