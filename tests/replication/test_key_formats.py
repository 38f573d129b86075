"""Replication keys and bounds as APIs write them: other formats, and times of a zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.runtime.timestamps import epoch_seconds

STREAM = {"name": "items", "path": "items", "replication_key": "at"}
# The same instants in each form: the order of the strings is another one.
EARLY, LATE = "2024-01-31T22:15:00Z", "2024-02-01T09:05:00Z"


def incremental(**settings):
    return {**STREAM, "incremental": {"start_param": "since", **settings}}


def read_twice(api, tap, stream, keys):
    """Read records with these keys, then again from the state; return both runs."""
    api.serve("/items", [{"id": number, "at": key} for number, key in enumerate(keys)])
    config = api.config(stream, start_date="2024-01-01T00:00:00Z")
    first = tap.ok(config)
    return first, tap.ok(config, state=first.state)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("/Date(1706739300000)/", "/Date(1706778300000+0100)/"),
        ("\\/Date(1706739300000)\\/", "\\/Date(1706778300000)\\/"),
        ("Wed, 31 Jan 2024 22:15:00 +0000", "Thu, 01 Feb 2024 10:05:00 +0100"),
        ("31 Jan 2024 22:15:00 GMT", "1 Feb 2024 09:05:00 -0000"),
        ("2024-01-31 22:15:00 UTC", "2024-02-01 09:05:00 UTC"),
        ("2024-01-31T22:15:00 GMT", "2024-02-01T09:05:00 GMT"),
        ("20240131T221500Z", "20240201T100500+0100"),
        ("20240131T221500", "20240201T090500.000"),
    ],
)
def test_usual_forms_are_read_by_themselves(api, tap, early, late):
    """The later instant is the bookmark, as the API wrote it; it is sent in the bounds' format."""
    first, _ = read_twice(api, tap, incremental(), [late, early])
    assert first.bookmark() == late
    assert api.requests("/items")[-1].query["since"] == LATE


@pytest.mark.parametrize(
    ("pattern", "early", "late"),
    [
        ("%d.%m.%Y %H:%M", "31.01.2024 22:15", "01.02.2024 09:05"),
        ("%m/%d/%Y %I:%M %p", "01/31/2024 10:15 PM", "02/01/2024 09:05 AM"),
        ("%b %d %Y %H:%M:%S.%L", "Jan 31 2024 22:15:00.000", "Feb 01 2024 09:05:00.000"),
        ("%Y-%d-%mT%H:%M:%SZ", "2024-31-01T22:15:00Z", "2024-01-02T09:05:00Z"),
    ],
)
def test_key_format_reads_any_other(api, tap, pattern, early, late):
    """Keys compare as the instants that the pattern reads, whatever their strings."""
    first, _ = read_twice(api, tap, incremental(key_format=pattern), [late, early])
    assert first.bookmark() == late
    assert api.requests("/items")[-1].query["since"] == LATE


def test_key_format_reads_numbers(api, tap):
    """A number that a pattern reads is a time, and its digits say nothing of the order."""
    keys = [31012024, 11022024, 21012024]
    first, _ = read_twice(api, tap, incremental(key_format="%d%m%Y", format="date"), keys)
    assert first.bookmark() == 11022024
    assert api.requests("/items")[-1].query["since"] == "2024-02-11"


def test_drop_older_compares_by_key_format(api, tap):
    """Records older than the bookmark are dropped, and none that is later."""
    stream = incremental(key_format="%d.%m.%Y", drop_older=True)
    _, second = read_twice(api, tap, stream, ["31.01.2024", "01.02.2024", "02.01.2024"])
    assert second.ids() == [1]


