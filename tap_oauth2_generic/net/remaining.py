"""Response headers that say how many requests are left, and when there are more; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import requests

from tap_oauth2_generic.net.retry import TOO_MANY_REQUESTS, ResilienceSettings, parse_wait
from tap_oauth2_generic.runtime.timestamps import read_number

# HubSpot has another one for the day, which says nothing of when the day ends.
_HEADERS = ("X-RateLimit-Remaining", "RateLimit-Remaining", "X-HubSpot-RateLimit-Remaining")
# Each of Shopify's plans empties a full bucket in 20 s: of 40 requests at 2 a second, of 400 at 20.
_SHOPIFY, _SHOPIFY_SECONDS = "X-Shopify-Shop-Api-Call-Limit", 20
_KNOWN = {name.lower() for name in (*_HEADERS, _SHOPIFY, "RateLimit")}
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_PARAMETER = re.compile(r"(\w+)\s*=\s*([\d.]+)")


def read_remaining(
    response: requests.Response, named: str | None, settings: ResilienceSettings, now: float
) -> tuple[int, float] | None:
    """Return how many requests are left, and the seconds until there are more.

    None if the headers do not say both, or for a 429: that says itself how long to wait.
    ``named`` is one more header; the tightest limit counts.
    """
    headers = response.headers
    if _KNOWN.isdisjoint(map(str.lower, headers)) and (named is None or named not in headers):
        return None
    limits = [*_ietf(headers.get("RateLimit", ""))]
    reset = parse_wait(headers.get(settings.rate_limit_header), now, settings.rate_limit_format)
    for name in filter(None, (named, *_HEADERS)):
        own = parse_wait(headers.get(name.replace("Remaining", "Reset")), now)
        interval = read_number(headers.get(name.replace("Remaining", "Interval-Milliseconds")))
        limits.append((read_number(headers.get(name)), reset or own or (interval or 0) / 1000))
    used, size = map(read_number, headers.get(_SHOPIFY, "").partition("/")[::2])
    if used is not None and size:
        # One request leaks out of the bucket in this time.
        limits.append((max(size - used, 0), _SHOPIFY_SECONDS / size))
    # A negative number stands for no limit; a reset that has passed says nothing.
    known = [(int(left), -s) for left, s in limits if left is not None and s and left >= 0 < s]
    if not known or response.status_code == TOO_MANY_REQUESTS:
        return None
    left, seconds = min(known)
    return left, min(-seconds, settings.max_wait)


def _ietf(header: str) -> Iterator[tuple[float | None, float | None]]:
    """Yield each limit of ``"a";r=0;t=2, "b";r=9;t=50``, or that of ``remaining=0, reset=2``.

    The second form is that of the drafts before draft-ietf-httpapi-ratelimit-headers-08.
    """
    bare = _QUOTED.sub("", header)
    for item in [bare] if "remaining" in bare else bare.split(","):
        parameters = dict(_PARAMETER.findall(item))
        left, seconds = (
            parameters.get("remaining", parameters.get("r")),
            parameters.get("reset", parameters.get("t")),
        )
        yield read_number(left), read_number(seconds)
