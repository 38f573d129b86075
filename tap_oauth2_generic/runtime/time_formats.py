"""The formats in which a time is sent: words such as ``epoch_ms``, and strftime patterns.

Knows no bookmark and no request; ``timestamps`` reads what APIs write.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from math import floor
from typing import Any

from tap_oauth2_generic.runtime.timestamps import EPOCH, whole_seconds

#: Units per second of the formats that are numbers.
EPOCHS = {"epoch": 1, "epoch_ms": 10**3, "epoch_us": 10**6}
#: Words for a format; any other format is a strftime pattern.
FORMATS = ("iso", *EPOCHS, "date")
#: What a calendar of four-digit years can write.
EARLIEST, LATEST = Decimal(-62135596800), Decimal(253402300799)
DAY = Decimal(86400)
# The finest directive of a strftime pattern is its unit; a pattern without a time of day has days.
_UNITS = {
    "f": Decimal("1e-6"),
    "L": Decimal("1e-3"),
    **dict.fromkeys("sSTcXr", Decimal(1)),
    **dict.fromkeys("MR", Decimal(60)),
    **dict.fromkeys("HI", Decimal(3600)),
}
# What makes a string the same instant everywhere.
_HAS_OFFSET = re.compile(r"%[zZs]|Z$")


@dataclass(frozen=True)
class Now:
    """The time of a request, for ``{now:FORMAT}`` in templates."""

    seconds: float

    def render(self, pattern: str) -> Any:
        """Return the time in a format; by default ISO 8601 in UTC."""
        return write(Decimal(str(self.seconds)), pattern or "iso")


def zone_for(pattern: str, zone: tzinfo) -> tzinfo:
    """Return the zone of what a strftime pattern writes: UTC if that has an offset itself."""
    return timezone.utc if _HAS_OFFSET.search(pattern) else zone


def write(
    seconds: Decimal, pattern: str, zone: tzinfo = timezone.utc, *, is_early: bool = False
) -> Any:
    """Write seconds since 1970; what a format cannot hold is cut off, never rounded up.

    A format without an offset is written in the zone. ``is_early``: write one unit less.
    """
    if pattern in EPOCHS:
        return floor(seconds * EPOCHS[pattern]) - is_early
    at = as_time(seconds)
    # The first and the last day that a calendar has are in no other zone, and have no neighbour.
    with suppress(OverflowError):
        at = at if pattern == "iso" else at.astimezone(zone_for(pattern, zone))
    with suppress(OverflowError):
        # By the clock of the zone: a day may have 23 hours.
        at -= timedelta(seconds=float(unit_of(pattern))) if is_early else timedelta()
    if pattern == "date":
        return at.date().isoformat()
    if pattern == "iso":
        return at.replace(tzinfo=None).isoformat() + "Z"
    # strftime omits the zeros of early years, takes %s for local time, and knows no %L.
    exact = {"%": "%%", "Y": f"{at.year:04d}", "s": str(floor(whole_seconds(at)))}
    exact["L"] = f"{at.microsecond // 1000:03d}"
    return at.strftime(re.sub(r"%(%|Y|s|L)", lambda directive: exact[directive[1]], pattern))


def unit_of(pattern: str) -> Decimal:
    """Return the seconds by which two neighbouring bounds of a format differ."""
    if pattern in EPOCHS:
        return 1 / Decimal(EPOCHS[pattern])
    if pattern == "iso":
        return _UNITS["f"]
    found = re.findall(r"%-?(%|[A-Za-z])", pattern)
    return min((_UNITS[letter] for letter in found if letter in _UNITS), default=DAY)


def as_time(seconds: Decimal) -> datetime:
    """Return a time, cut to microseconds and to the years that a calendar can write."""
    seconds = min(max(seconds, EARLIEST), LATEST)
    whole = floor(seconds)
    microseconds = floor((seconds - whole) * 10**6)
    return EPOCH + timedelta(seconds=whole, microseconds=microseconds)
