"""Bookmarks order as instants or numbers, never go back, and are written rounded down."""

from __future__ import annotations

import time
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
from tap_oauth2_generic.replication.bounds import Bound, moment
from tap_oauth2_generic.runtime.timestamps import epoch_seconds
from tap_oauth2_generic.settings.fields import ErrorCollector, read

quick = settings(deadline=None, max_examples=100)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1000, 1, 2), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001
numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
NOW = 1_700_000_000.25


def last(values, pattern="iso", previous=None):
    bookmark = Bookmark(previous, pattern)
    for value in values:
        bookmark.observe(value)
    return bookmark


@quick
@given(st.lists(times, min_size=1))
def test_the_latest_instant_is_the_bookmark(found):
    """With mixed offsets and missing fractions the latest instant is kept, as it was written."""
    bookmark = last([at.isoformat() for at in found])
    assert epoch_seconds(bookmark.value) == epoch_seconds(max(found).isoformat())
    assert bookmark.value in {at.isoformat() for at in found}


@quick
@given(st.lists(numbers, min_size=1), st.booleans())
def test_the_largest_number_is_the_bookmark(found, as_text):
    """Numbers of different lengths order by value, also where they are written as texts."""
    written = [str(number) for number in found] if as_text else found
    assert Decimal(last(written).value) == max(found)


@quick
@given(st.lists(numbers | times.map(datetime.isoformat) | st.none() | st.text()), numbers)
def test_a_bookmark_never_goes_back(values, previous):
    """Whatever the records hold, a bookmark stays or goes up, and it stays of its kind."""
    bookmark = last(values, previous=previous)
    assert moment(bookmark.value).amount >= previous
    assert not moment(bookmark.value).is_instant


def test_observing_tells_what_moved():
    """Only a higher value moves a bookmark; equal, absent and unreadable ones are told apart."""
    bookmark = Bookmark("2024-01-02", "iso")
    values = ["2024-01-02T00:00:00Z", None, "n/a", 5, True, "2024-01-02T00:00:00.001Z"]
    assert [bookmark.observe(value) for value in values] == [False] * 5 + [True]
    assert (bookmark.without, bookmark.unreadable) == (1, 3)


def test_a_pattern_orders_what_iso_does_not_know():
    """Times in the API's own pattern order as instants."""
    found = ["31/12/2023 23:00", "01/02/2024 00:00", "15/01/2024 12:00"]
    assert last(found, "%d/%m/%Y %H:%M").value == "01/02/2024 00:00"


@pytest.mark.parametrize("value", [None, True, False, "", "soon", "NaN", "inf", [], {}])
def test_what_is_neither_instant_nor_number(value):
    """Anything else has no place in an order."""
    assert moment(value) is None


def test_a_float_is_a_number():
    """A bookmark from a state that was decoded to floats is a number like any other."""
    assert moment(1.5).amount == Decimal("1.5")


