"""How a stream writes its times: the format of its bounds, that of its keys, and the time zone.

Knows no stream, no state and no request.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from typing_extensions import Self

from tap_oauth2_generic.runtime import timestamps
from tap_oauth2_generic.runtime.time_formats import zone_for
from tap_oauth2_generic.settings.fields import near_choice
from tap_oauth2_generic.settings.values import text

_PROBE = datetime(2024, 1, 31, 13, 14, 15, 123000, tzinfo=timezone.utc)


class TimeFormat(str):
    """The format of bounds, with the strftime pattern of keys and the zone of both.

    It is the string of its bounds' format, so that a plain string is one, too.
    """

    __slots__ = ("key_format", "zone")
    key_format: str
    zone: tzinfo

    def __new__(cls, bounds: str, key_format: str, zone: tzinfo) -> Self:
        """Make one of the three settings."""
        made = super().__new__(cls, bounds)
        made.key_format, made.zone = key_format, zone
        return made


def zone_of(pattern: str) -> tzinfo:
    """Return the zone of times without an offset."""
    return pattern.zone if isinstance(pattern, TimeFormat) else timezone.utc


def key_format_of(pattern: str) -> str:
    """Return the strftime pattern of keys, an empty string if they need none."""
    return pattern.key_format if isinstance(pattern, TimeFormat) else ""


def is_standard(pattern: str) -> bool:
    """Return whether all times are numbers, or ISO 8601 in UTC or with an offset."""
    is_plain = not key_format_of(pattern) and zone_of(pattern) is timezone.utc
    return is_plain and "%" not in pattern


def parse_time(written: str, pattern: str) -> Decimal | None:
    """Return the seconds since 1970 of a value, None if it is no time in any known form."""
    zone = zone_of(pattern)
    for known in (key_format_of(pattern), pattern):
        if "%" in known and (seconds := _parse_pattern(written, known, zone)) is not None:
            return seconds
    seconds = timestamps.epoch_seconds(written, zone)
    return timestamps.other_seconds(written, zone) if seconds is None else seconds


def _parse_pattern(value: str, pattern: str, zone: tzinfo) -> Decimal | None:
    known = re.sub(r"%(%|L)", lambda found: "%f" if found[1] == "L" else "%%", pattern)
    try:
        at = datetime.strptime(value, known)  # noqa: DTZ007 - its zone is set below
        # A zone may lead beyond the years that there are.
        return timestamps.whole_seconds(
            at if at.tzinfo else at.replace(tzinfo=zone_for(pattern, zone))
        )
    except (ValueError, OverflowError, re.error):
        return None


def key_format(value: Any) -> str:
    """Read a strftime pattern of replication keys."""
    pattern = text(value)
    written = _PROBE.strftime(pattern.replace("%L", "123"))
    seconds = _parse_pattern(written, pattern, timezone.utc)
    # Without a year, which is 1900 then, they would be in no order.
    if seconds is None or seconds.is_signed():
        raise ValueError(
            f"must be a strftime pattern with a year, such as %d.%m.%Y, not {pattern!r}"
        )
    return pattern


def time_zone(value: Any) -> str:
    """Read the name of a time zone."""
    name = text(value)
    try:
        zone_named(name)
    except (ValueError, OSError, LookupError):
        near = near_choice(name, available_timezones())
        raise ValueError(f"must be a time zone such as Europe/Berlin, not {name!r}{near}") from None
    return name


@cache
def zone_named(name: str) -> tzinfo:
    """Return a time zone by its IANA name."""
    return timezone.utc if name == "UTC" else ZoneInfo(name)
