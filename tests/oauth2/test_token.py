"""How a token response is read, how long its token is fresh, and where it goes on a request."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.oauth2 import OAuth2Settings
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_response import read_token
from tap_oauth2_generic.settings.fields import ErrorCollector, read

NOW = 1_800_000_000.0
STREAM = {"name": "items", "path": "items"}
KEY = "key=token-of-the-test"


def token_of(response, previous=None, **settings):
    """Read a token response under some settings."""
    collector = ErrorCollector()
    parsed = read(OAuth2Settings, settings, "", collector)
    assert parsed is not None, collector.errors
    return read_token(response, parsed, NOW, previous)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        (3600, 3600),
        (3599.5, 3599.5),
        ("3600", 3600),
        (" 3600 ", 3600),
        (None, None),
        (0, None),
        ("0", None),
        (-1, None),
        ("", None),
        ("never", None),
        (True, None),
        ([3600], None),
    ],
)
def test_a_lifetime_is_a_positive_number_or_text_of_one(lifetime, seconds):
    """expires_in counts from now where it is a positive number or text; else it says nothing."""
    token = token_of({"access_token": "t", "expires_in": lifetime})
    assert token.expires_at == (None if seconds is None else NOW + seconds)


@pytest.mark.parametrize("response", [{}, {"expires_in": None}, {"expires_in": 0}])
def test_token_lifetime_counts_where_the_response_says_nothing(response):
    """token_lifetime stands in for a lifetime that the response does not name."""
    assert token_of({"access_token": "t", **response}, token_lifetime=90).expires_at == NOW + 90


def test_the_lifetime_of_the_response_beats_token_lifetime():
    """token_lifetime gives way to a lifetime in the response."""
    token = token_of({"access_token": "t", "expires_in": 10}, token_lifetime=90)
    assert token.expires_at == NOW + 10


@pytest.mark.parametrize(
    "at",
    [
        1_800_000_600,
        "1800000600",
        1_800_000_600_000,
        "1800000600000",
        "2027-01-15T08:10:00Z",
        " 2027-01-15T09:10:00+01:00 ",
        "2027-01-15T08:10:00",
    ],
)
def test_an_instant_of_expiry_comes_in_every_form(at):
    """expires_at is epoch seconds, epoch milliseconds or ISO 8601, as number or text."""
    token = token_of({"access_token": "t", "until": at}, expires_at_path="until")
    assert token.expires_at == NOW + 600


def test_an_instant_beats_a_lifetime():
    """expires_at counts where both are there, and expires_in where it cannot be read."""
    response = {"access_token": "t", "expires_in": 60, "until": NOW + 600}
    assert token_of(response, expires_at_path="until").expires_at == NOW + 600
    response["until"] = "tomorrow"
    assert token_of(response, expires_at_path="until").expires_at == NOW + 60


def test_an_instant_of_zero_says_nothing():
    """An expires_at of 0 is no instant, as an expires_in of 0 is no lifetime."""
    assert token_of({"access_token": "t", "until": 0}, expires_at_path="until").expires_at is None


def test_tokens_are_found_under_renamed_and_nested_paths():
    """The four paths say where a provider keeps what the standard calls otherwise."""
    response = {"data": [{"tok.en": "a-token", "r": {"t": "r-token"}}], "meta": {"ttl": 60}}
    token = token_of(
        response,
        access_token_path="data.0.'tok.en'",
        refresh_token_path="$.data[0].r.t",
        expires_in_path="meta.ttl",
    )
    assert (token.access_token, token.refresh_token) == ("a-token", "r-token")
    assert token.expires_at == NOW + 60
    assert token.response == response


@pytest.mark.parametrize("found", [None, "", 5, {"t": "x"}])
def test_an_answer_without_a_text_for_a_token_is_none(found):
    """An access token is a text that is not empty; anything else is no token."""
    assert token_of({"access_token": found}) is None
    assert token_of({}) is None


@pytest.mark.parametrize(
    ("response", "kept"),
    [({}, "old"), ({"refresh_token": None}, "old"), ({"refresh_token": ""}, "old"),
     ({"refresh_token": "new"}, "new")],
)  # fmt: skip
def test_a_provider_that_does_not_rotate_leaves_the_refresh_token(response, kept):
    """A response without a refresh token keeps the one in use; one with a new one replaces it."""
    assert token_of({"access_token": "t", **response}, previous="old").refresh_token == kept


@pytest.mark.parametrize(
    ("lifetime", "leeway", "last_fresh"),
    [(3600, 60, 3540), (3600, 0, 3600), (100, 60, 50), (100, 50, 50), (10, 10_000, 5)],
)
def test_the_leeway_is_at_most_half_the_lifetime(lifetime, leeway, last_fresh):
    """A token is fresh until leeway seconds before its end, and for half its lifetime at least."""
    token = Token("t", expires_at=NOW + lifetime, obtained_at=NOW)
    assert token.is_fresh(NOW, leeway)
    assert token.is_fresh(NOW + last_fresh - 0.01, leeway)
    assert not token.is_fresh(NOW + last_fresh, leeway)


def test_a_token_without_an_end_stays_fresh():
    """A token whose end nobody knows is fresh until the API says otherwise; an empty one never."""
    assert Token("t").is_fresh(NOW + 10**9, 60)
    assert not Token("").is_fresh(NOW, 60)


def test_a_token_does_not_show_itself():
    """The representation of a token holds neither it nor the response that it came in."""
    token = Token("a-token", "r-token", response={"access_token": "a-token", "extra": "private"})
    assert not any(secret in repr(token) for secret in ("a-token", "r-token", "private"))


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({}, "Authorization", "Bearer token-of-the-test"),
        ({"auth_prefix": "Zoho-oauthtoken"}, "Authorization", "Zoho-oauthtoken token-of-the-test"),
        ({"auth_header": "X-Token", "auth_prefix": ""}, "X-Token", "token-of-the-test"),
    ],
)
def test_the_token_goes_into_the_header_of_the_settings(api, tap, settings, name, value):
    """auth_header and auth_prefix say which header carries the token, and how; no other does."""
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM, **settings)).status == 0
    headers = api.requests("/items")[0].headers
    carrying = {k: v for k, v in headers.items() if "token-of-the-test" in v}
    assert carrying == {name: value}


@pytest.mark.parametrize(
    ("link", "sent"),
    [
        ("/items", f"/items?{KEY}"),
        ("/items?after=%E9%2Fa+b,c", f"/items?after=%E9%2Fa+b,c&{KEY}"),
        pytest.param(
            "/items?after=%E9%2Fa+b,c&key=old",
            f"/items?after=%E9%2Fa+b,c&{KEY}",
        ),
    ],
)
def test_the_token_goes_into_the_query_and_changes_nothing_else(api, tap, link, sent):
    """auth_param puts the token into the query, where an old one is exchanged; the rest stays."""
    waiting = [{"next": f"{api.url}{link}"}]
    api.routes["/items"] = lambda _: waiting.pop() if waiting else {}
    stream = {**STREAM, "pagination": {"style": "next_url", "next_url_path": "next"}}
    stream["schema"] = {"properties": {"next": {"type": "string"}}}
    run = tap(api.config(stream, auth_param="key"))
    assert run.status == 0, run.errors
    assert [seen.target for seen in api.requests("/items")] == [f"/items?{KEY}", sent]
    assert "Authorization" not in api.requests("/items")[0].headers
