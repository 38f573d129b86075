"""A token: its fields, what is secret of it, when it is fresh and how it is stored."""

from __future__ import annotations

import math

import pytest

from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.runtime.redaction import MASK, redact

NOW = 1_800_000_000.0
DAY = 86_400


@pytest.mark.parametrize(
    "response",
    [
        {"id_token": "WORD"},
        {"clientSecret": "WORD"},
        {"API_KEY": "WORD"},
        {"password_hint": "WORD"},
        {"data": {"list": [{"other": 1, "token": "WORD"}]}},
        {"session_token": ["other", "WORD"]},
    ],
)
def test_fields_of_a_response_with_a_secret_name_are_masked(response):
    """At any depth; the tokens themselves are, too."""
    Token("an-access-token", "a-refresh-token", response=response)
    assert redact("an-access-token a-refresh-token WORD") == f"{MASK} {MASK} {MASK}"


@pytest.mark.parametrize(
    "response", [{"scope": "WORD"}, {"keys": "WORD"}, {"token_type": "WORD"}, {"token": 12345678}]
)
def test_other_fields_stay_readable(response):
    Token("an-access-token", response=response)
    assert redact("WORD 12345678") == "WORD 12345678"


def test_parameters_of_a_redirect_are_masked_by_their_names():
    Token("an-access-token", redirect={"api_key": "key-of-the-redirect", "shop": "name-of-shop"})
    assert redact("key-of-the-redirect name-of-shop") == f"{MASK} name-of-shop"


def test_fields_have_the_usual_names_and_the_response_wins():
    token = Token("access", "refresh", redirect={"shop": "a", "region": "b"}, response={"shop": 1})
    assert token.fields == {
        "access_token": "access", "refresh_token": "refresh", "shop": 1, "region": "b",
    }  # fmt: skip
    assert Token("access", response={"access_token": "other"}).fields["access_token"] == "other"


def test_token_to_be_exchanged_is_stored_in_an_empty_one():
    """One that was exchanged loses what it was exchanged for; an empty one stays empty."""
    own = Token("own", "refresh", NOW, 1.0, {"a": 1})
    exchanged = Token("of-the-api", "refresh", NOW + 5, 2.0, {"b": 2}, first=own)
    for token in (own, exchanged):
        assert token.own == own
        stored = token.before_exchange()
        assert (stored.access_token, stored.expires_at, stored.first) == ("", None, own)
        assert (stored.refresh_token, stored.response) == ("refresh", {"a": 1})
    empty = Token("", "refresh")
    assert empty.before_exchange() == empty


@pytest.mark.parametrize("leeway", [0, math.inf])
def test_empty_token_is_never_fresh(leeway):
    for token in (Token(""), Token("", expires_at=NOW + 100, obtained_at=NOW)):
        assert token.is_fresh(NOW, leeway) is False


def test_token_of_unknown_end_that_renews_itself_is_fresh_for_a_day():
    token = Token("access", obtained_at=NOW)
    assert token.is_fresh(NOW + DAY - 1, math.inf)
    assert not token.is_fresh(NOW + DAY, math.inf)
    assert token.is_fresh(NOW + DAY, 60)


def test_token_that_renews_itself_is_fresh_for_half_its_lifetime():
    token = Token("access", expires_at=NOW + 100, obtained_at=NOW)
    assert token.is_fresh(NOW + 49, math.inf)
    assert not token.is_fresh(NOW + 50, math.inf)


@pytest.mark.parametrize("leeway", [0, 60, math.inf])
def test_token_that_had_ended_when_it_was_obtained_is_not_fresh(leeway):
    assert not Token("access", expires_at=NOW - 1000, obtained_at=NOW).is_fresh(NOW, leeway)
