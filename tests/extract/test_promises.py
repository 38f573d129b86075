"""The promise about paging and bookmarks, for any server and any point of failure."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.shutdown import Interrupted
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support.server import ApiServer, Drop, Reply

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
PAGING = {
    "page_number": {},
    "offset": {},
    "cursor": {"cursor_path": "token", "cursor_param": "token"},
    "next_url": {"next_url_path": "next"},
    "link_header": {},
    "last_record": {"last_record_path": "id", "cursor_param": "after"},
}
MAY_SEND_EMPTY_PAGES = {"cursor", "next_url", "link_header"}
SIGNS_OF_THE_END = (
    {}, {"total_path": "total"}, {"has_more_path": "more"}, {"last_page_path": "last"},
)  # fmt: skip
IGNORED = 409
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
QUICK = settings(
    max_examples=40,
    deadline=None,
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


@dataclass
class Failure:
    """A failure at a request, a message (``kill``) or a page (``limit``)."""

    kind: str
    at: int

    def reply(self, page):
        """Return the response instead of a page."""
        if self.kind == "error":
            return Reply({"error": "on purpose"}, 500)
        if self.kind == "ignored":
            return Reply({"error": "on purpose"}, IGNORED)
        if self.kind == "drop":
            return Drop
        if self.kind == "cut":
            whole = Reply(page.body).content
            headers = {"Content-Length": str(len(whole)), "Connection": "close"}
            return Reply(whole[: len(whole) // 2], headers={**page.headers, **headers})
        if self.kind == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        return page


@dataclass
class Server:
    """Pages through rows in any style and fails when told to.

    The length of a page depends on the number of its request, so that the same token brings more
    or fewer records when it comes again. Only numbered pages are of fixed, different lengths.
    """

    url: str
    rows: list
    lengths: list
    strict: bool
    repeats_last: bool = False
    failure: Failure | None = None
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, seen):
        with self.lock:
            self.requests += 1
            request = self.requests
        since = seen.query.get("since")
        rows = [row for row in self.rows if since is None or self.brings(row, since)]
        start, length = self._place(seen.query, [row["id"] for row in rows], request)
        page = self._page(rows, start, start + length, since, request)
        failure = self.failure
        return failure.reply(page) if failure and failure.at == request else page

    def brings(self, row, since):
        """Return whether a record matches a request since a time."""
        at, bound = instant(row["at"]), instant(since)
        return at > bound or (at == bound and not self.strict)

    def _place(self, query, ids, request):
        """Return the start and the length of a page."""
        most = int(query.get("size", 200))
        if "page" in query:
            number = int(query["page"]) - 1
            if self.repeats_last:
                starts = [sum(self._length(m, most) for m in range(n)) for n in range(number + 1)]
                number = max(n for n, at in enumerate(starts) if at < max(len(ids), 1))
            return sum(self._length(n, most) for n in range(number)), self._length(number, most)
        if "after" in query:
            return ids.index(int(query["after"])) + 1, self._length(request, most)
        start = query.get("offset") or query.get("token", "0").partition(".")[0]
        return int(start), self._length(request, most)

    def _length(self, request, most):
        return min(self.lengths[request % len(self.lengths)], most)

    def _page(self, rows, start, end, since, request):
        more, headers = end < len(rows), {}
        body = {"items": rows[start:end], "total": len(rows), "more": more, "last": not more}
        if more:
            # No token is ever the same: one that came again would be a loop.
            url = f"{self.url}/items?token={end}.{request}" + (f"&since={since}" if since else "")
            body |= {"token": f"{end}.{request}", "next": url}
            headers["Link"] = f'<{url}>; rel="next"'
        return Reply(body, headers=headers)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def run(api, stream, state, failure):
    """Run the tap once; return the emitted ids and the last state.

    Of a run that is killed, only the messages before that count.
    """
    writer = Collected()
    if failure and failure.kind == "limit":
        stream = {**stream, "pagination": {**stream["pagination"], "max_pages": failure.at}}
    try:
        tap = TapOAuth2Generic(config=api.config(stream), state=state, message_writer=writer)
        tap.sync_everything()
    except (TapError, Interrupted):
        if failure is None or failure.kind not in {"error", "drop", "cut", "stop"}:
            raise
    finally:
        signal.signal(signal.SIGTERM, late)
    messages = writer.messages
    if failure and failure.kind == "kill":
        messages = messages[: failure.at]
    emitted = [m["record"]["id"] for m in messages if m["type"] == "RECORD"]
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
def rows(draw, order):
    """Draw records whose times repeat and leave gaps, in a given order."""
    many = draw(st.integers(0, 40))  # lists would be short as a rule, and one page holds them
    gaps = draw(st.lists(st.integers(0, 2), min_size=many, max_size=many))
    days = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    made = [
        {"id": n, "at": (BEGIN + timedelta(days=day)).isoformat()} for n, day in enumerate(days)
    ]
    if order == "none":
        return draw(st.permutations(made))
    return made if order == "asc" else made[::-1]


@st.composite
def page_lengths(draw, style):
    """Draw the lengths of pages, request by request; some styles allow empty pages."""
    least = 0 if style in MAY_SEND_EMPTY_PAGES else 1
    return draw(st.lists(st.integers(least, 7), min_size=1, max_size=5).filter(any))


FAILURES = st.one_of(
    st.builds(
        Failure,
        st.sampled_from(["error", "ignored", "drop", "cut", "stop", "limit"]),
        st.integers(1, 8),
    ),
    st.builds(Failure, st.just("kill"), st.integers(0, 60)),
)


@pytest.mark.parametrize("style", PAGING)
@QUICK
@given(data=st.data())
def test_runs_that_fail_and_their_resumptions_emit_everything(server, style, data):
    """Whatever style, page lengths and points of failure, nothing is missing in the end.

    The length of a page may differ from request to request, except with page numbers: there a
    changing length would change what page 2 means, and no client could read all records; the
    server's pages are of different lengths, but the same at every request. The server's filter
    may leave out what equals the bookmark. Each run emits a record once, and no bookmark that a
    failure leaves lies behind a record that was not emitted.
    """
    order, strict = data.draw(st.sampled_from(["none", "asc", "desc"])), data.draw(st.booleans())
    everything = data.draw(rows(order))
    lengths = data.draw(page_lengths(style))
    sizes = st.sampled_from([{}, {"page_size_param": "size", "page_size": 4}])
    stream = {
        "name": "items",
        "path": "items",
        "records_path": "items",
        "replication_key": "at",
        "incremental": {"start_param": "since", "order": order},
        "pagination": {"style": style, **PAGING[style], **data.draw(sizes)}
        | data.draw(st.sampled_from(SIGNS_OF_THE_END)),
        "response_rules": [{"status": IGNORED, "action": "ignore"}],
        "schema": SCHEMA,
    }
    # An API that repeats a full first page is taken for one that ignores the parameter.
    repeats = "page_size_param" not in stream["pagination"] and data.draw(st.booleans())
    taken, state = set(), {}
    for failure in (*data.draw(st.lists(FAILURES, min_size=1, max_size=2)), None):
        answers = Server(server.url, everything, lengths, strict, repeats, failure)
        server.routes["/items"] = answers
        emitted, state = run(server, stream, state, failure)
        assert len(emitted) == len(set(emitted))
        taken |= set(emitted)
        bookmark = (state or {}).get("bookmarks", {}).get("items", {}).get("replication_key_value")
        if bookmark is not None:
            assert {row["id"] for row in everything if not answers.brings(row, bookmark)} <= taken
    assert taken == {row["id"] for row in everything}


def test_clock_is_real():
    """The clock that the tap runs on moves."""
    assert Clock().time() > BEGIN.timestamp()
