"""The number of concurrent requests: halved after a 429, restored gradually."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from tap_oauth2_generic.net.rate_limit import RateLimiter, RateLimitSettings
from tap_oauth2_generic.runtime.clock import Clock, WokenError
from tap_oauth2_generic.runtime.stats import Waits
from tests.support.server import Reply

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}


class Limiter(RateLimiter):
    """A limiter of nothing but concurrency, on this machine's clock."""

    def __init__(self, max_in_flight):
        super().__init__(RateLimitSettings(max_in_flight=max_in_flight), Clock())

    def enter(self, *, alone=False):
        return self.slot(self.budget("", ""), Waits(Clock().monotonic), alone=alone)


def limit_after(in_flight, responses):
    for good in responses:
        with in_flight.enter() as slot:
            slot.status = 200 if good else 429
    return in_flight.limit


def test_limit_halves_once_for_requests_in_flight_together():
    in_flight = Limiter(8)
    with in_flight.enter() as one, in_flight.enter() as other:
        one.status = other.status = 429
    assert in_flight.limit == 4
    assert limit_after(in_flight, [False, False, False]) == 1


def test_limit_is_restored_gradually_up_to_its_maximum():
    in_flight = Limiter(4)
    assert limit_after(in_flight, [False]) == 2
    assert limit_after(in_flight, [True] * 19) == 2
    assert limit_after(in_flight, [True]) == 3
    assert limit_after(in_flight, [True] * 1000) == 4


def test_lowered_limit_holds_for_waiting_requests():
    in_flight = Limiter(4)
    began = threading.Event()

    def another():
        with in_flight.enter():
            began.set()

    with in_flight.enter():
        with in_flight.enter():
            with in_flight.enter() as slot:
                slot.status = 429
            thread = threading.Thread(target=another, daemon=True)
            thread.start()
            assert not began.wait(0.05)
        assert began.wait(10)
    thread.join(10)


def test_429_storm_halves_concurrency_and_loses_no_page(api, tap):
    refused, counting = threading.Barrier(4), threading.Lock()
    asked, under_way, most = [0], [0], [0]

    def items(seen):
        page = int(seen.query["page"])
        if page == 1:
            return {"d": [{"id": 1}], "pages": 12}
        with counting:
            asked[0] += 1
            is_first = asked[0] <= refused.parties
        if is_first:
            refused.wait(30)
            return Reply({}, 429, {"Retry-After": "0"})
        with counting:
            under_way[0] += 1
            most[0] = max(under_way[0], most[0])
        threading.Event().wait(0.05)
        with counting:
            under_way[0] -= 1
        return {"d": [{"id": page}], "pages": 12}

    api.routes["/items"] = items
    paging = {"style": "page_number", "total_pages_path": "pages"}
    schema = {"properties": {"id": {"type": "integer"}}}
    stream = {"name": "items", "path": "items", "records_path": "d", "schema": schema}
    run = tap.ok(api.config({**stream, "pagination": paging}, max_retries=1))
    assert run.ids() == list(range(1, 13))
    assert most[0] <= 2


@pytest.mark.parametrize("alone", [False, True])
def test_no_request_begins_after_the_limiter_is_closed(alone):
    """Neither one that waits for a slot, nor another one."""
    in_flight, began, refused = Limiter(1), [], []

    def take():
        try:
            with in_flight.enter(alone=alone):
                began.append(alone)
        except WokenError as error:
            refused.append(error)

    with in_flight.enter():
        threads = [threading.Thread(target=take) for _ in range(2)]
        threads[0].start()
        in_flight.close()
        threads[1].start()
        for thread in threads:
            thread.join(10)
        assert len(refused) == 2
    assert not began


def test_request_that_wants_to_be_alone_waits_for_the_others():
    """Those that come after it wait for it in turn."""
    in_flight, order = Limiter(4), []

    def take(name, *, alone):
        with in_flight.enter(alone=alone) as slot:
            order.append((name, slot.is_shared))

    with in_flight.enter() as first:
        with in_flight.enter() as second:
            alone = threading.Thread(target=take, args=["alone"], kwargs={"alone": True})
            alone.start()
            while not in_flight._alone:
                pass
            late = threading.Thread(target=take, args=["late"], kwargs={"alone": False})
            late.start()
        assert first.is_shared
        assert second.is_shared
        assert not order
    alone.join(10)
    late.join(10)
    assert order == [("alone", False), ("late", False)]


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("in_flight", [1, 4, 8])
@pytest.mark.parametrize("style", ["page_number", "offset"])
@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("refuses", ["a second request", "a page out of order"])
def test_api_that_refuses_concurrent_requests_loses_no_page(
    api, tap, paged_api, status, in_flight, style, partitions, refuses
):
    rows = [{"id": number} for number in range(60)]
    served, under_way, counting = paged_api(rows, style=style, cap=6), Counter(), threading.Lock()
    names = [f"p{number}" for number in range(partitions)]
    furthest = Counter()

    def respond(seen):
        start = served._start(seen.query, rows)
        with counting:
            under_way[""] += 1
            is_second = under_way[""] > 1
            is_early = start > furthest[seen.path] + served.cap
        try:
            if is_second if refuses == "a second request" else is_early:
                return Reply({}, status)
            threading.Event().wait(0.002)
            with counting:
                furthest[seen.path] = max(furthest[seen.path], start)
            return served.respond(seen)
        finally:
            with counting:
                under_way[""] -= 1

    api.routes |= {f"/{name}": respond for name in names}
    paging = {"page_size": 6, "page_size_param": "size"}
    wanted = served.stream(
        path="{partition.k}", partitions={"k": names}, pagination=paging, schema=SCHEMA
    )
    run = tap.ok(api.config(wanted, max_in_flight=in_flight))
    assert run.ids() == list(range(60)) * partitions
