"""Curl lines as documentation shows them."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.studio.curl import parse_curl

BASE = "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"curl {BASE}/items", {"path": "/items", "method": "GET"}),
        (f"curl '{BASE}/items?a=1&b=x%20y'", {"path": "/items", "params": {"a": "1", "b": "x y"}}),
        (f"curl '{BASE}/items?a=1&a=2'", {"params": {"a": ["1", "2"]}}),
        (f"curl -G {BASE}/items -d a=1 -d b=2", {"method": "GET", "params": {"a": "1", "b": "2"}}),
        (f"curl {BASE}/items -d '{{\"q\": [1]}}'", {"method": "POST", "body": {"q": [1]}}),
        (f"curl {BASE}/items -d a=1 -d b=2", {"body": {"a": "1", "b": "2"}, "body_format": "form"}),
        (f"curl -XPUT --data-raw='[1]' {BASE}/items", {"method": "PUT", "body": [1]}),
        (f"curl --location \\\n  --request DELETE --url {BASE}/items/1", {"method": "DELETE"}),
        (f"curl -H 'X-A: b:c' -HX-D:e {BASE}/items", {"headers": {"X-A": "b:c", "X-D": "e"}}),
        ("curl https://other.example/x", {"path": "https://other.example/x"}),
        ("curl api.example.com/v1", {"path": "/"}),
        (f"curl -u me:secret -o out.json --compressed {BASE}/items", {"path": "/items"}),
    ],
)
def test_curl_line_becomes_a_request(line, expected):
    found = parse_curl(line).definition(BASE)
    assert {name: found.get(name) for name in expected} == expected


def test_headers_of_the_connection_are_left_out():
    found = parse_curl(f"curl -H 'Authorization: Bearer x' -u me:secret {BASE}/items")
    assert found.left_out == ["header Authorization", "-u"]
    assert "secret" not in str(found)
    assert "Bearer" not in str(found)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "must begin with curl"),
        ("wget x", "must begin with curl"),
        ("curl", "has no address"),
        ("curl 'https://a.example", "cannot be read"),
        (f"curl {BASE} -d @file", "is in a file"),
        (f"curl {BASE} -d '&'", "neither JSON nor a form"),
    ],
)
def test_line_that_is_no_request_is_one_sentence(line, reason):
    with pytest.raises(ValueError, match=reason):
        parse_curl(line)
