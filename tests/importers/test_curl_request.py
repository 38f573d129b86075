"""Curl lines as documentation shows them, and as browsers copy them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tap_oauth2_generic.config.streams import read_stream
from tap_oauth2_generic.importers.curl_request import parse_curl
from tap_oauth2_generic.settings.fields import ErrorCollector

BASE = "https://api.example.com/v1"
GRAPHQL = "query { viewer { login } a(x: {y: 1}) {id} }"
BASH = rf"""curl '{BASE}/items?a=1&b=x%20y' \
  -X 'POST' \
  -H 'accept: */*' \
  -H 'accept-language: en-GB,en;q=0.9' \
  -H 'authorization: Bearer real-token-1' \
  -H 'content-type: application/json' \
  -b 'session=abc; theme=dark' \
  -H 'origin: https://app.example.com' \
  -H 'sec-ch-ua: "Chromium";v="129"' \
  -H $'x-note: it\'s \u0021' \
  --data-raw $'{{"q":"it\'s\\n\u00fc \u0021"}}' \
  --compressed"""
CMD = (
    f'curl ^"{BASE}/items?a=1^&b=x^%^20y^" ^\r\n  -X ^"POST^" ^\r\n'
    '  -H ^"accept: */*^" ^\r\n  -H ^"authorization: Bearer real-token-1^" ^\r\n'
    '  -H ^"content-type: application/json^" ^\r\n  -b ^"session=abc; theme=dark^" ^\r\n'
    '  -H ^"x-note: it\'s ^!^" ^\r\n'
    '  --data-raw ^"^{^\\^"q^\\^":^\\^"it\'s^\\^\\n^ü ^!^\\^"^}^" ^\r\n  --compressed'
)
OLD_CMD = (
    f'curl "{BASE}/items?a=1&b=x%20y" ^\n  -X "POST" ^\n  -H "x-note: it\'s !" ^\n'
    '  -H "authorization: Bearer real-token-1" ^\n  -H "cookie: session=abc; theme=dark" ^\n'
    '  --data-raw "{\\"q\\":\\"it\'s\\\\n\u00fc !\\"}"'
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"curl {BASE}/items", {"path": "/items", "method": "GET"}),
        (f"$ curl {BASE}/items", {"path": "/items"}),
        (f"curl.exe {BASE}/items", {"path": "/items"}),
        (f"curl '{BASE}/items?a=1&b=x%20y'", {"path": "/items", "params": {"a": "1", "b": "x y"}}),
        (f"curl {BASE}/items?a=1&b=2", {"params": {"a": "1", "b": "2"}}),
        (f"curl '{BASE}/items?a=1&a=2&a=3'", {"params": {"a": ["1", "2", "3"]}}),
        (f"curl '{BASE}/items?a=&b#part'", {"path": "/items", "params": {"a": "", "b": ""}}),
        (f"curl -G {BASE}/items -d a=1 -d b=2", {"method": "GET", "params": {"a": "1", "b": "2"}}),
        (f"curl -Gd a=1 '{BASE}/items?c=3'", {"params": {"c": "3", "a": "1"}, "body": None}),
        (f"curl -G {BASE} --data-urlencode 'q=a b&c'", {"params": {"q": "a b&c"}}),
        (f"curl {BASE} --url-query 'q=a b' --url-query +r=x%2By",
         {"params": {"q": "a b", "r": "x+y"}}),
        (f"curl {BASE}/items -d '{{\"q\": [1]}}'", {"method": "POST", "body": {"q": [1]}}),
        (f"curl {BASE}/items -d a=1 -d b=2", {"body": {"a": "1", "b": "2"}, "body_format": "form"}),
        (f"curl {BASE} -d a=1 -d a=2", {"body": {"a": ["1", "2"]}, "body_format": "form"}),
        (f"curl {BASE} --data-urlencode 'n=a&b'", {"body": {"n": "a&b"}, "body_format": "form"}),
        (f"curl {BASE} --data-raw '@x=1'", {"body": {"@x": "1"}}),
        (f"curl {BASE} --json '{{\"a\"' --json ': 1}}'", {"method": "POST", "body": {"a": 1}}),
        (f"curl --data-binary '[{{\"a\": 1.10}}]' {BASE}", {"body": [{"a": Decimal("1.10")}]}),
        (f"curl -XPUT --data-raw='[1]' {BASE}/items", {"method": "PUT", "body": [1]}),
        (f"curl -d '&a=1' {BASE}", {"body": {"a": "1"}}),
        (f"curl --location \\\n  --request DELETE --url {BASE}/items/1", {"method": "DELETE"}),
        (f"curl -I {BASE}", {"method": "GET"}),
        (f"curl -H 'X-A: b:c' -HX-D:e {BASE}/items", {"headers": {"X-A": "b:c", "X-D": "e"}}),
        (f"curl -H 'Accept: application/vnd.a+json' {BASE}",
         {"headers": {"Accept": "application/vnd.a+json"}}),
        (f'curl {BASE} \\\n-H "X-A: 1" \\\n    -H "X-B: 2"', {"headers": {"X-A": "1", "X-B": "2"}}),
        ("curl https://other.example/x", {"path": "https://other.example/x"}),
        ("curl api.example.com/v1", {"path": "/"}),
        (f"curl -sSL -o out.json --max-time 5 --compressed -k {BASE}/items", {"path": "/items"}),
        (f"curl --retry 3 {BASE}/items -w '%{{http_code}}' | jq '.data[] | .id'",
         {"path": "/items"}),
        (f"curl {BASE}/items > out.json 2>&1", {"path": "/items"}),
        (f"curl '{BASE}/items?page_token=abc&sort_key=id'",
         {"params": {"page_token": "abc", "sort_key": "id"}}),
    ],
)  # fmt: skip
def test_curl_line_becomes_a_request(line, expected):
    found = parse_curl(line).definition(BASE)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("line", [BASH, CMD, OLD_CMD], ids=["bash", "cmd", "old cmd"])
def test_line_copied_by_a_browser_becomes_the_request(line):
    found = parse_curl(line)
    assert found.definition(BASE) == {
        "path": "/items",
        "method": "POST",
        "params": {"a": "1", "b": "x y"},
        "headers": {"x-note": "it's !"},
        "body": {"q": "it's\nü !"},
    }
    assert found.connection == {
        "access_token": "real-token-1",
        "headers": {"cookie" if line == OLD_CMD else "Cookie": "session=abc; theme=dark"},
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-H 'Authorization: Bearer t-1'", {"access_token": "t-1"}),
        ("--oauth2-bearer t-1", {"access_token": "t-1"}),
        ("-u me:s3:cret", {"grant_type": "basic", "username": "me", "password": "s3:cret"}),
        ("-H 'authorization: Basic bWU6cHc='",
         {"grant_type": "basic", "username": "me", "password": "pw"}),
        ("-u key-k1:", {"headers": {"Authorization": "Basic a2V5LWsxOg=="}}),
        ("-H 'Authorization: Basic a2V5LWsxOg=='",
         {"headers": {"Authorization": "Basic a2V5LWsxOg=="}}),
        ("-u me", {"grant_type": "basic", "username": "me"}),
        ("-H 'Authorization: Token t-1'", {"headers": {"Authorization": "Token t-1"}}),
        ("-H 'X-Api-Key: k{1}'", {"headers": {"X-Api-Key": "k{{1}}"}}),
        ("-H 'apikey: k1' -b 'a=b'", {"headers": {"apikey": "k1", "Cookie": "a=b"}}),
        ("-G -d api_key=k1 -d page=2", {"params": {"api_key": "k1"}}),
        ("-G -d access_token=k1", {"params": {"access_token": "k1"}}),
    ],
)  # fmt: skip
def test_secrets_are_apart_from_the_request(options, expected):
    found = parse_curl(f"curl {options} {BASE}/items")
    assert found.connection == expected
    assert not re.search("t-1|s3|cGw=|k1|a=b", str(found.definition(BASE)))


@pytest.mark.parametrize(
    "token",
    ["$TOKEN", "${TOKEN}", "{token}", "<your token>", "YOUR_TOKEN", "xxxx", "eyJ...", "my-token",
     "TOKEN", "ACCESS_TOKEN", "API_KEY", "APIKEY", "THE-API-KEY-HERE", "secret", "access_token"],
)  # fmt: skip
def test_placeholder_of_a_documentation_is_no_token(token):
    found = parse_curl(f"curl -H 'Authorization: Bearer {token}' -H 'X-Api-Key: {token}' {BASE}")
    assert found.connection == {}
    assert found.left_out == ["header Authorization", "header X-Api-Key"]


@pytest.mark.parametrize("token", ["KEYED4TOKEN", "TOKENS-OF-2", "secret-1", "token_abc", "AKEYB"])
def test_token_that_only_holds_such_a_word_is_one(token):
    found = parse_curl(f"curl -H 'Authorization: Bearer {token}' {BASE}")
    assert found.connection == {"access_token": token}


def test_placeholder_of_a_password_is_no_password():
    found = parse_curl(f"curl -u me:PASSWORD {BASE}")
    assert found.connection == {"grant_type": "basic", "username": "me"}
    assert found.stand_ins == {"password": None}


@pytest.mark.parametrize(
    "data",
    [
        "-d client_secret=s3cret -d q=1",
        "-d q=1 --data-urlencode 'password=s3cret'",
        '--json \'{"q": "1", "api_token": "s3cret"}\'',
        '--json \'{"q": "1", "auth": {"accessToken": "s3cret"}}\'',
        '--json \'{"q": "1", "logins": [{"apiKey": "s3cret"}]}\'',
    ],
)
def test_secret_of_a_body_is_left_out_and_named(data):
    """The body of a stream is not a secret setting, so it must not hold one."""
    found = parse_curl(f"curl {BASE} {data}")
    assert "s3cret" not in str(found)
    assert found.body["q"] == "1"
    assert len(found.left_out_of_body) == 1


@pytest.mark.parametrize("name", ["projectKey", "key", "page_token", "sync_token", "tokens_used"])
def test_body_keeps_what_is_data(name):
    found = parse_curl(f"curl {BASE} -d {name}=abc")
    assert found.body == {name: "abc"}
    assert found.left_out_of_body == []


@pytest.mark.parametrize("line", ["-u YOUR_KEY: https://api.example.com", "https://$KEY@a.example"])
def test_placeholder_of_a_key_as_the_user_is_left_out(line):
    found = parse_curl(f"curl {line}")
    assert (found.connection, found.left_out) == ({}, ["header Authorization"])


def test_key_in_the_address_is_apart_from_the_request():
    found = parse_curl("curl https://key-k1@api.example.com/items")
    assert found.connection == {"headers": {"Authorization": "Basic a2V5LWsxOg=="}}


def test_credentials_in_the_address_are_taken_out():
    found = parse_curl("curl https://me:pw@api.example.com/items")
    assert found.url == "https://api.example.com/items"
    assert found.connection["username"] == "me"


def test_braces_of_a_body_are_no_placeholders():
    """What is pasted is sent: the stream's template fills nothing in."""
    body = parse_curl(f'curl {BASE} --json \'{{"query": "{GRAPHQL}"}}\'').body
    collector = ErrorCollector()
    stream = read_stream({"name": "x", "path": "/", "method": "POST", "body": body}, collector)
    assert not collector.errors
    assert stream.request.body["query"].render({}) == GRAPHQL


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "must begin with curl"),
        ("wget x", "must begin with curl"),
        ("Invoke-WebRequest -Uri 'https://a.example'", "must begin with curl"),
        ("curl", "has no address"),
        ("curl -H", "option -H requires argument"),
        ("curl --he x: y", "several addresses|not a unique prefix"),
        ("curl https://a.example https://b.example", "several addresses"),
        ("curl 'https://a.example", "cannot be read"),
        pytest.param(f"curl -d {'a' * 2**17} {BASE}", "more than 131,072 characters", id="long"),
        (f"curl {BASE} -d @file", "is in a file"),
        (f"curl {BASE} --data-urlencode q@file", "is in a file"),
        (f"curl {BASE} -H @file", "are in a file"),
        (f"curl {BASE} -d '&'", "neither JSON nor a form"),
        (f"curl {BASE} -d '<a/>'", "neither JSON nor a form"),
        (f"curl {BASE} --json '{{a: 1}}'", "neither JSON nor a form"),
        (f"curl {BASE} -F file=@a.csv", "-F sends a form of parts"),
        (f"curl {BASE} -T a.csv", "-T sends a file"),
        (f"curl -K options {BASE}", "-K reads its options from a file"),
        (f"curl {BASE} --next {BASE}", "--next begins a second request"),
    ],
)
def test_line_that_is_no_request_is_one_sentence(line, reason):
    with pytest.raises(ValueError, match=reason):
        parse_curl(line)
