"""The rate limiter, on a clock that is moved by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.rate_limit import RateLimiter, RateLimitSettings
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.stats import Waits
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tests.support.settings import valid_settings

quick = settings(max_examples=100)


class HandClock(Clock):
    """A clock that moves only during a sleep, and may call something then."""

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


def wait_for_turn(limiter, clock):
    with limiter.slot(limiter.budget("", ""), Waits(clock.monotonic)):
        pass


def send_times(rate, pauses):
    """Return when requests are sent that are made after such pauses."""
    clock = HandClock()
    limiter = RateLimiter(RateLimitSettings(requests_per_second=rate), clock)
    left = []
    for pause in pauses:
        clock.now += pause
        wait_for_turn(limiter, clock)
        left.append(clock.now)
    return left


@quick
@given(st.floats(0.5, 50), st.lists(st.floats(0, 3), min_size=2, max_size=60))
def test_any_second_has_at_most_the_limit_and_half(rate, pauses):
    left = send_times(rate, pauses)
    for start in left:
        assert sum(start <= at < start + 1 for at in left) <= max(1.5 * rate, rate + 1)


@quick
@given(st.floats(0.5, 50), st.integers(2, 50))
def test_waiting_requests_are_spaced_evenly(rate, count):
    left = send_times(rate, [0] * count)
    assert left[0] == 1000
    assert left[-1] == pytest.approx(1000 + (count - 1) / rate)


@quick
@given(st.lists(st.floats(0, 3), max_size=20))
def test_no_limit_means_no_wait(pauses):
    assert send_times(None, pauses) == pytest.approx(
        [1000 + sum(pauses[: n + 1]) for n in range(len(pauses))]
    )


def test_idle_time_allows_no_burst():
    assert send_times(2, [0, 60, 0, 0]) == [1000, 1060, 1060.5, 1061]


@pytest.mark.parametrize("rate", [None, 10])
def test_hold_delays_every_request(rate):
    """A shorter hold does not end a longer one."""
    clock = HandClock()
    limiter = RateLimiter(RateLimitSettings(requests_per_second=rate), clock)
    limiter.hold(30)
    limiter.hold(5)
    wait_for_turn(limiter, clock)
    assert clock.now == 1030


def test_hold_delays_requests_that_already_wait():
    clock = HandClock(during_sleep=lambda: limiter.hold(30))
    limiter = RateLimiter(RateLimitSettings(requests_per_second=1), clock)
    wait_for_turn(limiter, clock)
    wait_for_turn(limiter, clock)
    assert clock.now >= 1030


@pytest.mark.parametrize(("raw", "rate"), [(0.5, 0.5), ("10", 10), (None, None)])
def test_limit_is_a_positive_number(raw, rate):
    assert (
        valid_settings(RateLimitSettings, {"requests_per_second": raw}).requests_per_second == rate
    )
    collector = ErrorCollector()
    read(RateLimitSettings, {"requests_per_second": 0}, collector)
    assert collector.errors == ["requests_per_second: must be above 0, not 0"]
