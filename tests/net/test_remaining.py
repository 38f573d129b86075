"""The response headers that say how many requests are left."""

from __future__ import annotations

from email.utils import formatdate

import pytest
import requests

from tap_oauth2_generic.net.remaining import read_remaining
from tap_oauth2_generic.net.retry import ResilienceSettings

NOW = 1_800_000_000.0
SHOPIFY = "X-Shopify-Shop-Api-Call-Limit"
HUBSPOT = {
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Max": "100",
    "X-HubSpot-RateLimit-Remaining": "7",
    "X-HubSpot-RateLimit-Daily": "250000",
    "X-HubSpot-RateLimit-Daily-Remaining": "90",
}


def read(headers, *, named=None, status=200, **settings):
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    return read_remaining(response, named, ResilienceSettings(**settings), NOW)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, (0, 30)),
        ({"x-ratelimit-remaining": "9", "x-ratelimit-reset": str(int(NOW) + 50)}, (9, 50)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": formatdate(NOW + 5)}, (0, 5)),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "2"}, (0, 2)),
        ({"RateLimit": '"default";r=0;t=2'}, (0, 2)),
        ({"RateLimit": '"a;r=9,b";r=3 ; t=2'}, (3, 2)),
        ({"RateLimit": '"burst";r=5;t=1, "day";r=0;t=200;pk=:c2Vj:'}, (0, 200)),
        ({"RateLimit": '"burst";r=0;t=1, "minute";r=0;t=60'}, (0, 60)),
        ({"RateLimit": "limit=100, remaining=0, reset=5"}, (0, 5)),
        (HUBSPOT, (7, 10)),
        (HUBSPOT | {"X-HubSpot-RateLimit-Remaining": "0"}, (0, 10)),
        (HUBSPOT | {"X-HubSpot-RateLimit-Daily-Remaining": "0"}, (7, 10)),
        ({SHOPIFY: "32/40"}, (8, 0.5)),
        ({SHOPIFY: "40/40"}, (0, 0.5)),
        ({SHOPIFY: "401/400"}, (0, 0.05)),
    ],
)
def test_known_headers_need_no_setting(headers, told):
    """HubSpot's limit of the day is no short one; of several limits the tightest counts."""
    assert read(headers) == pytest.approx(told)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Reset": "30"},
        {"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "30"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) - 9)},
        {"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "soon"},
        {"RateLimit": '"default";r=0'},
        {"RateLimit": '"default";q=100;w=60'},
        {"RateLimit": "unlimited"},
        {"X-HubSpot-RateLimit-Daily": "9", "X-HubSpot-RateLimit-Daily-Remaining": "0"},
        {SHOPIFY: "0/0"},
        {SHOPIFY: "full"},
    ],
)
def test_number_left_or_reset_alone_says_nothing(headers):
    assert read(headers) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Left": "0", "X-Again": "30000"}, 30),
        ({"X-Left": "0", "X-RateLimit-Reset": "9", "X-Again": "30000"}, 30),
        ({"X-RateLimit-Remaining": "0", "X-Again": "30000"}, 30),
    ],
)
def test_rate_limit_header_says_when_the_named_header_is_reset(headers, seconds):
    """It is read in ``rate_limit_format``."""
    settings = {"rate_limit_header": "X-Again", "rate_limit_format": "milliseconds"}
    assert read(headers, named="X-Left", **settings) == (0, seconds)


def test_named_header_has_a_reset_of_like_name():
    assert read({"X-Foo-Remaining": "0", "X-Foo-Reset": "4"}, named="X-Foo-Remaining") == (0, 4)


def test_wait_is_bounded_by_max_wait():
    assert read({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "900"}, max_wait=60) == (0, 60)


def test_429_says_itself_how_long_to_wait():
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "900", "Retry-After": "1"}
    assert read(headers, status=429) is None
