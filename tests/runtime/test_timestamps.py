"""ISO 8601 strings are read exactly, whatever their offset and fraction."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.runtime.timestamps import (
    EPOCH,
    epoch_seconds,
    is_date_time,
    read_number,
    whole_seconds,
)
from tap_oauth2_generic.settings import values
from tap_oauth2_generic.settings.paths import MISSING, DottedPath

quick = settings(max_examples=100)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001


def exact(at):
    return Decimal((at - EPOCH) // timedelta(microseconds=1)) / 10**6


@quick
@given(times, st.sampled_from("T t"))
def test_timestamp_is_read_exactly_in_any_offset(at, separator):
    """A time is the same to the microsecond in any offset."""
    assert epoch_seconds(at.isoformat(separator)) == exact(at)
    assert whole_seconds(at) == exact(at)


@quick
@given(times, times)
def test_timestamps_compare_as_times(first, second):
    """Two timestamps compare as times, never as strings."""
    assert (epoch_seconds(first.isoformat()) < epoch_seconds(second.isoformat())) == (
        first < second
    )


@pytest.mark.parametrize(
    "string",
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
def test_timestamp_has_many_spellings(string):
    """A missing offset is UTC; a missing second or fraction is zero."""
    assert epoch_seconds(string) == 1709289000
    assert is_date_time(string)


@pytest.mark.parametrize("digits", range(1, 19))
def test_every_digit_of_a_fraction_counts(digits):
    """A fraction of up to 18 digits is exact."""
    fraction = "9" * digits
    assert epoch_seconds(f"2024-03-01T10:30:00.{fraction}Z") == Decimal(f"1709289000.{fraction}")


@pytest.mark.parametrize("year", ["9999", "1600"])
def test_long_fraction_is_exact_far_from_1970(year):
    """A long fraction is as exact in the year 9999 as today."""
    whole = epoch_seconds(f"{year}-01-01T00:00:00Z")
    assert epoch_seconds(f"{year}-01-01T00:00:00.{'9' * 18}Z") < whole + 1


def test_leap_second_is_the_next_second():
    """23:59:60 is the start of the next day."""
    assert epoch_seconds("2016-12-31T23:59:60Z") == epoch_seconds("2017-01-01T00:00:00Z")


def test_date_is_its_midnight_but_no_date_time():
    """A date is read as midnight, but no timestamp column accepts it."""
    assert epoch_seconds("1970-01-02") == 86400
    assert not is_date_time("1970-01-02")


@pytest.mark.parametrize(
    "string",
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
def test_other_strings_are_none(string):
    """Any other string is None, never an error."""
    assert epoch_seconds(string) is None
    assert not is_date_time(string)


@pytest.mark.parametrize("offset", ["+99:00", "-24:00", "+02:60"])
def test_offset_of_a_day_or_more_is_none(offset):
    """An offset that no clock has is None: a timestamp column would refuse it."""
    assert not is_date_time(f"2024-01-01T10:00:00{offset}")


def test_line_break_before_the_offset_is_none():
    """Only a space may stand before an offset."""
    assert not is_date_time("2024-01-01T10:00:00\nZ")


NOT_NUMBERS = [
    "1_000",
    "\u0663\u0664\u0665",
    "1__0",
    "0x10",
    "\uff11",
    "inf",
    "NaN",
    "1e",
    ".",
    "--1",
]


@pytest.mark.parametrize("string", NOT_NUMBERS)
def test_string_of_no_decimal_number_is_none_to_every_reader(string):
    """Python's own readers take underscores and the digits of any script."""
    assert read_number(string) is None
    assert moment(string) is None
    assert DottedPath("x", (string,)).find([1, 2]) is MISSING
    with pytest.raises(ValueError, match="must be a number"):
        values.read_number(string)


@pytest.mark.parametrize("string", ["1", "-1.50", "+3", ".5", "5.", "1e3", "1E-3", " 7 "])
def test_decimal_number_in_a_string_is_read(string):
    assert read_number(string) == float(string)
    assert moment(string).amount == Decimal(string.strip()) == values.read_number(string)
