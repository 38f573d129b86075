"""What an answer's status means and how long to wait; pure, the waiting is done elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from tap_oauth2_generic.runtime.timestamps import (
    YEAR_SECONDS,
    epoch_seconds,
    read_epoch,
    read_number,
)
from tap_oauth2_generic.settings.field_types import NAME, STATUSES, WAITING, enum, integer
from tap_oauth2_generic.settings.fields import setting

if TYPE_CHECKING:
    from collections.abc import Mapping

_OK = range(200, 300)
_UNAUTHORIZED = 401
TOO_MANY_REQUESTS = 429
_FIRST_BACKOFF_SECONDS = 1.0
# A header with a number above this is a time on the clock, not a number of seconds to wait.
_LONGEST_WAIT = YEAR_SECONDS


@dataclass(frozen=True, kw_only=True)
class ResilienceSettings:
    """What is tried again, how often and how long it waits."""

    max_retries: int = setting(
        integer(0), "Retries of one request, with exponential backoff and full jitter.", default=6
    )
    max_wait: float = setting(
        WAITING, "Seconds that one wait may last, `Retry-After` too.", default=300
    )
    retry_statuses: frozenset[int] = setting(
        STATUSES,
        "HTTP statuses that are tried again. `Retry-After` (seconds or date) is honoured.",
        default=(408, 425, 429, 500, 502, 503, 504),
    )
    rate_limit_header: str = setting(
        NAME, "Another response header that says when to go on.", default="X-RateLimit-Reset"
    )
    rate_limit_format: str = setting(
        enum("auto", "seconds", "milliseconds", "epoch", "date"),
        "What that header holds; auto tells seconds from epoch by size.",
        default="auto",
    )


@dataclass(frozen=True)
class Verdict:
    """What to do with an answer; ``wait_seconds`` is what the server asked for, if it did."""

    action: Literal["ok", "retry", "refresh", "fail", "ignore", "end"]
    wait_seconds: float | None = None
    holds_all: bool = False


def decide(
    status: int, headers: Mapping[str, str], settings: ResilienceSettings, now: float
) -> Verdict:
    """Decide on a status; ``now`` is in seconds since 1970."""
    if status in _OK:
        return Verdict("ok")
    if status == _UNAUTHORIZED:
        return Verdict("refresh")
    if status in settings.retry_statuses:
        limited = status == TOO_MANY_REQUESTS
        if limited:
            return Verdict("retry", requested_wait(headers, settings, now), holds_all=True)
        return Verdict("retry", _seconds_or_date(headers.get("Retry-After"), now))
    return Verdict("fail")


def requested_wait(
    headers: Mapping[str, str], settings: ResilienceSettings, now: float
) -> float | None:
    """Give the seconds that an answer about a rate limit asks to wait, None where it does not."""
    wait = _seconds_or_date(headers.get("Retry-After"), now)
    if wait is None:
        header = headers.get(settings.rate_limit_header)
        wait = _rate_limit_wait(header, settings.rate_limit_format, now)
    return wait


def backoff_seconds(attempt: int, settings: ResilienceSettings, random: float) -> float:
    """Give the wait before a retry: full jitter, ``random`` from 0 to 1, ``attempt`` from 1."""
    # 2.0 ** 1024 overflows; the bound is reached long before that.
    return random * min(settings.max_wait, _FIRST_BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 60))


def bounded_wait(
    verdict: Verdict, attempt: int, settings: ResilienceSettings, random: float
) -> float:
    """Give the seconds to wait before a retry: the server's word, bounded, or the backoff."""
    if verdict.wait_seconds is None:
        return backoff_seconds(attempt, settings, random)
    return min(max(verdict.wait_seconds, 0.0), settings.max_wait)


def _seconds_or_date(value: str | None, now: float) -> float | None:
    seconds = read_number(value)
    return seconds if seconds is not None else _until_date(value, now)


def _rate_limit_wait(value: str | None, form: str, now: float) -> float | None:
    if form == "date":
        return _until_date(value, now)
    found = read_number(value)
    if found is None:
        return _until_date(value, now) if form == "auto" else None
    if form == "milliseconds":
        return found / 1000
    if form == "epoch" or (form == "auto" and found > _LONGEST_WAIT):
        return read_epoch(found) - now
    return found


def _until_date(value: str | None, now: float) -> float | None:
    if not value:
        return None
    iso = epoch_seconds(value.strip())
    if iso is not None:
        return float(iso) - now
    try:
        at = parsedate_to_datetime(value)
        # A date that names no zone is GMT (RFC 9110 section 5.6.7).
        aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        return aware.timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
