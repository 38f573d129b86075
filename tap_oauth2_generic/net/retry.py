"""What to do about a status or a failure, and how long to wait before a retry; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Literal

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from tap_oauth2_generic.runtime import timestamps
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.field_types import NAME, STATUSES, WAITING, enum, integer
from tap_oauth2_generic.settings.fields import Settings, setting

_OK = range(200, 300)
_UNAUTHORIZED = 401
_MAX_CAUSES, _MAX_CAUSE_LENGTH = 10, 200
TOO_MANY_REQUESTS = 429
NOT_MODIFIED = 304
#: From here on, a status is that of an error (RFC 9110 section 15).
LEAST_ERROR = 400
#: Statuses that lower the number of requests in flight; some APIs refuse a second one with 409.
TOO_MANY_AT_ONCE = frozenset({409, TOO_MANY_REQUESTS})
#: Failures that may be temporary: the API has decided nothing, so the request is sent again.
TRANSIENT = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_FIRST_BACKOFF_SECONDS = 1.0


class ResilienceSettings(Settings):
    """What is retried, how often, and after how long."""

    max_retries: int = setting(
        integer(0),
        "Maximum retries of one request, with exponential backoff and full jitter.",
        default=6,
    )
    max_wait: float = setting(
        WAITING, "Maximum seconds of one wait, `Retry-After` too.", default=300
    )
    retry_statuses: frozenset[int] = setting(
        STATUSES,
        "HTTP statuses to retry. `Retry-After` (seconds or date) is honored.",
        default=(408, 425, 429, 500, 502, 503, 504),
    )
    rate_limit_header: str = setting(
        NAME,
        "Response header that says when to continue, besides `Retry-After`.",
        default="X-RateLimit-Reset",
    )
    rate_limit_format: str = setting(
        enum("auto", "seconds", "milliseconds", "epoch", "date"),
        "Format of that header; auto tells seconds from epoch times by their size.",
        default="auto",
    )


@dataclass(frozen=True)
class Verdict:
    """What to do about a response; ``wait_seconds`` is what the server asked for, if it did.

    ``holds_all``: it concerns the requests of every thread. ``refusal`` says why it is not
    retried, if the server asked for too long a wait.
    """

    action: Literal["ok", "retry", "refresh", "fail", "ignore", "end"]
    wait_seconds: float | None = None
    holds_all: bool = False
    refusal: str = ""


def decide(
    status: int, headers: Mapping[str, str], settings: ResilienceSettings, now: float
) -> Verdict:
    """Decide on a status; ``now`` is in seconds since 1970."""
    if status in _OK:
        return Verdict("ok")
    if status == _UNAUTHORIZED:
        return Verdict("refresh")
    if status in settings.retry_statuses:
        is_limit = status == TOO_MANY_REQUESTS
        return wait_and_retry(headers, settings, now, is_limit=is_limit, holds_all=is_limit)
    # A conditional request found nothing new (RFC 9110 section 15.4.5).
    return Verdict("end" if status == NOT_MODIFIED else "fail")


def wait_and_retry(
    headers: Mapping[str, str],
    settings: ResilienceSettings,
    now: float,
    *,
    is_limit: bool,
    holds_all: bool,
) -> Verdict:
    """Decide to retry after the wait that a response asks for, unless that is too long.

    ``is_limit``: the header of rate limits counts as well. Its time may come within all the
    retries; a ``Retry-After`` beyond ``max_wait`` is final.
    """
    longest = settings.max_wait
    wait = parse_wait(headers.get("Retry-After"), now)
    if wait is None and is_limit:
        header = headers.get(settings.rate_limit_header)
        wait = parse_wait(header, now, settings.rate_limit_format)
        longest *= max(settings.max_retries, 1)
    if wait is not None and wait > longest:
        refusal = (
            f"the server asks for a wait of {wait:,.0f} seconds, which max_wait "
            f"({settings.max_wait:g}) does not allow; run again later"
        )
        return Verdict("fail", wait, refusal=refusal)
    return Verdict("retry", wait, holds_all)


def bounded_wait(
    verdict: Verdict, attempt: int, settings: ResilienceSettings, random: float
) -> float:
    """Return the wait before a retry: what the server asked for, but at least a backoff.

    The backoff has full jitter: ``random`` is from 0 to 1, ``attempt`` counts from 1.
    """
    # 2.0 ** 1024 overflows; max_wait is reached long before.
    backoff = min(settings.max_wait, _FIRST_BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 60))
    return max(min(verdict.wait_seconds or 0.0, settings.max_wait), random * backoff)


def parse_wait(value: str | None, now: float, form: str = "auto") -> float | None:
    """Return the seconds until the time in a header, None if it holds none."""
    number = None if form == "date" else timestamps.read_number(value)
    if number is None:
        return _until_date(value, now) if form in {"auto", "date"} else None
    if form == "milliseconds":
        return number / 1000
    if form == "epoch" or (form == "auto" and number > timestamps.YEAR_SECONDS):
        return timestamps.read_epoch(number) - now
    return number


def _until_date(value: str | None, now: float) -> float | None:
    if not value:
        return None
    iso = timestamps.epoch_seconds(value.strip())
    if iso is not None:
        return float(iso) - now
    try:
        at = parsedate_to_datetime(value)
        # A date without a zone is GMT (RFC 9110 section 5.6.7).
        aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        return aware.timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def describe_failure(error: Exception) -> str:
    """Describe a failed request by a verb phrase, such as ``timed out``."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"failed in TLS ({root_cause(error)})"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "timed out while connecting"
    if isinstance(error, requests.exceptions.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"lost the connection ({root_cause(error)})"
    return f"got a truncated or corrupt response ({root_cause(error)})"


def was_not_sent(error: Exception) -> bool:
    """Return whether a request failed before any of it could reach the server."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    if isinstance(error, requests.exceptions.SSLError):
        # A connection may also break inside TLS, after the request; a refused handshake is safe.
        return "CERTIFICATE_VERIFY_FAILED" in str(error) or "WRONG_VERSION_NUMBER" in str(error)
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, ProxyError):
        # urllib3 raises it for every failure after which the proxy connection is closed.
        reason = reason.original_error
        if str(reason).startswith("Tunnel connection failed"):
            return True
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def root_cause(error: BaseException) -> str:
    """Return the innermost cause as one short masked line, or its type's name."""
    for _ in range(_MAX_CAUSES):
        error = error.__cause__ or error.__context__ or error
    # Masked before it is cut: a part of a secret would not be recognized.
    return redact(" ".join(str(error).split()))[:_MAX_CAUSE_LENGTH] or type(error).__name__
