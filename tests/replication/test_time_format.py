"""The formats of a stream's times, and the zone of those without an offset."""

from __future__ import annotations

from datetime import timezone
from zoneinfo import ZoneInfo

import pytest

from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.replication.key_format import (
    TimeFormat,
    is_standard,
    key_format,
    key_format_of,
    time_zone,
    zone_named,
    zone_of,
)
from tap_oauth2_generic.runtime.timestamps import epoch_seconds

UTC, BERLIN = timezone.utc, ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("pattern", "standard"),
    [
        ("iso", True),
        (TimeFormat("iso", "", UTC), True),
        (TimeFormat("epoch", "", UTC), True),
        ("%Y", False),
        (TimeFormat("%Y", "", UTC), False),
        (TimeFormat("iso", "%Y", UTC), False),
        (TimeFormat("iso", "", BERLIN), False),
    ],
)
def test_format_is_standard_without_a_pattern_and_a_zone(pattern, standard):
    assert is_standard(pattern) == standard


def test_plain_string_is_a_format_in_utc():
    assert (key_format_of("iso"), zone_of("iso")) == ("", UTC)
    made = TimeFormat("iso", "%Y", BERLIN)
    assert (made, key_format_of(made), zone_of(made)) == ("iso", "%Y", BERLIN)
    assert zone_named("UTC") is UTC
    assert zone_named("Europe/Berlin") == BERLIN
    assert time_zone("Europe/Berlin") == "Europe/Berlin"


@pytest.mark.parametrize("name", ["Europe/Berlinn", "Europe", "../../etc/passwd", ""])
def test_other_name_is_no_time_zone(name):
    with pytest.raises(ValueError, match=f"must be a time zone such as Europe/Berlin, not '{name}"):
        time_zone(name)


@pytest.mark.parametrize(
    "pattern",
    ["%Y", "%m/%Y", "%Y %j", "%d.%m.%y", "%Y%m%d", "%Y-%m-%dT%H:%M:%S.%L", "%%%Y", "%Y-%m-%d %z"],
)
def test_key_format_needs_a_year(pattern):
    """Whatever else it has: its times are in order then."""
    assert key_format(pattern) == pattern


@pytest.mark.parametrize("pattern", ["%m", "%d.%m", "%H:%M", "%j", "Y", "%%Y", "%Y %Y", "%Q%Y"])
def test_key_format_without_a_year_is_refused(pattern):
    """So is one that reads nothing."""
    with pytest.raises(ValueError, match=r"must be a strftime pattern with a year"):
        key_format(pattern)


@pytest.mark.parametrize(
    ("value", "pattern", "instant"),
    [
        ("31.01.2024", TimeFormat("iso", "%d.%m.%Y", UTC), "2024-01-31T00:00:00Z"),
        ("31.01.2024", TimeFormat("iso", "%d.%m.%Y", BERLIN), "2024-01-30T23:00:00Z"),
        ("2024-01-31", TimeFormat("iso", "%d.%m.%Y", UTC), "2024-01-31T00:00:00Z"),
        # The pattern of keys is tried before that of bounds, and both before ISO 8601.
        ("2024-02-01", TimeFormat("%Y-%d-%m", "%Y-%m-%d", UTC), "2024-02-01T00:00:00Z"),
        ("2024-02-01", "%Y-%d-%m", "2024-01-02T00:00:00Z"),
        (20240131, TimeFormat("date", "%Y%m%d", UTC), "2024-01-31T00:00:00Z"),
        ("12:30 50% 2024", "%H:%M 50%% %Y", "2024-01-01T12:30:00Z"),
        ("2024 5.123", "%Y %S.%L", "2024-01-01T00:00:05.123Z"),
        ("2024-01-31 +0200", TimeFormat("iso", "%Y-%m-%d %z", BERLIN), "2024-01-30T22:00:00Z"),
        ("2024-01-31Z", TimeFormat("iso", "%Y-%m-%dZ", BERLIN), "2024-01-31T00:00:00Z"),
        ("2024-01-31T00:00:00", TimeFormat("iso", "", BERLIN), "2024-01-30T23:00:00Z"),
        ("20240131T000000", TimeFormat("iso", "", BERLIN), "2024-01-30T23:00:00Z"),
        ("2024-01-31", "%Y %Y", "2024-01-31T00:00:00Z"),
    ],
)
def test_value_is_read_by_the_pattern_of_keys_then_of_bounds_then_as_iso(value, pattern, instant):
    assert moment(value, pattern).amount == epoch_seconds(instant)
