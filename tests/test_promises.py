"""The promise about paging and bookmarks, for any server and any point of failure."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server import ApiServer, Reply

from tap_oauth2_generic.clock import Clock
from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.messages import MessageWriter
from tap_oauth2_generic.tap import TapOAuth2Generic

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
STYLES = ("page_number", "offset", "cursor", "next_url", "link_header", "last_record")
QUICK = settings(
    max_examples=25,
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


class Server:
    """Pages through rows in any style, with pages of any length, and fails when told to."""

    def __init__(self, api, rows, lengths, fail_at):
        self.rows, self.lengths, self.fail_at, self.asked = rows, lengths, fail_at, 0
        self._lock = threading.Lock()
        self._api = api

    def __call__(self, seen):
        with self._lock:
            self.asked += 1
            if self.asked == self.fail_at:
                return Reply({"error": "on purpose"}, 500)
        since = seen.query.get("since")
        rows = [row for row in self.rows if since is None or instant(row["at"]) >= instant(since)]
        start, number = self._start(seen, rows)
        length = self.lengths[number % len(self.lengths)]
        page = rows[start : start + length]
        following = start + length if start + length < len(rows) else None
        return self._reply(page, following, since)

    def _start(self, seen, rows):
        query = seen.query
        if "page" in query:
            number = int(query["page"]) - 1
            return sum(self.lengths[n % len(self.lengths)] for n in range(number)), number
        if "after" in query:
            ids = [row["id"] for row in rows]
            return ids.index(int(query["after"])) + 1, 0
        return int(query.get("offset", query.get("token", 0))), 0

    def _reply(self, page, following, since):
        body, headers = {"items": page}, {}
        if following is not None:
            url = f"{self._api.url}/items?token={following}" + (f"&since={since}" if since else "")
            body |= {"token": str(following), "next": url}
            headers["Link"] = f'<{url}>; rel="next"'
        return Reply(body, headers=headers)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def pagination(style):
    return {"style": style} | {
        "cursor": {"cursor_path": "token", "cursor_param": "token"},
        "next_url": {"next_url_path": "next"},
        "last_record": {"last_record_path": "id", "cursor_param": "after"},
    }.get(style, {})


def run(api, style, order, state):
    """Run the tap once; give the ids that were emitted, the last state, and whether it failed."""
    stream = {
        "name": "items",
        "path": "items",
        "records_path": "items",
        "replication_key": "at",
        "incremental": {"start_param": "since", "order": order},
        "pagination": pagination(style),
        "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
    }
    writer = Collected()
    tap = TapOAuth2Generic(config=api.config(stream), state=state, message_writer=writer)
    failed = False
    try:
        tap.sync_everything()
    except TapError:
        failed = True
    emitted = [m["record"]["id"] for m in writer.messages if m["type"] == "RECORD"]
    states = [m["value"] for m in writer.messages if m["type"] == "STATE"]
    return emitted, (states[-1] if states else state), failed


@pytest.fixture(scope="module")
def server():
    with ApiServer() as api:
        yield api


@pytest.mark.parametrize("style", STYLES)
@QUICK
@given(data=st.data())
def test_a_run_and_its_resumption_emit_everything(server, style, data):
    """Whatever style, page lengths and point of failure, nothing is missing in the end."""
    order = data.draw(st.sampled_from(["none", "asc"]))
    gaps = data.draw(st.lists(st.integers(0, 2), min_size=0, max_size=40))
    days = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    rows = [
        {"id": n, "at": (BEGIN + timedelta(days=day)).isoformat()} for n, day in enumerate(days)
    ]
    lengths = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    if style != "page_number":
        lengths = lengths[:1]
    fail_at = data.draw(st.integers(1, 12))
    server.routes["/items"] = Server(server, rows, lengths, fail_at)
    emitted, state, failed = run(server, style, order, {})
    everything = {row["id"] for row in rows}
    if not failed:
        assert sorted(emitted) == sorted(everything)
        return
    bookmark = (state or {}).get("bookmarks", {}).get("items", {}).get("replication_key_value")
    if bookmark is not None:
        before = {row["id"] for row in rows if instant(row["at"]) < instant(bookmark)}
        assert before <= set(emitted)
    server.routes["/items"] = Server(server, rows, lengths, 0)
    again, _, failed = run(server, style, order, state or {})
    assert not failed
    assert set(emitted) | set(again) == everything
    assert len(again) == len(set(again))


def test_the_clock_is_real():
    """The clock that the tap runs on moves."""
    assert Clock().time() > BEGIN.timestamp()