@quick
@given(times, st.sampled_from(["iso", "date", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M%z", "epoch_ms"]))
def test_a_bound_is_never_rounded_up(at, pattern):
    """What a format cannot hold is cut off: the bound is at most the instant, in UTC."""
    written = Bound.of(at.isoformat(), pattern).value()
    exact = epoch_seconds(at.isoformat())
    got = Decimal(written) / 1000 if pattern == "epoch_ms" else moment(written, pattern).amount
    steps = {"iso": Decimal(0), "epoch_ms": Decimal("0.001"), "date": 86400, "%Y-%m-%d %H:%M%z": 60}
    assert got <= exact
    assert exact - got <= steps.get(pattern, 1)


@pytest.mark.parametrize(
    ("raw", "pattern", "written"),
    [
        ("2024-01-01T01:30:00.9999999+02:00", "iso", "2023-12-31T23:30:00.999999Z"),
        ("2024-01-01T00:00:00.1234567Z", "iso", "2024-01-01T00:00:00.123456Z"),
        ("2024-01-01", "iso", "2024-01-01T00:00:00Z"),
        ("2023-12-31T23:30:00-02:00", "date", "2024-01-01"),
        ("1969-12-31T23:59:59.9Z", "epoch", -1),
        ("1969-12-31T23:59:59.9999Z", "epoch_ms", -1),
        ("2024-01-01T00:00:00Z", "%d.%m.%Y %H:%M %z", "01.01.2024 00:00 +0000"),
        (1704067200, "epoch", 1704067200),
        (1704067200123, "epoch_ms", 1704067200123),
        (Decimal("17.5"), "iso", Decimal("17.5")),
        ("0017", "iso", "0017"),
        (1704067200, "date", "2024-01-01"),
        (1704067200999, "%Y-%m-%d %S", "2024-01-01 00"),
        ("soon", "iso", "soon"),
    ],
)
def test_how_a_bound_is_written(raw, pattern, written):
    """Instants are written in UTC, numbers go as they are, and what is neither is sent back."""
    assert Bound.of(raw, pattern).value() == written
    assert type(Bound.of(raw, pattern).value()) is type(written)


def test_a_hole_has_a_pattern_of_its_own():
    """``{start:%Y}`` is written in its own pattern, ``{start}`` in the stream's format."""
    bound = Bound.of("2024-01-01T00:00:00Z", "epoch")
    assert (bound.render("%Y"), bound.render("date"), bound.render("")) == (
        "2024",
        "2024-01-01",
        "1704067200",
    )


def test_a_bound_does_not_depend_on_the_machines_zone(monkeypatch):
    """Bounds are in UTC, wherever the tap runs and whatever the pattern."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert Bound.of("2024-01-01T00:00:00Z", "%s").value() == "1704067200"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_year_has_four_digits():
    """An early start date such as 0001-01-01 is written with its zeros in a pattern, too."""
    assert Bound.of("0001-01-01", "%Y-%m-%d").value() == "0001-01-01"


@pytest.mark.parametrize(
    ("raw", "pattern", "earlier"),
    [
        ("2024-01-01T00:00:10Z", "iso", "2024-01-01T00:00:00Z"),
        ("2024-01-01T02:00:10+02:00", "date", "2024-01-01"),
        (1704067210, "epoch", 1704067200),
        (1704067210000, "epoch_ms", 1704067200000),
        ("2024-01-01T00:00:10Z", "epoch_ms", 1704067200000),
        ("soon", "iso", "soon"),
    ],
)
def test_lookback_is_in_seconds_whatever_the_unit(raw, pattern, earlier):
    """Ten seconds earlier is ten seconds earlier in every format."""
    assert Bound.of(raw, pattern).earlier(10).value() == earlier
    assert Bound.of(raw, pattern).earlier(0) == Bound.of(raw, pattern)


@pytest.mark.parametrize(
    ("pattern", "value", "capped"),
    [
        ("iso", "2999-01-01T00:00:00Z", "2023-11-14T22:13:20.250000Z"),
        ("epoch", 32503680000, 1700000000),
        ("epoch_ms", 32503680000000, 1700000000250),
        ("%Y", "2999", "2023-11-14T22:13:20.250000Z"),
    ],
)
def test_a_bookmark_in_the_future_is_held_back(pattern, value, capped):
    """A time after the run began becomes that time, so that no change before it is missed."""
    bookmark = last([value], pattern)
    assert bookmark.cap(NOW, None)
    assert bookmark.value == capped
    assert not bookmark.cap(NOW, None)


def test_capping_never_goes_below_the_bookmark_before():
    """A bookmark that was in the future already stays where it was."""
    bookmark = last(["2999-06-01"], previous="2999-01-01")
    assert bookmark.cap(NOW, "2999-01-01")
    assert bookmark.value == "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("pattern", "value"), [("iso", 10**15), ("iso", "2023-11-14T22:13:20Z"), ("epoch", 5)]
)
def test_only_times_ahead_are_capped(pattern, value):
    """A number that is no time, and a time that is past, stay."""
    bookmark = last([value], pattern)
    assert not bookmark.cap(NOW, None)
    assert bookmark.value == value


def test_a_bookmark_of_another_key_does_not_count():
    """A stored bookmark counts only for the replication key it was made with."""
    state = {"replication_key": "updated", "replication_key_value": 5}
    assert stored_bookmark(state, "updated") == 5
    assert stored_bookmark(state, "created") is None
    assert stored_bookmark({"replication_key_value": 5}, "created") == 5
    assert stored_bookmark({}, "created") is None


@pytest.mark.parametrize(
    ("raw", "place"), [({"format": "isoo"}, "format"), ({"lookback": -1}, "lookback")]
)
def test_a_wrong_setting_is_one_error(raw, place):
    """A format that is neither a word nor a pattern, and a negative lookback, are refused."""
    collector = ErrorCollector()
    assert read(IncrementalSettings, raw, "", collector) is None
    assert [error.partition(":")[0] for error in collector.errors] == [place]


@pytest.mark.parametrize("pattern", ["iso", "epoch", "epoch_ms", "date", "%Y", "%s"])
@pytest.mark.parametrize("value", ["1e999999999", "-1e999999", "1e-999999999", "9" * 4000])
@pytest.mark.parametrize("read_as", [str, Decimal])
def test_a_number_beyond_all_measure_is_no_bookmark(value, read_as, pattern):
    """A number of thousands of digits costs nothing, moves no bookmark and goes as it came."""
    given = read_as(value)
    bound = Bound.of(given, pattern).earlier(5)
    assert bound.value() == given
    assert bound.render("%d.%m.%Y") == str(given)
    bookmark = Bookmark(given, pattern)
    assert not bookmark.cap(1e9, given)
    assert not bookmark.observe(given)
    assert bookmark.unreadable == 1
