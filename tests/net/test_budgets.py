"""Budgets by path, and what the API says is left of them."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.budgets import BudgetSettings
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.rate_limit import RateLimiter, RateLimitSettings, Slot
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.runtime.stats import Waits
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tests.support.clocks import SleepingClock
from tests.support.server import Reply
from tests.support.settings import valid_config, valid_settings

BASE = "https://api.example/v2"
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}
NONE_LEFT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "40"}


def budget(path, requests=5, per_seconds=60, **others):
    return {"path": path, "requests": requests, "per_seconds": per_seconds, **others}


def limiter_of(*budgets, **others):
    found = valid_settings(RateLimitSettings, {"rate_limits": [*budgets], **others})
    return RateLimiter(found, SleepingClock())


class Arrivals:
    """Requests of many threads that arrive and last as told, on a clock moved by hand."""

    def __init__(self, limiter, requests):
        self.limiter, self.clock = limiter, limiter._clock
        start = self.clock.now
        self.coming = sorted((start + at, lasts) for at, lasts in requests)
        self.waiting, self.under_way, self.sent = [], [], []

    def run(self):
        """Return when each request was sent and had its response, in the order of sending."""
        while self.coming or self.waiting or self.under_way:
            self._end()
            while self.coming and self.coming[0][0] <= self.clock.now:
                budget = self.limiter.budget(f"{BASE}/reports/1", BASE)
                self.waiting.append((Slot(budget), self.coming.pop(0)[1]))
            waits = self._send()
            times = [one[0] for one in (*self.coming[:1], *self.under_way)] + waits
            self.clock.now = max(min(times, default=0), self.clock.now)
        return self.sent

    def _end(self):
        for one in [one for one in self.under_way if one[0] <= self.clock.now]:
            self.under_way.remove(one)
            self.limiter._leave(one[1], alone=False)

    def _send(self):
        waits = []
        for one in [*self.waiting]:
            slot, lasts = one
            wait, _ = self.limiter._enter(slot, alone=False)
            if wait > 0:
                waits.append(self.clock.now + wait)
                continue
            self.waiting.remove(one)
            end = self.clock.now + lasts
            self.under_way.append((end, slot))
            self.sent.append((self.clock.now, end))
        return waits


REQUESTS = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 2)), min_size=1, max_size=40)


@settings(max_examples=100)
@given(REQUESTS, st.integers(1, 6), st.floats(0.1, 3))
def test_no_window_has_more_requests_than_its_budget(requests, most, window):
    """Wherever between sending and response the API counts each of them."""
    limiter = limiter_of(budget("reports/*", most, window), max_in_flight=50)
    sent = Arrivals(limiter, requests).run()
    assert len(sent) == len(requests)
    for number, (at, _) in enumerate(sent):
        assert sum(end > at - window + 1e-6 for _, end in sent[:number]) < most


@settings(max_examples=100)
@given(REQUESTS, st.integers(1, 6), st.floats(0.1, 3))
def test_budget_is_used_whole(requests, most, window):
    """If responses take no time, each request leaves as soon as the window allows it."""
    limiter = limiter_of(budget("reports/*", most, window), max_in_flight=50)
    sent = [at for at, _ in Arrivals(limiter, [(at, 0) for at, _ in requests]).run()]
    expected = []
    for at, _ in sorted(requests):
        earliest = expected[-most] + window if len(expected) >= most else 0
        expected.append(max(limiter_start() + at, earliest))
    assert sent == pytest.approx(expected, abs=1e-4)


def limiter_start():
    return SleepingClock().now


@pytest.mark.parametrize(
    ("url", "glob"),
    [
        (f"{BASE}/reports/1", "reports/*"),
        (f"{BASE}/reports/1/rows?search=1", "reports/*"),
        (f"{BASE}/reports", "report*"),
        (f"{BASE}/search", "/search"),
        (f"{BASE}/a%20b/c", "a b/?"),
        ("https://api.example/v1/old", "v1/*"),
        (f"{BASE}/searches", "*"),
        (f"{BASE}/Search", "*"),
        (BASE, "*"),
        ("https://files.example/export.csv", "*"),
    ],
)
def test_first_budget_that_fits_the_path_counts(url, glob):
    """``*`` crosses a slash; the path is relative to ``base_url``, without its query."""
    globs = ["reports/*", "report*", "/search", "a b/?", "v1/*", "*"]
    found = limiter_of(*(budget(one) for one in globs)).budget(url, f"{BASE}/")
    assert found.settings.path == glob


def test_paths_of_no_budget_are_not_limited():
    limiter = limiter_of(budget("reports/*", 1))
    requests = [limiter.budget(f"{BASE}/users/{number}", BASE) for number in range(100)]
    assert {limiter._enter(Slot(one), alone=False)[0] for one in requests[:4]} == {0}
    assert len({id(one) for one in requests}) == 1


def test_request_that_waits_for_its_budget_takes_no_place_in_flight():
    limiter = limiter_of(budget("reports", 1), max_in_flight=1)
    reports, others = (limiter.budget(f"{BASE}/{path}", BASE) for path in ("reports", "users"))
    clock, entered = limiter._clock, []

    class SendsMeanwhile(SleepingClock):
        def sleep(self, seconds):
            with limiter.slot(others, Waits(clock.time)):
                entered.append(seconds)
            clock.sleep(seconds)

        def monotonic(self):
            return clock.now

    limiter._clock = SendsMeanwhile()
    for _ in range(2):
        with limiter.slot(reports, Waits(clock.time)):
            pass
    assert entered == [60]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"path": "a"}, "rate_limits[0]: setting 'requests' is required"),
        (budget("a", 0), "rate_limits[0].requests: must be at least 1, not 0"),
        (budget("a", 1.5), "rate_limits[0].requests: must be a whole number, not 1.5"),
        (budget("a", 1, 0), "rate_limits[0].per_seconds: must be above 0, not 0"),
        (budget("a", period=1), "rate_limits[0]: unknown setting 'period'"),
    ],
)
def test_mistake_in_a_budget_is_named(entry, error):
    collector = ErrorCollector()
    read(RateLimitSettings, {"rate_limits": [entry]}, collector)
    assert error in collector.errors


@pytest.mark.parametrize(
    ("shares", "requests", "seconds"), [(1, 5, 60), (2, 2, 60), (5, 1, 60), (10, 1, 120)]
)
def test_shares_of_a_budget_are_no_more_than_the_whole(shares, requests, seconds):
    whole = valid_settings(BudgetSettings, budget("reports/*"))
    assert whole.divide(shares) == budget("reports/*", requests, seconds, remaining_header=None)


@pytest.fixture
def fetch(api, clock):
    """Fetch paths in order; return the seconds until each response, and the waits."""

    def send(*paths, **settings):
        config = valid_config(api.config({"name": "items", "path": "items"}, **settings))
        session, start = Session.of(config, clock, lambda: None), clock.now
        stats, times = session.progress.stats("items"), []
        policy = RequestPolicy(config.rules.response_rules, json.loads, stats=stats)
        for path in paths:
            request = Request("GET", f"{api.url}/{path}", base_url=api.url)
            session.api_client.fetch(lambda request=request: request, policy)
            times.append(clock.now - start)
        return times, stats.waits.seconds()

    return send


@pytest.mark.parametrize("status", [200, 404])
def test_no_requests_left_holds_the_next_request_until_the_reset(api, fetch, status):
    """The summary says what was waited for; a token request is not held."""
    rules = [{"status": 404, "action": "ignore"}]
    api.serve("/items", Reply([], status, NONE_LEFT), [])
    times, waits = fetch("items", "items", "items", response_rules=rules)
    assert times == pytest.approx([0, 40, 40])
    assert waits == pytest.approx({"remaining": 40})


def test_no_requests_left_holds_only_their_budget(api, fetch):
    """Paths without a budget share one."""
    for path in ("/reports/1", "/search", "/users", "/teams"):
        api.serve(path, Reply([], 200, NONE_LEFT if path != "/teams" else {}))
    limits = [budget("reports/*"), budget("search", remaining_header="X-Left")]
    paths = ("reports/1", "search", "users", "teams")
    assert fetch(*paths, rate_limits=limits)[0] == pytest.approx([0, 0, 0, 40])


def test_named_header_counts_for_all_paths_or_those_of_a_budget(api, fetch):
    own, others = {"X-Own": "0", "X-RateLimit-Reset": "9"}, {"X-All": "0", "X-RateLimit-Reset": "5"}
    api.serve("/search", Reply([], 200, own))
    api.serve("/users", Reply([], 200, others))
    limits = [budget("search", remaining_header="X-Own")]
    times, _ = fetch("search", "search", "users", "users", rate_limits=limits,
                     remaining_header="X-All")  # fmt: skip
    assert times == pytest.approx([0, 9, 9, 14])


def test_retry_counts_and_a_token_request_does_not(api, fetch):
    """A retry is one more request of the budget; so is the one after a renewed token."""
    down = Reply({}, 503, {"Retry-After": "1"})
    api.serve("/reports/1", down, Reply({}, 401), [], [])
    limits = [budget("*", 3, 60)]
    times, waits = fetch("reports/1", "reports/1", rate_limits=limits, max_retries=1)
    assert times == pytest.approx([1, 60])
    assert waits == pytest.approx({"retry": 1, "rate_limits": 59})
    assert len(api.requests("/token")) == 2


class LimitedApi:
    """Pages behind a limit of ``most`` requests in a fixed window, which says what is left."""

    def __init__(self, headers, *, most=6, window=0.4):
        self.headers, self.most, self.window = headers, most, window
        self.refused, self.left, self.ends = 0, 0, 0.0
        self._lock = threading.Lock()

    def respond(self, seen):
        with self._lock:
            now = time.monotonic()
            if now >= self.ends:
                self.left, self.ends = self.most, now + self.window
            if not self.left:
                self.refused += 1
                return Reply({}, 429)
            self.left -= 1
            told = self.headers(self.left, self.ends - now)
        page = int(seen.query["page"])
        return Reply({"d": [{"id": page}], "pages": 20}, 200, told)


class LeakyApi(LimitedApi):
    """Like Shopify: the bucket empties in 20 s, here from full to ``most`` below."""

    def __init__(self, size=200, most=10):
        super().__init__(None)
        self.size, self.level, self.at = size, float(size - most), time.monotonic()

    def respond(self, seen):
        with self._lock:
            now = time.monotonic()
            self.level, self.at = self.level - (now - self.at) * self.size / 20, now
            if self.level + 1 > self.size:
                self.refused += 1
                return Reply({}, 429)
            self.level += 1
            told = {"X-Shopify-Shop-Api-Call-Limit": f"{math.ceil(self.level)}/{self.size}"}
        page = int(seen.query["page"])
        return Reply({"d": [{"id": page}], "pages": 20}, 200, told)


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize(
    "headers",
    [
        lambda left, ends: {"X-RateLimit-Remaining": f"{left}", "X-RateLimit-Reset": f"{ends}"},
        lambda left, ends: {"RateLimit-Remaining": f"{left}", "RateLimit-Reset": f"{ends}"},
        lambda left, ends: {"RateLimit": f'"default";r={left};t={ends}'},
        lambda left, ends: {"RateLimit": f"limit=6, remaining={left}, reset={ends}"},
        lambda left, _: {"X-HubSpot-RateLimit-Remaining": f"{left}",
                         "X-HubSpot-RateLimit-Interval-Milliseconds": "400"},
        None,
    ],
    ids=["X-", "RateLimit-", "list", "draft", "HubSpot", "Shopify"],
)  # fmt: skip
def test_api_that_reports_what_is_left_never_returns_429(api, tap, headers, in_flight):
    """However many requests are in flight."""
    limited = LimitedApi(headers) if headers else LeakyApi()
    api.routes["/items"] = limited.respond
    paging = {"style": "page_number", "total_pages_path": "pages"}
    stream = {"name": "items", "path": "items", "records_path": "d", "schema": SCHEMA}
    run = tap.ok(api.config({**stream, "pagination": paging}, max_in_flight=in_flight))
    assert run.ids() == list(range(1, 21))
    assert limited.refused == 0
    assert "s (remaining)" in run.errors


def test_budgets_of_one_api_are_held_apart(api, tap):
    """As the server counts the arrivals; a stream goes on while another budget is used up."""
    times, counting = defaultdict(list), threading.Lock()

    def respond(seen):
        with counting:
            times[seen.path.split("/")[1]].append(time.monotonic())
        rows = [{"id": number} for number in range(12 if seen.path == "/core" else 1)]
        page = int(seen.query.get("page", 1))
        return {"d": rows, "next": page + 1 if page < 3 and "search" in seen.path else None}

    paths = [f"/{name}/{number}" for name in ("reports", "search") for number in range(12)]
    api.routes |= dict.fromkeys(["/core", *paths], respond)
    shared = {"records_path": "d", "schema": SCHEMA, "pagination": {
        "style": "cursor", "cursor_path": "next", "cursor_param": "page"
    }}  # fmt: skip
    parent = {"stream": "core", "keys": {"core_id": "id"}}
    children = [
        {"name": name, "path": f"{name}/{{parent.core_id}}", "parent": parent, **shared}
        for name in ("reports", "search")
    ]
    limits = {"reports": (5, 1.0), "search": (8, 0.1), "core": (10, 0.2)}
    rate_limits = [budget(f"{name}*", *limit) for name, limit in limits.items()]
    run = tap.ok(
        api.config({"name": "core", "path": "core", **shared}, *children, rate_limits=rate_limits)
    )
    counts = {name: len(found) for name, found in times.items()}
    assert counts == {"core": 1, "reports": 12, "search": 36}
    for name, (most, window) in limits.items():
        for first, later in zip(times[name], times[name][most:], strict=False):
            assert later - first >= window, name
    # The searches of the first five did not wait until the reports went on.
    assert sum(at < times["reports"][5] for at in times["search"]) >= 15
    assert "s (rate_limits)" in run.errors
