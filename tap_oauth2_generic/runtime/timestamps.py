"""Timestamps and numbers as APIs write them; the only module that reads ISO 8601.

Knows no bookmark, schema or token.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation, localcontext
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
YEAR_SECONDS = 366 * 86400
# Epoch seconds reach this number in the year 5138; milliseconds passed it in 1973.
MAX_EPOCH_SECONDS = 10**11
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)? ?(Z|z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
# Python also reads 1_000 and the digits of other scripts.
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_DATE = re.compile(r"\\?/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\\?/", re.ASCII)
_BASIC = re.compile(
    r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)((?:[.,]\d{1,18})?(?:Z|[+-]\d\d(?::?\d\d)?)?)", re.ASCII
)
_RFC_2822 = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d", re.ASCII)
_LAST_SECOND = 60  # a leap second
_MAX_HOURS, _MAX_MINUTES = 23, 59
# Enough for the seconds of any year with an 18-digit fraction.
_DIGITS = 40
_MAX_NUMBER = 10**18


def epoch_seconds(string: str, zone: tzinfo = timezone.utc) -> Decimal | None:
    """Return the exact seconds since 1970 of an ISO 8601 string, else None.

    A time without an offset counts as one of the zone, a date as its midnight.
    """
    match = _ISO.fullmatch(string)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups(default="0")
    zone = zone if offset == "0" else timezone.utc
    shift = _offset_seconds(offset)
    if int(second) > _LAST_SECOND or shift is None:
        return None
    try:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=zone)
        with localcontext() as context:
            context.prec = _DIGITS
            return whole_seconds(at) + Decimal(f"{second}.{fraction}") - shift
    except (ValueError, OverflowError):
        return None


def other_seconds(string: str, zone: tzinfo) -> Decimal | None:
    """Return the seconds since 1970 of a time as older APIs write it, else None.

    That is ``/Date(ms)/``, ISO 8601 without separators, RFC 2822, or ISO 8601 with UTC or GMT.
    """
    if date := _DATE.fullmatch(string):
        return Decimal(date[1]) / 1000
    if _RFC_2822.match(string):
        with suppress(ValueError, OverflowError):
            at = parsedate_to_datetime(string)
            return whole_seconds(at if at.tzinfo else at.replace(tzinfo=zone))
    if basic := _BASIC.fullmatch(string):
        return epoch_seconds("{}-{}-{}T{}:{}:{}".format(*basic.groups()[:6]) + basic[7], zone)
    if string.endswith((" UTC", " GMT")):
        return epoch_seconds(f"{string[:-4]}Z")
    return None


def is_date_time(string: str) -> bool:
    """Return whether a string is a date with a time of day."""
    # The length rules out most strings before the expression has to.
    return len(string) > len("2024-01-01") and epoch_seconds(string) is not None


def whole_seconds(at: datetime) -> Decimal:
    """Return an aware time as seconds since 1970, microseconds included."""
    return Decimal((at - EPOCH) // timedelta(microseconds=1)) / 10**6


def read_decimal(value: object) -> Decimal | None:
    """Return a finite number written as a number or, as JSON writes it, a string, else None."""
    written = str(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(written):
        return None
    try:
        return Decimal(written)
    except InvalidOperation:
        # Its exponent is too large.
        return None


def read_number(value: object) -> float | None:
    """Return a number of a usual size, written as a number or a string, else None."""
    number = read_decimal(value)
    return float(number) if number is not None and -_MAX_NUMBER < number < _MAX_NUMBER else None


def read_epoch(number: float) -> float:
    """Return epoch seconds; a number too large for them is in milliseconds."""
    return number / 1000 if abs(number) > MAX_EPOCH_SECONDS else number


def format_epoch(seconds: float | None) -> str | None:
    """Return epoch seconds as a date and time in UTC; None if no calendar has it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return None


def _offset_seconds(offset: str) -> int | None:
    """Return how far an offset is ahead of UTC, None if no clock has it."""
    if offset in {"0", "Z", "z"}:
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > _MAX_HOURS or minutes > _MAX_MINUTES:
        return None
    seconds = hours * 3600 + minutes * 60
    return -seconds if offset[0] == "-" else seconds
