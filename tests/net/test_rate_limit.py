"""The pace of requests, on a clock that is moved by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.rate_limit import RateLimiter, RateLimitSettings
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.settings.fields import ErrorCollector, read

quick = settings(deadline=None, max_examples=100)


class HandClock(Clock):
    """A clock that goes on only when someone sleeps, and may be told to do something then."""

    def __init__(self, during_sleep=None):
        self.now = 1000.0
        self.during_sleep = during_sleep

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds
        if self.during_sleep:
            act, self.during_sleep = self.during_sleep, None
            act()


def turns(rate, pauses):
    """Give the times at which requests leave that come after such pauses."""
    clock = HandClock()
    pace = RateLimiter(RateLimitSettings(requests_per_second=rate), clock)
    left = []
    for pause in pauses:
        clock.now += pause
        pace.wait_for_turn()
        left.append(clock.now)
    return left


@quick
@given(st.floats(0.5, 50), st.lists(st.floats(0, 3), min_size=2, max_size=60))
def test_no_second_has_more_requests_than_allowed(rate, pauses):
    """However requests come, any one second has at most the ceiling and half of it again."""
    left = turns(rate, pauses)
    for start in left:
        assert sum(start <= at < start + 1 for at in left) <= max(1.5 * rate, rate + 1)


@quick
@given(st.floats(0.5, 50), st.integers(2, 50))
def test_requests_that_wait_leave_evenly(rate, count):
    """Requests that come all at once leave one after the other at the ceiling, none later."""
    left = turns(rate, [0] * count)
    assert left[0] == 1000
    assert left[-1] == pytest.approx(1000 + (count - 1) / rate)


@quick
@given(st.lists(st.floats(0, 3), max_size=20))
def test_without_a_ceiling_nothing_waits(pauses):
    """Without ``requests_per_second`` a request leaves when it comes."""
    assert turns(None, pauses) == pytest.approx(
        [1000 + sum(pauses[: n + 1]) for n in range(len(pauses))]
    )


def test_idle_time_is_not_saved_up():
    """After a pause the next requests are as far apart as ever."""
    assert turns(2, [0, 60, 0, 0]) == [1000, 1060, 1060.5, 1061]


@pytest.mark.parametrize("rate", [None, 10])
def test_a_hold_holds_every_request(rate):
    """After a hold nothing leaves until it is over, and a shorter hold does not end it."""
    clock = HandClock()
    pace = RateLimiter(RateLimitSettings(requests_per_second=rate), clock)
    pace.hold(30)
    pace.hold(5)
    pace.wait_for_turn()
    assert clock.now == 1030


def test_a_hold_holds_those_that_already_wait():
    """A request that waits for its turn when a hold begins waits for its end, too."""
    clock = HandClock(during_sleep=lambda: pace.hold(30))
    pace = RateLimiter(RateLimitSettings(requests_per_second=1), clock)
    pace.wait_for_turn()
    pace.wait_for_turn()
    assert clock.now >= 1030


@pytest.mark.parametrize(("raw", "rate"), [(0.5, 0.5), ("10", 10), (None, None)])
def test_the_ceiling_is_a_positive_number(raw, rate):
    """The ceiling may be a fraction and must be above zero."""
    assert (
        read(
            RateLimitSettings, {"requests_per_second": raw}, "", ErrorCollector()
        ).requests_per_second
        == rate
    )
    collector = ErrorCollector()
    read(RateLimitSettings, {"requests_per_second": 0}, "", collector)
    assert collector.errors == ["requests_per_second: must be above 0, not 0"]
