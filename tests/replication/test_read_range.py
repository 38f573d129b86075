"""What a run reads of a stream: whether its key is a time, and the bounds of the read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.replication.bounds import Bound
from tests.support.offline import offline_range, offline_stream

NOW = "2023-11-14T22:13:20.250000Z"
TEXT, NUMBER = {"type": "string"}, {"type": ["integer", "null"]}
DATE, TIME = {"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}


def made(column=TEXT, key="at", *, start=None, end=None, initial=None, **incremental):
    schema = {"properties": {key: column}}
    stream = offline_stream(replication_key=key, schema=schema, incremental=incremental)
    return offline_range(stream, start=start, end=end, initial=initial)


@pytest.mark.parametrize(
    ("column", "key", "settings", "is_time"),
    [
        (TEXT, "at", {}, True),
        ({}, "at", {}, True),
        ({"type": ["integer", "string"]}, "at", {}, True),
        (NUMBER, "at", {}, False),
        ({"type": "number"}, "at", {}, False),
        ({"type": ["integer", "number", "null"]}, "at", {}, False),
        (NUMBER, "at", {"format": "epoch"}, True),
        (NUMBER, "at", {"key_format": "%Y%m%d"}, True),
        (TEXT, "at", {"initial": 0}, False),
        (NUMBER, "id", {"format": "epoch"}, False),
        (NUMBER, "order_id", {"format": "epoch"}, False),
        (NUMBER, "rowVersionId", {"format": "epoch"}, False),
        (NUMBER, "paid", {"format": "epoch"}, True),
    ],
)
def test_id_or_number_is_no_time(column, key, settings, is_time):
    """A number is one under a format or a key_format that says so."""
    found = made(column, key, start="2023-01-01", **settings)
    assert found.is_time == is_time
    assert found.pattern == (settings.get("format", "iso") if is_time else "iso")
    has_start = found.lower_bound(None) is not None
    assert has_start == (is_time or "initial" in settings)
    assert (made(column, key, end="2023-01-01", **settings).end is not None) == is_time


@pytest.mark.parametrize(
    ("column", "format_", "bookmark", "takes"),
    [
        (TEXT, "iso", "2023-01-01", True),
        (TEXT, "iso", 5, True),
        (TEXT, "iso", "soon", False),
        (TEXT, "iso", None, False),
        (TEXT, "iso", [1], False),
        (TIME, "iso", 5, False),
        (DATE, "iso", "5", False),
        (DATE, "iso", "2023-01-01", True),
        (NUMBER, "iso", 5, True),
        (NUMBER, "iso", "2023-01-01", False),
        (NUMBER, "epoch", "2023-01-01", True),
        (NUMBER, "epoch", 10**30, False),
        ({}, "iso", "2023-01-01", True),
        ({}, "iso", 5, True),
    ],
)
def test_bookmark_is_a_value_that_the_column_may_have(column, format_, bookmark, takes):
    assert made(column, format=format_).takes(bookmark) is takes


def test_lower_bound_is_the_bookmark_else_the_initial_value_else_the_start_date():
    dated = made(start="2023-01-01", lookback=3600)
    assert dated.lower_bound(None).render() == "2023-01-01T00:00:00Z"
    assert dated.lower_bound("2023-02-01").render() == "2023-01-31T23:00:00Z"
    numbered = made(NUMBER, start="2023-01-01", initial=7, lookback=3)
    assert numbered.lower_bound(None).render() == 7
    assert numbered.lower_bound(9).render() == 6
    assert made().lower_bound(None) is None


@pytest.mark.parametrize(
    ("end", "upper"),
    [(None, NOW), ("2023-02-01", "2023-02-01T00:00:00Z"), ("2999-01-01", NOW)],
)
def test_upper_bound_is_the_start_of_the_run_or_an_earlier_end_date(end, upper):
    found = made(end=end)
    assert found.upper_bound().render() == upper
    assert (found.end and found.end.raw) == end


def test_dates_are_in_utc_and_sent_in_the_zone():
    found = made(
        start="2023-01-01", end="2023-07-01", format="%Y-%m-%d %H:%M", timezone="Europe/Berlin"
    )
    assert found.lower_bound(None).render() == "2023-01-01 01:00"
    assert found.upper_bound().render() == "2023-07-01 02:00"


@pytest.mark.parametrize(
    ("value", "before", "reached"),
    [
        ("2023-01-31", None, "2023-01-31"),
        ("2023-02-01T00:00:00+00:00", None, "2023-02-01T00:00:00+00:00"),
        ("2023-02-02", None, "2023-02-01T00:00:00Z"),
        ("2023-02-02", "2023-01-01", "2023-02-01T00:00:00Z"),
        ("2023-02-09", "2023-02-03", "2023-02-03T00:00:00Z"),
        ("2023-02-02", "2023-02-03", "2023-02-02"),
        ("2023-02-02", 10**12, "2023-02-01T00:00:00Z"),
        (10**12, None, 10**12),
    ],
)
def test_bookmark_reaches_the_end_of_what_was_read_or_stays(value, before, reached):
    assert made().reached(Bound.of("2023-02-01", "iso"), value, before) == reached


def test_value_after_the_start_of_the_run_is_held_there():
    assert made().hold("2999-01-01") == NOW
    assert made().hold("2023-11-14T22:13:20.25Z") == "2023-11-14T22:13:20.25Z"
    assert made(NUMBER, format="epoch_ms").hold(Decimal(1_800_000_000_000)) == 1_700_000_000_250
    assert made(NUMBER).hold(10**30) == 10**30
