"""Bookmarks order as timestamps or numbers and never go back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.replication.bookmark import (
    Bookmark,
    IncrementalSettings,
    stored_bookmark,
)
from tap_oauth2_generic.replication.bounds import Bound, at_most, fitting_format, moment
from tap_oauth2_generic.runtime.timestamps import epoch_seconds
from tap_oauth2_generic.settings.fields import ErrorCollector, read

quick = settings(max_examples=100)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1000, 1, 2), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001
numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
ANYTHING = numbers | times.map(datetime.isoformat) | st.none() | st.text(max_size=9)
NOW = 1_700_000_000.25


def last(values, pattern="iso", previous=None):
    bookmark = Bookmark(previous, pattern)
    for value in values:
        bookmark.observe(value)
    return bookmark


@quick
@given(st.lists(times, min_size=1, max_size=8))
def test_latest_timestamp_is_the_bookmark(found):
    """It is kept as it was written."""
    bookmark = last([at.isoformat() for at in found])
    assert epoch_seconds(bookmark.value) == epoch_seconds(max(found).isoformat())
    assert bookmark.value in {at.isoformat() for at in found}


@quick
@given(st.lists(numbers, min_size=1, max_size=8), st.booleans())
def test_largest_number_is_the_bookmark(found, as_text):
    written = [str(number) for number in found] if as_text else found
    assert Decimal(last(written).value) == max(found)


@quick
@given(st.lists(ANYTHING, max_size=8), numbers)
def test_bookmark_never_goes_back(values, previous):
    bookmark = last(values, previous=previous)
    assert moment(bookmark.value).amount >= previous
    assert not moment(bookmark.value).is_instant


def test_only_a_higher_value_moves_the_bookmark():
    bookmark = Bookmark("2024-01-02", "iso")
    values = ["2024-01-02T00:00:00Z", None, "n/a", 5, True, "2024-01-02T00:00:00.001Z"]
    assert [bookmark.observe(value) for value in values] == [False] * 5 + [True]
    assert bookmark.unreadable == 4


def test_strftime_pattern_orders_timestamps():
    found = ["31/12/2023 23:00", "01/02/2024 00:00", "15/01/2024 12:00"]
    assert last(found, "%d/%m/%Y %H:%M").value == "01/02/2024 00:00"


@pytest.mark.parametrize(
    ("pattern", "value", "held"),
    [
        ("iso", "2999-01-01T00:00:00Z", "2023-11-14T22:13:20.250000Z"),
        ("iso", "2999-01-01T00:00:00.123+05:30", "2023-11-14T22:13:20.250000Z"),
        ("iso", "2999-01-01", "2023-11-14T22:13:20.250000Z"),
        ("date", "2999-01-01", "2023-11-14T22:13:20.250000Z"),
        ("date", 32503680000, 1700000000),
        ("epoch", 32503680000, 1700000000),
        ("epoch", "32503680000", "1700000000"),
        ("epoch", Decimal("32503680000.5"), 1700000000),
        ("epoch", "2999-01-01", "2023-11-14T22:13:20.250000Z"),
        ("epoch_ms", 32503680000000, 1700000000250),
        ("epoch_us", 32503680000000000, 1700000000250000),
        ("%Y", "2999", "2023-11-14T22:13:20.250000Z"),
        ("%Y%m%d", 29990101, "2023-11-14T22:13:20.250000Z"),
        ("%s%f", 32503680000000000, 1700000000250000),
        ("%s%L", "32503680000000", "1700000000250"),
    ],
)
def test_future_time_is_held_at_the_start_of_the_run(pattern, value, held):
    """Whatever the format; what is held is read as that time again."""
    assert at_most(value, Decimal(str(NOW)), pattern) == held
    assert type(at_most(value, Decimal(str(NOW)), pattern)) is type(held)
    assert at_most(held, Decimal(str(NOW)), pattern) == held
    assert 0 <= Decimal(str(NOW)) - moment(held, pattern).amount < 1


@pytest.mark.parametrize(
    ("pattern", "value"),
    [("iso", 10**15), ("iso", "9" * 20), ("iso", "2023-11-14T22:13:20Z"), ("epoch", 5)],
)
def test_only_future_times_are_held(pattern, value):
    """Under iso a number is no time."""
    assert at_most(value, Decimal(str(NOW)), pattern) == value


@pytest.mark.parametrize(
    ("value", "pattern", "fitting"),
    [
        (1_700_000_000_000, "epoch", "epoch_ms"),
        (1_700_000_000_000_000, "epoch", "epoch_us"),
        ("1700000000000000", "epoch_ms", "epoch_us"),
        (1_700_000_000, "epoch", None),
        (253_402_300_799, "epoch", None),
        (10**30, "epoch", None),
        (1_700_000_000_000, "iso", None),
        ("soon", "epoch", None),
    ],
)
def test_number_that_is_no_time_in_its_unit_moves_no_bookmark(value, pattern, fitting):
    """The format it fits is known; the last second of the year 9999 is a time."""
    assert fitting_format(value, pattern) == fitting
    bookmark = Bookmark(None, pattern)
    is_unit_wrong = pattern != "iso" and value not in {1_700_000_000, 253_402_300_799}
    assert bookmark.observe(value) == (not is_unit_wrong)


def test_bookmark_of_another_key_is_ignored():
    state = {"replication_key": "updated", "replication_key_value": 5}
    assert stored_bookmark(state, "updated") == 5
    assert stored_bookmark(state, "created") is None
    assert stored_bookmark({"replication_key_value": 5}, "created") == 5
    assert stored_bookmark({}, "created") is None


@pytest.mark.parametrize(
    ("raw", "place"), [({"format": "isoo"}, "format"), ({"lookback": -1}, "lookback")]
)
def test_wrong_setting_is_one_error(raw, place):
    collector = ErrorCollector()
    read(IncrementalSettings, raw, collector)
    assert [error.partition(":")[0] for error in collector.errors] == [place]


@pytest.mark.parametrize("pattern", ["iso", "epoch", "epoch_ms", "date", "%Y", "%s"])
@pytest.mark.parametrize("value", ["1e999999999", "-1e999999", "1e-999999999", "9" * 4000])
@pytest.mark.parametrize("read_as", [str, Decimal])
def test_huge_number_moves_no_bookmark(value, read_as, pattern):
    """It costs no time and is sent unchanged."""
    given = read_as(value)
    bound = Bound.of(given, pattern).earlier(5)
    assert bound.render() == given
    assert bound.render("%d.%m.%Y") == given
    bookmark = Bookmark(given, pattern)
    assert at_most(given, Decimal(10**9), pattern) == given
    assert not bookmark.observe(given)
    assert bookmark.unreadable == 1
