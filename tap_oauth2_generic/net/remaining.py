"""Response headers that say how many requests are left, and when there are more; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import requests

from tap_oauth2_generic.net.retry import TOO_MANY_REQUESTS, ResilienceSettings, parse_wait
from tap_oauth2_generic.runtime.timestamps import read_number

# HubSpot has another one for the day, which says nothing of when the day ends.
_HEADERS = ("X-RateLimit-Remaining", "RateLimit-Remaining", "X-HubSpot-RateLimit-Remaining")
# Each of Shopify's plans empties a full bucket in 20 s: of 40 requests at 2 a second, of 400 at 20.
_SHOPIFY, _SHOPIFY_SECONDS = "X-Shopify-Shop-Api-Call-Limit", 20
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_PARAMETER = re.compile(r"(\w+)\s*=\s*([\d.]+)")
_Told = tuple[float | None, float | None]


def read_remaining(
    response: requests.Response, named: str | None, settings: ResilienceSettings, now: float
) -> tuple[float, float] | None:
    """Return how many requests are left, and the seconds until there are more.

    None if the headers do not say both, or for a 429: that says itself how long to wait.
    ``named`` is one more header; the tightest limit counts.
    """
    headers = response.headers
    if response.status_code == TOO_MANY_REQUESTS:
        return None
    told = [*_single(headers, named, settings, now), *_ietf(headers.get("RateLimit", ""))]
    used, _, size = headers.get(_SHOPIFY, "").partition("/")
    count, full = read_number(used), read_number(size)
    if count is not None and full:
        # One request leaks out of the bucket in this time.
        told.append((max(full - count, 0), _SHOPIFY_SECONDS / full))
    # A negative number stands for no limit; a reset that has passed says nothing.
    known = [(left, -s) for left, s in told if left is not None and s and left >= 0 and s > 0]
    left, seconds = min(known, default=(0, 0))
    return (int(left), min(-seconds, settings.max_wait)) if known else None


def _single(
    headers: Mapping[str, str], named: str | None, settings: ResilienceSettings, now: float
) -> Iterator[_Told]:
    reset = parse_wait(headers.get(settings.rate_limit_header), now, settings.rate_limit_format)
    for name in (named or "", *_HEADERS):
        own = headers.get(name.replace("Remaining", "Reset"))
        interval = headers.get(name.replace("Remaining", "Interval-Milliseconds"))
        resets = (reset, parse_wait(own, now), parse_wait(interval, now, "milliseconds"))
        yield read_number(headers.get(name)), next((s for s in resets if s is not None), None)


def _ietf(header: str) -> Iterator[_Told]:
    """Yield each limit of ``"a";r=0;t=2, "b";r=9;t=50``, or that of ``remaining=0, reset=2``.

    The second form is that of the drafts before draft-ietf-httpapi-ratelimit-headers-08.
    """
    bare = _QUOTED.sub("", header)
    for item in [bare] if "remaining" in bare else bare.split(","):
        told = dict(_PARAMETER.findall(item))
        left, seconds = told.get("remaining", told.get("r")), told.get("reset", told.get("t"))
        yield read_number(left), read_number(seconds)
