"""What to do about a status, and waits before a retry."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.net.retry import (
    ResilienceSettings,
    Verdict,
    bounded_wait,
    decide,
)

quick = settings(max_examples=100)
NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 UTC
DEFAULT = ResilienceSettings()


def wait(value, header="Retry-After", status=503, form="auto"):
    named = ResilienceSettings(rate_limit_header=header, rate_limit_format=form)
    return decide(status, CaseInsensitiveDict({header: value}), named, NOW).wait_seconds


@pytest.mark.parametrize(
    ("statuses", "action"),
    [
        ([200, 201, 204, 299], "ok"),
        ([401], "refresh"),
        ([408, 425, 429, 500, 502, 503, 504], "retry"),
        ([304], "end"),
        ([100, 300, 400, 403, 404, 410, 422, 501, 505], "fail"),
    ],
)
def test_status_has_one_meaning(statuses, action):
    for status in statuses:
        assert decide(status, {}, DEFAULT, NOW) == decide(status, {}, DEFAULT, NOW)
        assert decide(status, {}, DEFAULT, NOW).action == action


def test_retry_statuses_decide_except_for_401():
    own = ResilienceSettings(retry_statuses=frozenset({404, 401}))
    actions = [decide(status, {}, own, NOW).action for status in (404, 503, 401)]
    assert actions == ["retry", "fail", "refresh"]


def test_only_429_holds_all_requests():
    assert decide(429, {}, DEFAULT, NOW).holds_all
    assert not decide(503, {"Retry-After": "5"}, DEFAULT, NOW).holds_all


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("0.5", 0.5),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
        ("1994-11-06T08:50:37Z", 60),
        ("1994-11-06T09:50:37+01:00", 60),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """In the spellings of RFC 9110 and ISO 8601."""
    assert wait(value) == seconds


ZONE = "parsedate_to_datetime gives a time without zone, read in that of the machine"


@pytest.mark.parametrize("value", ["Sun Nov  6 08:50:37 1994", "Sun, 06 Nov 1994 08:50:37 -0000"])
def test_date_without_a_zone_is_utc(value, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert wait(value) == 60
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-inf", "1e300", "7;x", "99/99/99"])
def test_unreadable_header_leaves_the_backoff(value):
    assert wait(value) is None
    assert wait(value, "X-Reset", 429) is None


@pytest.mark.parametrize(
    ("form", "value", "seconds"),
    [
        ("auto", "30", 30),
        ("auto", str(int(NOW) + 30), 30),
        ("auto", str((int(NOW) + 30) * 1000), 30),
        ("auto", "Sun, 06 Nov 1994 08:50:07 GMT", 30),
        ("seconds", str(int(NOW) + 30), int(NOW) + 30),
        ("milliseconds", "30000", 30),
        ("epoch", str(int(NOW) + 30), 30),
        ("epoch", str(int(NOW) - 30), -30),
        ("date", "Sun, 06 Nov 1994 08:50:07 GMT", 30),
        ("date", "30", None),
        ("seconds", "Sun, 06 Nov 1994 08:50:07 GMT", None),
    ],
)
def test_rate_limit_header_is_read_in_each_format(form, value, seconds):
    assert wait(value, "X-Reset", 429, form) == seconds


def test_retry_after_wins_over_the_rate_limit_header():
    """The other header counts for 429 only."""
    headers = {"Retry-After": "5", "X-RateLimit-Reset": "99"}
    assert decide(429, headers, DEFAULT, NOW).wait_seconds == 5
    assert decide(429, {"X-RateLimit-Reset": "99"}, DEFAULT, NOW).wait_seconds == 99
    assert decide(500, {"X-RateLimit-Reset": "99"}, DEFAULT, NOW).wait_seconds is None


@quick
@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(timezone.utc)))  # noqa: DTZ001
def test_http_date_is_read_exactly(at):
    at = at.replace(microsecond=0)
    assert wait(format_datetime(at, usegmt=True)) == at.timestamp() - NOW


@quick
@given(
    st.none() | st.floats(-1e18, 1e18),
    st.integers(1, 10_000),
    st.floats(0, 1e6),
    st.floats(0, 1),
)
def test_wait_is_between_zero_and_max_wait(asked, attempt, most, random):
    bounds = ResilienceSettings(max_wait=most)
    verdict = Verdict("retry", asked)
    seconds = bounded_wait(verdict, attempt, bounds, random)
    assert 0 <= seconds <= most
    assert seconds == bounded_wait(verdict, attempt, bounds, random)


def test_backoff_doubles_with_full_jitter():
    longest = [bounded_wait(Verdict("retry"), attempt, DEFAULT, 1.0) for attempt in range(1, 11)]
    assert longest == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert [bounded_wait(Verdict("retry"), 4, DEFAULT, chance) for chance in (0.0, 0.25, 0.5)] == [
        0,
        2,
        4,
    ]
