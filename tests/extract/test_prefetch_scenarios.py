"""Pages fetched ahead: how many at once, in which order, what a guess costs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support.server import Reply

SIZE = 3
SCHEMA = {"properties": {"id": {"type": ["integer", "null"]}}}


def rows(page):
    return [{"id": page * SIZE + n} for n in range(SIZE)]


def stream(**more):
    return {"name": "items", "path": "items", "records_path": "d", "schema": SCHEMA, **more}


def paged(**more):
    return stream(pagination={"style": "page_number", "page_start": 0, "page_size": SIZE,
                              "page_size_param": "size", **more})  # fmt: skip


class Together:
    """Responds only once so many requests are there at the same time."""

    def __init__(self, count, respond, waits=lambda _: True):
        self._barrier = threading.Barrier(count, timeout=20)
        self._respond, self._waits = respond, waits

    def __call__(self, seen):
        if self._waits(seen):
            try:
                self._barrier.wait()
            except threading.BrokenBarrierError:
                return Reply({"error": "they did not come together"}, 400)
        return self._respond(seen)


class Counting:
    """Counts how many requests were in flight at once."""

    def __init__(self, respond):
        self._respond, self._now, self.most = respond, 0, 0
        self._lock = threading.Lock()
        self._pause = threading.Event()

    def __call__(self, seen):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._pause.wait(0.002)  # so that others can arrive while this one is in flight
        with self._lock:
            self._now -= 1
        return self._respond(seen)


def numbered(last):
    """Serve pages from 0; the last one says that nothing follows."""

    def respond(seen):
        page = int(seen.query["page"])
        return {"d": rows(page), "more": page < last} if page <= last else Reply({}, 500)

    return respond


def test_numbered_pages_are_requested_concurrently(api, tap):
    api.routes["/items"] = Together(4, numbered(8), lambda seen: seen.query["page"] != "0")
    run = tap.ok(api.config(paged(has_more_path="more"), max_in_flight=4, max_retries=0))
    assert run.ids() == list(range(9 * SIZE))


def test_offsets_are_requested_concurrently(api, tap):
    """They are predicted from the previous page's length, up to the total."""

    def respond(seen):
        at = int(seen.query["offset"])
        return {"d": [{"id": n} for n in range(at, min(at + SIZE, 15))], "total": 15}

    api.routes["/items"] = Together(4, respond, lambda seen: seen.query["offset"] != "0")
    paging = {"style": "offset", "total_path": "total"}
    run = tap.ok(api.config(stream(pagination=paging), max_in_flight=4, max_retries=0))
    assert run.ids() == list(range(15))
    assert len(api.requests("/items")) == 5


def test_partitions_are_requested_concurrently(api, tap):
    api.routes["/items"] = Together(4, lambda seen: {"d": [{"id": int(seen.query["part"])}]})
    partitions = [{"part": number} for number in range(8)]
    wanted = stream(partitions=partitions, params={"part": "{partition.part}"})
    run = tap.ok(api.config(wanted, max_in_flight=4, max_retries=0))
    assert run.ids() == list(range(8))


def test_children_are_requested_concurrently(api, tap):
    """Each parent is emitted after its children."""
    api.serve("/parents", {"d": [{"id": number} for number in range(8)]})
    api.routes["/items"] = Together(4, lambda seen: {"d": [{"id": int(seen.query["of"])}]})
    child = stream(parent={"stream": "parents", "keys": {"of": "id"}}, params={"of": "{parent.of}"})
    parent = {"name": "parents", "path": "parents", "records_path": "d", "schema": SCHEMA}
    run = tap.ok(api.config(parent, child, max_in_flight=4, max_retries=0))
    order = [(m["stream"], m["record"]["id"]) for m in run.messages if m["type"] == "RECORD"]
    assert order == [(name, number) for number in range(8) for name in ("items", "parents")]


def test_an_api_that_becomes_slow_is_requested_concurrently_again(api, tap):
    api.serve("/parents", {"d": [{"id": number} for number in range(300)]})
    slow = Counting(lambda seen: {"d": [{"id": int(seen.query["of"])}]})

    def respond(seen):
        of = int(seen.query["of"])
        return slow(seen) if of > 250 else {"d": [{"id": of}]}

    api.routes["/items"] = respond
    child = stream(parent={"stream": "parents", "keys": {"of": "id"}}, params={"of": "{parent.of}"})
    parent = {"name": "parents", "path": "parents", "records_path": "d", "schema": SCHEMA}
    run = tap.ok(api.config(parent, child, max_in_flight=4))
    assert [record["id"] for record in run.records("items")] == list(range(300))
    assert slow.most > 1


def test_windows_are_requested_concurrently(api, tap):
    api.routes["/items"] = Together(
        3, lambda seen: {"d": [{"id": 1, "at": seen.query["since"]}]}, lambda _: True
    )
    wanted = {
        **stream(replication_key="at"),
        "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
        "incremental": {"start_param": "since", "end_param": "until", "window": "P365D"},
    }
    run = tap.ok(api.config(wanted, start_date="2024-01-01", max_in_flight=3, max_retries=0))
    at = [record["at"] for record in run.records("items")]
    assert len(at) == 3
    assert at == sorted(at)


