"""Bounds: values that order as timestamps or numbers, written rounded down."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.replication.bounds import Bound, moment
from tap_oauth2_generic.runtime.timestamps import epoch_seconds

quick = settings(max_examples=100)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1000, 1, 2), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001


@pytest.mark.parametrize("value", [None, True, False, "", "soon", "NaN", "inf", [], {}])
def test_other_values_are_not_comparable(value):
    assert moment(value) is None


def test_deep_value_is_not_comparable():
    value = []
    for _ in range(100_000):
        value = [value]
    assert moment(value, "%Y") is None


def test_float_is_a_number():
    assert moment(1.5).amount == Decimal("1.5")


@quick
@given(times, st.sampled_from(["iso", "date", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M%z", "epoch_ms"]))
def test_bound_is_never_rounded_up(at, pattern):
    written = Bound.of(at.isoformat(), pattern).render()
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
def test_bound_is_written_in_its_format(raw, pattern, written):
    """Timestamps are written in UTC; any other value is sent unchanged."""
    assert Bound.of(raw, pattern).render() == written
    assert type(Bound.of(raw, pattern).render()) is type(written)


def test_placeholder_may_have_its_own_format():
    bound = Bound.of("2024-01-01T00:00:00Z", "epoch")
    assert (bound.render("%Y"), bound.render("date"), bound.render("")) == (
        "2024",
        "2024-01-01",
        1704067200,
    )


def test_bound_does_not_depend_on_the_local_zone(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert Bound.of("2024-01-01T00:00:00Z", "%s").render() == "1704067200"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_year_has_four_digits():
    assert Bound.of("0001-01-01", "%Y-%m-%d").render() == "0001-01-01"


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
def test_lookback_is_in_seconds_in_every_format(raw, pattern, earlier):
    assert Bound.of(raw, pattern).earlier(10).render() == earlier
    assert Bound.of(raw, pattern).earlier(0) == Bound.of(raw, pattern)


@pytest.mark.parametrize("values", [["2024-01-02T00:00:00Z", "soon", None, 5], ["soon"], [None]])
def test_value_that_does_not_compare_is_neither_older_nor_later(values):
    found = Bound.of("2024-01-01T00:00:00Z", "iso").compare(values)
    assert found == [1 if value == "2024-01-02T00:00:00Z" else 0 for value in values]


@pytest.mark.parametrize(
    ("pattern", "written", "older"),
    [
        ("iso", "2024-01-01T23:59:59Z", True),
        ("%Y-%m-%dT%H:%M:%S", "2024-01-01T23:59:59Z", False),
        ("%Y-%m-%dT%H:%M:%S", "2023-12-31T23:59:59Z", True),
    ],
)
def test_bound_without_an_offset_may_be_of_any_time_zone(pattern, written, older):
    bound = Bound.of("2024-01-02T00:00:00Z", pattern)
    assert (bound.sent_before([written]) == written) is older


@pytest.mark.parametrize("number", [1704067200, 1704067200000])
def test_number_is_written_as_the_time_that_a_placeholder_names(number):
    assert Bound.of(number, "iso").render("%Y-%m-%d") == "2024-01-01"
    assert Bound.of(number, "iso").render() == number
