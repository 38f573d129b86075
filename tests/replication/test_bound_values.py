"""Values at the edges of what is a time or a number, and bounds made of them."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from tap_oauth2_generic.replication.bounds import Bound, Moment, at_most, moment
from tap_oauth2_generic.replication.key_format import TimeFormat, zone_named

DAY = "2024-01-02T00:00:00Z"
FIRST, LAST = -62_135_596_800, 253_402_300_799
BERLIN = TimeFormat("%Y-%m-%d %H:%M", "", zone_named("Europe/Berlin"))


@pytest.mark.parametrize(
    ("value", "pattern", "scale"),
    [
        (10**11, "date", 1),
        (10**11 + 1, "date", 1000),
        (-(10**11) - 1, "date", 1000),
        (10**14, "date", 1000),
        (10**14 + 1, "date", 10**6),
        (10**17, "date", 10**6),
        (10**17 + 1, "date", None),
        (FIRST, "epoch", 1),
        (FIRST - 1, "epoch", None),
        (FIRST * 1000, "epoch_ms", 1000),
        (FIRST * 1000 - 1, "epoch_ms", None),
        (LAST, "epoch", 1),
        (LAST + 1, "epoch", None),
        (LAST * 10**6, "epoch_us", 10**6),
        (LAST * 10**6 + 1, "epoch_us", None),
        (" 5 ", "epoch", 1),
    ],
)
def test_number_is_a_time_of_the_calendar_in_its_unit(value, pattern, scale):
    """Without a unit in the format, its size tells the unit."""
    expected = scale and Moment(Decimal(str(value).strip()) / scale, is_instant=True, scale=scale)
    assert moment(value, pattern) == expected


@pytest.mark.parametrize("exponent", [400, -400])
def test_number_has_four_hundred_digits_at_most(exponent):
    assert moment(f"1e{exponent}") == Moment(Decimal(f"1e{exponent}"), is_instant=False)
    longer = exponent + (1 if exponent > 0 else -1)
    assert moment(f"1e{longer}") is None


@pytest.mark.parametrize("value", [Decimal("1.5"), 1.5, "1.5", " 1.5 "])
def test_number_under_iso_is_no_time(value):
    assert moment(value) == Moment(Decimal("1.5"), is_instant=False)


@pytest.mark.parametrize(
    "value", [1_700_000_000, "1700000000", "2023-11-14T22:13:20+00:00", "2023-11-14T23:13:20+01:00"]
)
def test_value_equal_to_a_limit_stays_as_it_is_written(value):
    assert at_most(value, Decimal(1_700_000_000), "epoch") == value


@pytest.mark.parametrize(
    ("raw", "seconds", "earlier"),
    [
        (10**40, 5, 10**40 - 5),
        (7, 0.5, Decimal("6.5")),
        (Decimal("7.5"), 0.5, 7),
        ("7", 2, 5),
    ],
)
def test_number_is_less_by_the_lookback(raw, seconds, earlier):
    """Whatever its length; an integer if it can be one."""
    found = Bound.of(raw, "iso").earlier(seconds)
    assert (found.raw, type(found.raw)) == (earlier, type(earlier))
    assert found.moment == Moment(Decimal(earlier), is_instant=False)
    assert found.render() == earlier


def test_bound_is_a_time_unless_it_is_a_number():
    assert Bound.of(DAY, "iso").time == datetime(2024, 1, 2, tzinfo=timezone.utc)
    assert Bound.of(5, "iso").time is None
    assert Bound.of("soon", "iso").time is None
    assert Bound.of(5, "epoch").time == datetime(1970, 1, 1, 0, 0, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "order"),
    [
        ("2024-01-01T23:59:59.9999999Z", -1),
        ("2024-01-01T23:59:59Z", -1),
        (DAY, 0),
        ("2024-01-02T01:00:00+01:00", 0),
        ("2024-01-02T00:00:00.0000004Z", 1),
        ("2024-01-02T00:00:00.0000009Z", 1),
        ("2024-01-02T00:00:00.000001Z", 1),
        ("2024-01-02T00:00:00.0000019Z", 1),
        ("2024-01-03T00:00:00Z", 1),
        ("9999-12-31T00:00:00Z", 1),
        (None, 0),
    ],
)
@pytest.mark.parametrize("others", [[], [None], ["x"], [5], [DAY], ["2024-01-02T00:00:00"]])
def test_value_compares_with_a_bound_to_the_last_digit(value, order, others):
    """Whatever else is on its page."""
    bound = Bound.of(DAY, "iso")
    assert bound.compare([value, *others]) == [order] + [0] * len(others)
    assert (bound.is_after(value), bound.is_before(value)) == (order < 0, order > 0)


@pytest.mark.parametrize(("value", "order"), [(4, -1), (5, 0), (6, 1), ("x", 0), (DAY, 0)])
def test_value_compares_with_a_number(value, order):
    assert Bound.of(5, "iso").compare([value]) == [order]
    assert Bound.of("soon", "iso").compare([value]) == [0]


def test_time_without_an_offset_compares_in_utc_or_in_the_zone():
    values = ["2024-01-01T23:30:00", "2024-01-02T00:30:00", "2024-01-02T01:30:00"]
    assert Bound.of(DAY, "iso").compare(values) == [-1, 1, 1]
    assert Bound.of(DAY, TimeFormat("iso", "", BERLIN.zone)).compare(values) == [-1, -1, 1]


@pytest.mark.parametrize(
    ("raw", "pattern", "to", "written"),
    [
        ("1704067200", "epoch", "", "1704067200"),
        ("1704067200", "epoch", "epoch_ms", 1704067200000),
        (1704067200123, "iso", "epoch", 1704067200123),
        (1704067200123, "iso", "iso", 1704067200123),
        (1704067200123, "iso", "date", "2024-01-01"),
        (1704067200, BERLIN, "", "2024-01-01 01:00"),
        (DAY, BERLIN, "", "2024-01-02 01:00"),
        (DAY, BERLIN, "%Y-%m-%d %H", "2024-01-02 01"),
        (10**30, "iso", "date", 10**30),
    ],
)
def test_bound_is_written_in_the_format_asked_for(raw, pattern, to, written):
    found = Bound.of(raw, pattern).render(to)
    assert (found, type(found)) == (written, type(written))


@pytest.mark.parametrize(
    ("raw", "pattern", "written"),
    [
        (1704067200, "epoch", 1704067199),
        (DAY, "iso", "2024-01-01T23:59:59.999999Z"),
        (DAY, "date", "2024-01-01"),
        (DAY, BERLIN, "2024-01-02 00:59"),
    ],
)
def test_early_bound_is_a_unit_earlier(raw, pattern, written):
    assert Bound(raw, moment(raw, pattern), pattern, is_early=True).render() == written


@pytest.mark.parametrize(
    ("pattern", "older"),
    [("iso", 0), ("epoch", 0), ("epoch_ms", 0), ("date", 86400), ("%Y-%m-%dT%H:%M:%SZ", 86400)],
)
def test_older_value_than_what_was_sent_is_found(pattern, older):
    """Sent without an offset, the API may take it as a time of any zone."""
    bound = Bound.at(1704067200, pattern)
    equal, before = (Bound.at(1704067200 - older - less, "iso").raw for less in (0, 1))
    assert bound.sent_before([equal, None, "x"]) is None
    assert bound.sent_before([equal, before, equal]) == before
    assert Bound.at(1.5, pattern).moment == Moment(Decimal("1.5"), is_instant=True)