@pytest.mark.parametrize("most", [1, 3])
def test_max_in_flight_is_never_exceeded(api, tap, most):
    parents = Counting(numbered(6))
    parents_route = parents

    def respond(seen):
        return {"d": [{"id": int(seen.query["of"])}] if seen.query.get("page", "0") == "0" else []}

    children = Counting(respond)
    both = Counting(lambda seen: (parents_route if seen.path == "/parents" else children)(seen))
    api.routes["/parents"] = api.routes["/items"] = both
    parent = {**paged(has_more_path="more"), "name": "parents", "path": "parents"}
    del parent["schema"]
    child = stream(parent={"stream": "parents", "keys": {"of": "id"}}, params={"of": "{parent.of}"})
    del child["schema"]
    child["pagination"] = {"style": "page_number", "page_start": 0}
    run = tap.ok(api.config(parent, child, max_in_flight=most, max_retries=0))
    assert sorted(run.ids()) == list(range(7 * SIZE))
    assert both.most <= most
    assert both.most > 1 or most == 1


def test_pages_come_out_in_order(api, tap):
    """In whatever order they arrive."""
    responded = {page: threading.Event() for page in range(10)}

    def respond(seen):
        page = int(seen.query["page"])
        if page in {1, 3}:
            assert responded[page + 1].wait(20)
        responded[page].set()
        return numbered(6)(seen)

    api.routes["/items"] = respond
    run = tap.ok(api.config(paged(has_more_path="more"), max_in_flight=4))
    assert run.ids() == list(range(7 * SIZE))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(1, 5), max_size=12),
    most=st.integers(1, 8),
    style=st.sampled_from(["page_number", "offset"]),
    sized=st.booleans(),
)
def test_each_record_comes_once_whatever_is_predicted(api, tap, lengths, most, style, sized):
    starts = [sum(lengths[:n]) for n in range(len(lengths) + 1)]

    def respond(seen):
        if style == "page_number":
            page = int(seen.query["page"]) - 1
            start, length = (starts[page], lengths[page]) if page < len(lengths) else (0, 0)
        else:
            start = int(seen.query["offset"])
            length = (
                lengths[starts.index(start)] if start in starts[:-1] else min(2, starts[-1] - start)
            )
        return {"d": [{"id": n} for n in range(start, start + max(length, 0))]}

    api.routes["/items"] = respond
    paging = {"style": style, "page_size": 2, **({"page_size_param": "size"} if sized else {})}
    run = tap.ok(api.config(stream(pagination=paging), max_in_flight=most))
    assert run.ids() == list(range(starts[-1]))


def test_failed_guess_past_the_end_is_silent(api, tap):
    api.routes["/items"] = numbered(2)
    run = tap.ok(api.config(paged(has_more_path="more"), max_in_flight=8, max_retries=2))
    assert run.ids() == list(range(3 * SIZE))
    assert not run.warnings


def test_guess_past_the_end_is_requested_once(api, tap):
    api.routes["/items"] = numbered(2)
    listed = {
        **paged(has_more_path="more"),
        "partitions": {"list": [1, 2, 3, 4, 5, 6]},
        "params": {"list": "{partition.list}"},
    }
    run = tap.ok(api.config(listed, max_in_flight=4, max_retries=4))
    assert run.ids() == list(range(3 * SIZE)) * 6
    past = Counter(
        (seen.query["list"], page)
        for seen in api.requests("/items")
        if (page := int(seen.query["page"])) > 2
    )
    assert set(past.values()) <= {1}
    assert past


@pytest.mark.parametrize("failure", [429, 400, 401, 404, 500, 503, "rule"])
def test_failed_guess_is_requested_again_once_it_is_wanted(api, tap, failure):
    """Whatever a guess fails with, the page is requested anew and the run succeeds."""
    respond, asked = numbered(4), Counter()

    def failing(seen):
        page = int(seen.query["page"])
        asked[page] += 1
        if page != 3 or asked[page] > 1:
            return respond(seen)
        if failure == "rule":
            return {"error": True}
        return Reply({"e": 1}, failure, {"Retry-After": "0"})

    api.routes["/items"] = failing
    rules = [{"path": "error", "equals": True, "action": "fail"}]
    wanted = {**paged(has_more_path="more"), "response_rules": rules}
    run = tap.ok(api.config(wanted, max_in_flight=8, max_retries=0))
    assert not run.warnings
    assert run.ids() == list(range(5 * SIZE))
    assert asked[3] == 2


