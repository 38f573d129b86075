"""How many requests may be under way: halved when it is too much, regained slowly."""

from __future__ import annotations

import threading

from tap_oauth2_generic.net.rate_limit import ConcurrencyLimit, RateLimitSettings
from tests.support.server import Reply


def limit_after(in_flight, answers):
    for good in answers:
        with in_flight.slot() as era:
            pass
        (in_flight.recover if good else lambda era=era: in_flight.halve(era))()
    return in_flight.limit


def test_the_number_halves_once_for_those_that_were_under_way_together():
    """Eight requests refused together halve the number once, not three times."""
    in_flight = ConcurrencyLimit(RateLimitSettings(max_in_flight=8))
    with in_flight.slot() as one, in_flight.slot() as other:
        in_flight.halve(one)
        in_flight.halve(other)
    assert in_flight.limit == 4
    assert limit_after(in_flight, [False, False, False]) == 1


def test_the_number_is_regained_slowly_and_never_exceeded():
    """Each place takes many good answers, and no more places come than there were."""
    in_flight = ConcurrencyLimit(RateLimitSettings(max_in_flight=4))
    assert limit_after(in_flight, [False]) == 2
    assert limit_after(in_flight, [True] * 19) == 2
    assert limit_after(in_flight, [True]) == 3
    assert limit_after(in_flight, [True] * 1000) == 4


def test_a_lowered_number_holds_for_those_that_wait():
    """After a refusal no request begins until fewer than the lowered number are under way."""
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


def test_a_storm_of_429_is_weathered_with_fewer_requests_at_once(api, tap):
    """Where all that are under way are refused, half as many go on, and each page comes once."""
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
    run = tap(api.config({**stream, "pagination": paging}, max_retries=1))
    assert run.status == 0, run.errors
    assert [record["id"] for record in run.records("items")] == list(range(1, 13))
    assert most[0] <= 2
