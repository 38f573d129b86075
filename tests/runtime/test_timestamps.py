"""Instants: ISO 8601 texts read exactly, whatever their offset and fraction."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.runtime.timestamps import EPOCH, epoch_seconds, is_date_time, whole_seconds

quick = settings(deadline=None, max_examples=100)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001


def exact(at):
    return Decimal((at - EPOCH) // timedelta(microseconds=1)) / 10**6


@quick
@given(times, st.sampled_from("T t"))
def test_an_instant_is_read_exactly_in_any_offset(at, separator):
    """Whatever offset a time is written in, it is the same instant to the microsecond."""
    assert epoch_seconds(at.isoformat(separator)) == exact(at)
    assert whole_seconds(at) == exact(at)


@quick
@given(times, times)
def test_texts_order_as_their_instants(first, second):
    """Two texts compare as the instants they name, never as texts."""
    assert (epoch_seconds(first.isoformat()) < epoch_seconds(second.isoformat())) == (
        first < second
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01T10:30:00Z",
        "2024-03-01T10:30:00",
        "2024-03-01T10:30Z",
        "2024-03-01 10:30:00 Z",
        "2024-03-01t10:30:00z",
        "2024-03-01T12:30:00+02:00",
        "2024-03-01T12:30:00+0200",
        "2024-03-01T12:30:00+02",
        "2024-03-01 07:00:00 -0330",
        "2024-03-01T10:30:00.000Z",
        "2024-03-01T10:30:00,000000000Z",
    ],
)
def test_one_instant_has_many_spellings(text):
    """A missing offset is UTC, a missing second or fraction is zero."""
    assert epoch_seconds(text) == 1709289000
    assert is_date_time(text)


@pytest.mark.parametrize("digits", range(1, 19))
def test_every_digit_of_a_fraction_counts(digits):
    """A fraction of up to 18 digits is kept whole."""
    fraction = "9" * digits
    assert epoch_seconds(f"2024-03-01T10:30:00.{fraction}Z") == Decimal(f"1709289000.{fraction}")


@pytest.mark.parametrize("year", ["9999", "1600"])
def test_a_long_fraction_is_exact_far_from_1970(year):
    """A long fraction is as exact in the year 9999 as it is today."""
    whole = epoch_seconds(f"{year}-01-01T00:00:00Z")
    assert epoch_seconds(f"{year}-01-01T00:00:00.{'9' * 18}Z") < whole + 1


def test_a_leap_second_is_the_second_after():
    """23:59:60 is the instant at which the next day begins."""
    assert epoch_seconds("2016-12-31T23:59:60Z") == epoch_seconds("2017-01-01T00:00:00Z")


def test_a_date_is_its_midnight_and_no_date_time():
    """A date without a time of day is an instant, but no timestamp column takes it."""
    assert epoch_seconds("1970-01-02") == 86400
    assert not is_date_time("1970-01-02")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "2024",
        "2024-01",
        "20240101",
        "2024-02-30",
        "2024-13-01",
        "0000-01-01",
        "2024-01-01T",
        "2024-01-01T25:00",
        "2024-01-01T10:60",
        "2024-01-01T10:00:61",
        "1700000000",
        "2024-01-01T10:00:00.Z",
        "2024-01-01T10:00:00 CET",
        "2024-01-01Z",
        "x2024-01-01",
        "2024-01-01T10:00:00+2",
        "2024-01-01T10:00:00Z ",
        "٢024-01-01",
        "2024-01-01T10:00:00ZZ",
    ],
)
def test_what_is_no_instant_is_none(text):
    """Anything else is no instant, and never an error."""
    assert epoch_seconds(text) is None
    assert not is_date_time(text)


@pytest.mark.parametrize("offset", ["+99:00", "-24:00", "+02:60"])
def test_an_offset_is_less_than_a_day(offset):
    """An offset that no clock has is no instant: a timestamp column would refuse it."""
    assert not is_date_time(f"2024-01-01T10:00:00{offset}")


def test_a_line_break_is_no_part_of_an_instant():
    """Only a plain blank may stand before an offset."""
    assert not is_date_time("2024-01-01T10:00:00\nZ")
