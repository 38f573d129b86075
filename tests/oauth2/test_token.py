"""Token responses, how long a token is fresh, and where a request carries it."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_response import read_token
from tests.support.settings import valid_settings

NOW = 1_800_000_000.0
STREAM = {"name": "items", "path": "items"}
KEY = "key=token-of-the-test"


def token_of(response, previous=None, **settings):
    """Read a token response with these settings."""
    parsed = valid_settings(OAuth2Settings, settings)
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
def test_lifetime_is_a_positive_number_or_numeric_string(lifetime, seconds):
    """expires_in counts from now if it is a positive number; anything else is ignored."""
    token = token_of({"access_token": "t", "expires_in": lifetime})
    assert token.expires_at == (None if seconds is None else NOW + seconds)


@pytest.mark.parametrize("response", [{}, {"expires_in": None}, {"expires_in": 0}])
def test_token_lifetime_is_the_default_lifetime(response):
    """token_lifetime applies if the response has no lifetime."""
    assert token_of({"access_token": "t", **response}, token_lifetime=90).expires_at == NOW + 90


def test_lifetime_of_the_response_wins_over_token_lifetime():
    """token_lifetime yields to a lifetime in the response."""
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
def test_expiry_time_has_many_forms(at):
    """expires_at is epoch seconds, epoch milliseconds or ISO 8601, a number or a string."""
    token = token_of({"access_token": "t", "until": at}, expires_at_path="until")
    assert token.expires_at == NOW + 600


def test_expiry_time_wins_over_lifetime():
    """expires_at counts if both exist, and expires_in if it is unreadable."""
    response = {"access_token": "t", "expires_in": 60, "until": NOW + 600}
    assert token_of(response, expires_at_path="until").expires_at == NOW + 600
    response["until"] = "tomorrow"
    assert token_of(response, expires_at_path="until").expires_at == NOW + 60


@pytest.mark.parametrize("at", [0, None, "", True, [1_800_000_600], {"at": 1_800_000_600}])
def test_expiry_time_that_is_none_is_ignored(at):
    """An expires_at of 0 is ignored like an expires_in of 0."""
    assert token_of({"access_token": "t", "until": at}, expires_at_path="until").expires_at is None


def test_paths_find_renamed_and_nested_fields():
    """The four paths find what the standard calls otherwise."""
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
def test_response_without_a_token_string_is_none(found):
    """An access token is a string that is not empty; anything else is no token."""
    assert token_of({"access_token": found}) is None
    assert token_of({}) is None


@pytest.mark.parametrize(
    ("response", "kept"),
    [({}, "old"), ({"refresh_token": None}, "old"), ({"refresh_token": ""}, "old"),
     ({"refresh_token": "new"}, "new")],
)  # fmt: skip
def test_refresh_token_stays_without_rotation(response, kept):
    """A response without a refresh token keeps the current one; a new one replaces it."""
    assert token_of({"access_token": "t", **response}, previous="old").refresh_token == kept


@pytest.mark.parametrize(
    ("lifetime", "leeway", "last_fresh"),
    [(3600, 60, 3540), (3600, 0, 3600), (100, 60, 50), (100, 50, 50), (10, 10_000, 5)],
)
def test_leeway_is_at_most_half_the_lifetime(lifetime, leeway, last_fresh):
    """A token is fresh until leeway seconds before expiry, for half its lifetime at least."""
    token = Token("t", expires_at=NOW + lifetime, obtained_at=NOW)
    assert token.is_fresh(NOW, leeway)
    assert token.is_fresh(NOW + last_fresh - 0.01, leeway)
    assert not token.is_fresh(NOW + last_fresh, leeway)


def test_token_without_expiry_stays_fresh():
    """A token of unknown expiry stays fresh; an empty one never is."""
    assert Token("t").is_fresh(NOW + 10**9, 60)
    assert not Token("").is_fresh(NOW, 60)


def test_repr_of_a_token_hides_it():
    """The repr contains neither the token nor its response."""
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
def test_token_is_sent_in_the_configured_header(api, tap, settings, name, value):
    """auth_header and auth_prefix define the only header that carries the token."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config(STREAM, **settings))
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
def test_token_in_the_query_changes_nothing_else(api, tap, link, sent):
    """auth_param puts the token into the query, replaces an old one and keeps the rest."""
    waiting = [{"next": f"{api.url}{link}"}]
    api.routes["/items"] = lambda _: waiting.pop() if waiting else {}
    stream = {**STREAM, "pagination": {"style": "next_url", "next_url_path": "next"}}
    stream["schema"] = {"properties": {"next": {"type": "string"}}}
    tap.ok(api.config(stream, auth_param="key"))
    assert [seen.target for seen in api.requests("/items")] == [f"/items?{KEY}", sent]
    assert "Authorization" not in api.requests("/items")[0].headers
