"""ISO 8601 texts as exact instants; the one place that reads them.

Knows no bookmark, schema or token.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal, localcontext

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)? ?(Z|z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_SECONDS_A_DAY = 86400
_LAST_SECOND = 60  # a leap second
_MOST_HOURS, _MOST_MINUTES = 23, 59
# Seconds of any year with eighteen digits after the point.
_DIGITS = 40


def epoch_seconds(text: str) -> Decimal | None:
    """Give the instant that an ISO 8601 text names, in seconds since 1970, with any fraction.

    A time without an offset counts as UTC, a date as its midnight. None where the text is
    no instant.
    """
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups(default="0")
    try:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=timezone.utc)
    except ValueError:
        return None
    if int(second) > _LAST_SECOND:
        return None
    shift = _offset_seconds(offset)
    if shift is None:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        return whole_seconds(at) + Decimal(f"{second}.{fraction}") - shift


def is_date_time(text: str) -> bool:
    """Tell whether a text is a date with a time of day, as a timestamp column takes it."""
    # The length rules out most texts before the expression has to.
    return len(text) > len("2024-01-01") and epoch_seconds(text) is not None


def whole_seconds(at: datetime) -> Decimal:
    """Give an aware time as seconds since 1970, microseconds included."""
    elapsed = at - EPOCH
    seconds = Decimal(elapsed.days * _SECONDS_A_DAY + elapsed.seconds)
    return seconds + Decimal(elapsed.microseconds) / 10**6


def _offset_seconds(offset: str) -> int | None:
    """Give the seconds that an offset is ahead of UTC, None where it is none."""
    if offset in {"0", "Z", "z"}:
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > _MOST_HOURS or minutes > _MOST_MINUTES:
        return None
    seconds = hours * 3600 + minutes * 60
    return -seconds if offset[0] == "-" else seconds
