"""Where a request carries the token, and what carries no token at all."""

from __future__ import annotations

import pytest
import requests

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.session import Session
from tests.support.settings import valid_config

TOKEN = "a/token+of=the test"
ENCODED = "a%2Ftoken%2Bof%3Dthe%20test"
LASTING = {"grant_type": "refresh_token", "access_token": "lasting-token"}
BASIC = {"grant_type": "basic", "username": "ann", "password": "pass"}


def connect(**settings):
    given = {"base_url": "https://api.example.com", "streams": [{"name": "a", "path": "a"}]}
    config = valid_config({**given, **settings})
    return Session.of(config, Clock(), lambda: None).authenticator


def signed(authenticator, query="", token=TOKEN):
    url = f"https://api.example.com/a{query}"
    request = requests.Request("GET", url, headers={"X": "kept"}).prepare()
    request.url = url
    for _ in range(2):
        authenticator.sign(request, token)
    headers = {name: value for name, value in request.headers.items() if name != "X"}
    return headers, request.url.removeprefix("https://api.example.com/a")


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, {"Authorization": f"Bearer {TOKEN}"}),
        ({"auth_prefix": "Token token="}, {"Authorization": f"Token token={TOKEN}"}),
        ({"auth_prefix": "", "auth_header": "X-Key"}, {"X-Key": TOKEN}),
    ],
)
def test_header_carries_the_token_behind_its_prefix(settings, header):
    assert signed(connect(**LASTING, **settings), "?key=kept") == (header, "?key=kept")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("?a=%E9%2Fa+b,c&b", "a=%E9%2Fa+b,c&b&"),
        ("?a=1&&b=2", "a=1&b=2&"),
        ("?my+%2fkey=old&a=my+%2Fkey", "a=my+%2Fkey&"),
    ],
)
def test_query_carries_the_token_once_and_keeps_the_rest_as_it_is(query, kept):
    authenticator = connect(**LASTING, auth_param="my /key")
    assert signed(authenticator, query) == ({}, f"?{kept}my%20%2Fkey={ENCODED}")


@pytest.mark.parametrize(
    ("settings", "token", "header"),
    [
        (BASIC, "Basic YW5uOnBhc3M=", {"Authorization": "Basic YW5uOnBhc3M="}),
        ({"grant_type": "none"}, "", {}),
    ],
)
def test_request_without_a_token_carries_the_credentials_if_there_are_any(settings, token, header):
    authenticator = connect(**settings)
    assert authenticator.access_token() == token
    assert authenticator.response() == {}
    assert signed(authenticator, token=token) == (header, "")
    assert authenticator.stored_chain() is None
    assert authenticator.renew_stored() is False


@pytest.mark.parametrize("settings", [BASIC, {"grant_type": "none"}])
def test_grant_without_tokens_needs_no_login(settings):
    name = settings["grant_type"]
    with pytest.raises(AuthorizationError, match=f"grant_type {name} needs no login"):
        connect(**settings).login(None)


def test_token_that_nothing_renews_is_used_as_it_is():
    """It is the field of a token response, is not stored, and is an error once rejected."""
    authenticator = connect(**LASTING)
    assert authenticator.access_token() == "lasting-token"
    assert authenticator.response() == {"access_token": "lasting-token"}
    assert authenticator.renew_stored() is False
    assert authenticator.stored_chain() is None
    with pytest.raises(AuthorizationError, match="the API rejected access_token"):
        authenticator.renew("lasting-token")


def test_credentials_that_the_api_rejects_are_an_error():
    with pytest.raises(AuthorizationError, match="password"):
        connect(**BASIC).renew("Basic YW5uOnBhc3M=")
