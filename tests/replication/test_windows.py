"""A read is split into windows that follow each other, by the calendar of a time zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.replication.key_format import TimeFormat
from tap_oauth2_generic.replication.windows import DURATION, Duration, windows

NEW_YORK = TimeFormat("%Y-%m-%d %H:%M", "", ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("written", "months", "rest"),
    [
        ("P1Y", 12, timedelta()),
        ("P2M", 2, timedelta()),
        ("P3W", 0, timedelta(weeks=3)),
        ("P4D", 0, timedelta(days=4)),
        ("PT5H", 0, timedelta(hours=5)),
        ("PT6M", 0, timedelta(minutes=6)),
        ("PT7S", 0, timedelta(seconds=7)),
        (" p1y2m3w4dt5h6m7s ", 14, timedelta(25, 7, hours=5, minutes=6)),
        ("P0Y1D", 0, timedelta(1)),
    ],
)
def test_duration_has_months_and_exact_seconds(written, months, rest):
    assert DURATION.parse(written) == Duration(months, rest)


@pytest.mark.parametrize("written", ["", "P", "PT", "P0D", "P1", "1D", "P1DX", "P-1D", "PT1D", 30])
def test_other_durations_are_refused(written):
    with pytest.raises(ValueError, match=r"must be an ISO 8601 duration .* not '"):
        DURATION.parse(written)


@pytest.mark.parametrize(
    ("at", "length", "later"),
    [
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2023-01-31", "P1M", "2023-02-28"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-11-30", "P1M", "2024-12-30"),
        ("2024-12-15", "P1M", "2025-01-15"),
        ("2024-12-31", "P2M", "2025-02-28"),
        ("2024-01-31", "P1M1D", "2024-03-01"),
        ("9999-12-01", "P1M", None),
        ("9999-12-31", "P1D", None),
    ],
)
def test_month_ends_at_its_last_day_at_most(at, length, later):
    found = DURATION.parse(length).after(datetime.fromisoformat(at).replace(tzinfo=timezone.utc))
    assert (found and found.date().isoformat()) == later


def split(start, end, length, bounds="half_open", pattern="iso"):
    start, end = (None if one is None else Bound.of(one, pattern) for one in (start, end))
    length = None if length is None else DURATION.parse(length)
    return [
        tuple(None if one is None else one.render() for one in window)
        for window in windows(start, end, length, bounds)
    ]


@pytest.mark.parametrize(
    ("start", "end", "length"),
    [
        ("2024-01-01", "2024-01-09", None),
        (None, "2024-01-09", "P1D"),
        (5, "2024-01-09", "P1D"),
        ("2024-01-01", 5, "P1D"),
        ("2024-01-01", "2024-01-02", "P1D"),
        ("2024-01-02", "2024-01-01", "P1D"),
        ("9999-12-01", "9999-12-30", "P1M"),
    ],
)
@pytest.mark.parametrize("bounds", ["half_open", "inclusive"])
def test_read_that_cannot_be_split_is_one_window(start, end, length, bounds):
    """Nor is one that is no longer than a window."""
    whole = tuple(Bound.of(one, "iso").render() for one in (start, end))
    assert split(start, end, length, bounds) == [whole]


@pytest.mark.parametrize(
    ("bounds", "starts", "ends"),
    [
        ("half_open", ["01-01T00:00:00", "01-03T00:00:00"], ["01-03T00:00:00", "01-04T12:00:00"]),
        (
            "inclusive",
            ["01-01T00:00:00", "01-03T00:00:00"],
            ["01-02T23:59:59.999999", "01-04T12:00:00"],
        ),
        (
            "exclusive",
            ["12-31T23:59:59.999999", "01-02T23:59:59.999999"],
            ["01-03T00:00:00", "01-04T12:00:00"],
        ),
    ],
)
def test_windows_share_no_value_however_the_api_reads_their_bounds(bounds, starts, ends):
    found = split("2024-01-01", "2024-01-04T12:00:00Z", "P2D", bounds)
    assert [start[5:-1] for start, _ in found] == starts
    assert [end[5:-1] for _, end in found] == ends


def test_read_without_a_start_has_none_however_the_api_reads_its_bounds():
    assert split(None, "2024-01-04", None, "exclusive") == [(None, "2024-01-04T00:00:00Z")]


def test_day_of_a_zone_may_have_23_hours():
    """Windows start at the same time of its clocks."""
    found = split("2024-03-09T05:00:00Z", "2024-03-12T04:00:00Z", "P1D", pattern=NEW_YORK)
    assert [start for start, _ in found] == [f"2024-03-{day} 00:00" for day in ("09", "10", "11")]
    assert [end for _, end in found] == [f"2024-03-{day} 00:00" for day in (10, 11, 12)]


def test_time_that_no_clock_of_a_zone_shows_is_split_in_utc():
    """The first hours of the calendar are before it in New York."""
    found = split("0001-01-01T00:00:00Z", "1501-01-01T00:00:00Z", "P1000Y", pattern=NEW_YORK)
    assert [end for _, end in found] == ["1000-12-31 19:03", "1500-12-31 19:03"]
