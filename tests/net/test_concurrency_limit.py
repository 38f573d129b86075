"""The number of concurrent requests: halved after a 429, restored gradually."""

from __future__ import annotations

import threading

from tap_oauth2_generic.net.rate_limit import ConcurrencyLimit, RateLimitSettings
from tests.support.server import Reply


def limit_after(in_flight, responses):
    for good in responses:
        with in_flight.slot() as era:
            pass
        (in_flight.recover if good else lambda era=era: in_flight.halve(era))()
    return in_flight.limit


def test_limit_halves_once_for_requests_in_flight_together():
    in_flight = ConcurrencyLimit(RateLimitSettings(max_in_flight=8))
    with in_flight.slot() as one, in_flight.slot() as other:
        in_flight.halve(one)
        in_flight.halve(other)
    assert in_flight.limit == 4
    assert limit_after(in_flight, [False, False, False]) == 1


def test_limit_is_restored_gradually_up_to_its_maximum():
    in_flight = ConcurrencyLimit(RateLimitSettings(max_in_flight=4))
    assert limit_after(in_flight, [False]) == 2
    assert limit_after(in_flight, [True] * 19) == 2
    assert limit_after(in_flight, [True]) == 3
    assert limit_after(in_flight, [True] * 1000) == 4


def test_lowered_limit_holds_for_waiting_requests():
    in_flight = ConcurrencyLimit(RateLimitSettings(max_in_flight=4))
    began = threading.Event()

    def another():
        with in_flight.slot():
            began.set()

    with in_flight.slot() as era:
        with in_flight.slot():
            in_flight.halve(era)
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