def test_unreadable_key_moves_no_bookmark(api, tap):
    """A key that the pattern does not read is emitted and warned of."""
    first, _ = read_twice(api, tap, incremental(key_format="%d.%m.%Y"), ["31.01.2024", "31/02"])
    assert first.ids() == [0, 1]
    assert first.bookmark() == "31.01.2024"
    assert any("neither" in line for line in first.warnings)


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"format": "%Y-%m-%d %H:%M:%S"}, "2024-01-01 01:00:00"),
        ({"format": "date"}, "2024-01-01"),
        ({"format": "iso"}, "2024-01-01T00:00:00Z"),
        ({"format": "epoch"}, "1704067200"),
        ({"format": "%Y-%m-%dT%H:%M:%SZ"}, "2024-01-01T00:00:00Z"),
        ({"format": "%Y-%m-%d %H:%M %z"}, "2024-01-01 00:00 +0000"),
    ],
)
def test_bounds_without_an_offset_are_in_the_zone(api, tap, settings, sent):
    """start_date is an instant; formats that have an offset stay in UTC."""
    api.serve("/items", [{"id": 1, "at": "2024-01-05T00:00:00Z"}])
    stream = incremental(timezone="Europe/Berlin", **settings)
    tap.ok(api.config(stream, start_date="2024-01-01T00:00:00Z"))
    assert api.requests("/items")[-1].query["since"] == sent


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("2024-07-01 10:00:00", {}),
        ("20240701T100000", {}),
        ("01.07.2024 10:00", {"key_format": "%d.%m.%Y %H:%M"}),
    ],
)
def test_keys_without_an_offset_are_in_the_zone(api, tap, key, settings):
    """The same time goes back as a bound in the zone, and as its instant in UTC."""
    stream = incremental(timezone="America/New_York", **settings)
    stream["params"] = {"local": "{start:%Y-%m-%d %H:%M}"}
    read_twice(api, tap, stream, [key])
    query = api.requests("/items")[-1].query
    assert query["local"] == "2024-07-01 10:00"
    assert query["since"] == "2024-07-01T14:00:00Z"


def test_key_with_an_offset_keeps_it():
    """The zone is for keys that have none."""
    assert moment("2024-07-01T10:00:00+02:00").amount == epoch_seconds("2024-07-01T08:00:00Z")


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize("start", ["2024-03-08T05:00:00Z", "2024-11-01T04:00:00Z"])
@pytest.mark.parametrize("bounds", ["half_open", "inclusive"])
def test_days_of_a_zone_have_no_gap_or_overlap(api, tap, start, bounds):
    """Windows of a day follow the clock where a day has 23 or 25 hours."""
    begin = datetime.fromisoformat(start.replace("Z", "+00:00"))
    hours = [begin + timedelta(hours=n) for n in range(24 * 6)]
    rows = [{"id": n, "at": hour.isoformat()} for n, hour in enumerate(hours)]

    def serve(seen):
        day = [hour.astimezone(NEW_YORK).date().isoformat() for hour in hours]
        last = seen.query["until"]
        is_open = bounds == "half_open"
        return [
            row
            for row, at in zip(rows, day, strict=True)
            if seen.query["since"] <= at and (at < last if is_open else at <= last)
        ]

    api.routes["/items"] = serve
    settings = {"end_param": "until", "window": "P1D", "window_bounds": bounds, "format": "date"}
    stream = incremental(timezone="America/New_York", **settings)
    end = (begin.astimezone(NEW_YORK) + timedelta(days=10)).isoformat()
    run = tap.ok(api.config(stream, start_date=start, end_date=end))
    assert run.ids() == [row["id"] for row in rows]
    for name in ("since", "until"):
        assert len({seen.query[name] for seen in api.requests("/items")}) == 10


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"timezone": "Europe/Berlinn"},
            "such as Europe/Berlin, not 'Europe/Berlinn'; did you mean 'Europe/Berlin'?",
        ),
        ({"timezone": "../../etc/passwd"}, "incremental.timezone: must be a time zone"),
        ({"timezone": "Europe"}, "incremental.timezone: must be a time zone"),
        ({"timezone": 1}, "incremental.timezone: must be a time zone"),
        ({"key_format": "iso"}, "incremental.key_format: must be a strftime pattern with a year"),
        ({"key_format": "%H:%M"}, "incremental.key_format: must be a strftime pattern with a year"),
        ({"key_format": "%Q %Y"}, "incremental.key_format: must be a strftime pattern"),
        ({"key_format": []}, "incremental.key_format: must be a string, not an array"),
    ],
)
def test_wrong_setting_is_one_error(api, tap, settings, said):
    """It is one line before any request."""
    run = tap(api.config(incremental(**settings)))
    assert run.status == 1
    assert said in run.errors
    assert not api.seen


def test_key_format_needs_a_replication_key(api, tap):
    """Without one there is no key that it could read."""
    stream = {"name": "items", "path": "items", "incremental": {"key_format": "%Y"}}
    run = tap(api.config(stream))
    assert "incremental.key_format: needs a replication_key" in run.errors


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", "9999-12-31T23:00:00Z"])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_ends_of_the_calendar_are_in_any_zone(api, tap, written, zone):
    """A bound that no zone can show is sent as it is in UTC."""
    api.serve("/items", [])
    stream = {
        **incremental(timezone=zone, format="%Y-%m-%d %H:%M"),
        "schema": {"properties": {"id": {}}},
    }
    tap.ok(api.config(stream, start_date=written))