def test_wanted_page_has_all_its_retries_after_a_failed_guess(api, tap):
    """A page that keeps failing is requested once as a guess, then max_retries times more."""
    respond = numbered(4)
    for failures, status in ((3, 0), (4, 1)):
        asked = Counter()

        def failing(seen, asked=asked, failures=failures):
            page = int(seen.query["page"])
            asked[page] += 1
            fails = page == 3 and asked[page] <= failures
            return Reply({"e": 1}, 503, {"Retry-After": "0"}) if fails else respond(seen)

        api.routes["/items"] = failing
        run = tap(api.config(paged(has_more_path="more"), max_in_flight=8, max_retries=2))
        assert run.status == status, run.errors
        assert asked[3] == 4
        # One for each retry, and one for the stream that failed.
        assert len(run.warnings) == 2 + status
        assert run.ids() == list(range((3 if status else 5) * SIZE))


def test_short_stream_costs_few_guesses(api, tap):
    api.routes["/items"] = lambda seen: {"d": [{"id": 1}] if seen.query["page"] == "1" else []}
    run = tap(api.config(stream(pagination={"style": "page_number"}), max_in_flight=8))
    assert run.ids() == [1]
    assert len(api.requests("/items")) == 2


def test_next_page_of_a_cursor_is_fetched_while_this_one_is_emitted(api, tmp_path):
    asked = threading.Event()

    def respond(seen):
        if "after" in seen.query:
            asked.set()
            return {"d": []}
        return {"d": [{"id": n, "t": "x" * 10_000} for n in range(100)], "next": "b"}

    api.routes["/items"] = respond
    wanted = stream(pagination={"style": "cursor", "cursor_path": "next", "cursor_param": "after"})
    wanted["schema"] = {"properties": {"id": {"type": "integer"}, "t": {"type": "string"}}}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.config(wanted)))
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        # Nothing is read from the pipe, which holds less than one page.
        came = asked.wait(20)
        output, _ = process.communicate(timeout=20)
    assert came
    assert process.returncode == 0
    assert output.count(b'"type":"RECORD"') == 100


def wait_until(condition):
    """Wait for another thread; fail the test after 20 seconds."""
    ends_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.001)


def test_buffered_pages_are_bounded(api):
    """At most three for each request that may be in flight."""
    api.routes["/items"] = lambda seen: {"d": rows(int(seen.query["page"]))}
    tap = TapOAuth2Generic(config=api.config(paged(), max_in_flight=4))
    stream = tap.streams["items"]
    reader = stream.plan.slices(None)[0]
    pages = tap.prefetcher.pages(reader)
    for read in range(1, 20):
        next(pages)
        wait_until(lambda: all(response.is_done for response in reader.waiting_on()))
        assert len(api.requests("/items")) <= read + 3 * 4
    pages.close()
    tap.prefetcher.close()


@pytest.mark.parametrize("status", [429, 409])
def test_too_many_at_once_halves_the_requests_in_flight(api, tap, status):
    refusing = Together(4, lambda _: Reply({}, status, {"Retry-After": "0"}))
    counting = Counting(numbered(8))
    refused = set()

    def respond(seen):
        page = seen.query["page"]
        if page in {"1", "2", "3", "4"} - refused:
            refused.add(page)
            return refusing(seen)
        return counting(seen)

    api.routes["/items"] = respond
    run = tap.ok(api.config(paged(has_more_path="more"), max_in_flight=4, max_retries=3))
    assert run.ids() == list(range(9 * SIZE))
    assert counting.most == 2


def test_rate_limit_holds_over_threads_and_streams(api, tap):
    came = []

    def respond(seen):
        came.append(time.monotonic())
        return numbered(19)(seen)

    api.routes["/items"] = api.routes["/others"] = respond
    others = {**paged(has_more_path="more"), "name": "others", "path": "others"}
    wanted = paged(has_more_path="more")
    tap.ok(api.config(wanted, others, max_in_flight=8, requests_per_second=20))
    assert len(came) >= 40
    assert all(sum(at <= other < at + 1 for other in came) <= 30 for at in came)


def test_concurrent_401s_renew_the_token_once(api, tap):
    tokens = iter(["first-token", "second-token", "third-token"])
    api.token = lambda _: {"access_token": next(tokens), "expires_in": 3600}

    def respond(seen):
        good = seen.headers["Authorization"] == "Bearer second-token"
        return numbered(8)(seen) if good or seen.query["page"] == "0" else Reply({}, 401)

    api.routes["/items"] = respond
    run = tap.ok(api.config(paged(has_more_path="more"), max_in_flight=4))
    assert run.ids() == list(range(9 * SIZE))
    assert len(api.requests("/token")) == 2


def test_prefetching_sends_nothing_to_another_host(api, tap):
    api.serve("/items", {"d": [{"id": 1}], "next": "http://localhost:1/steal"})
    paging = {"style": "next_url", "next_url_path": "next"}
    run = tap(api.config(stream(pagination=paging), max_in_flight=8))
    assert run.status == 1
    assert run.ids() == [1]
    assert "localhost:1" in run.error_lines[-1]
