"""Polling of the device login, with a login UI that records the waits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.errors import AuthorizationError, TokenRequestError
from tap_oauth2_generic.oauth2.grants.device_code import DeviceCode
from tap_oauth2_generic.oauth2.token import Token

RESPONSE = {"device_code": "d-code", "user_code": "U", "verification_uri": "https://a.example"}


class FakeLogin:
    """Login UI and token client: the person confirms after some responses of the provider."""

    def __init__(self, response, *outcomes):
        self.response, self.outcomes, self.waits, self.shown = response, list(outcomes), [], []
        self.endpoints = self

    def say(self, line):
        self.shown.append(line)

    def resolve(self, name):
        return f"https://provider.example/{name}"

    def post_form(self, url, fields):  # noqa: ARG002 - TokenClient's signature
        return self.response

    def wait(self, seconds):
        self.waits.append(seconds)

    def redeem_code(self, fields, _):
        assert fields["device_code"] == "d-code"
        outcome = self.outcomes.pop(0) if self.outcomes else "authorization_pending"
        if outcome == "token":
            return Token("a-token")
        raise TokenRequestError(outcome, outcome)


def login(fake):
    return DeviceCode().login(fake, fake)


def test_polls_at_the_interval_and_slows_down():
    """The interval is the provider's or 5 seconds, and 5 more after slow_down."""
    outcomes = ("authorization_pending", "slow_down", "unreachable", "token")
    ui = FakeLogin({**RESPONSE, "interval": 2}, *outcomes)
    assert login(ui).access_token == "a-token"
    assert ui.waits == [2, 2, 7, 7]
    unnamed = FakeLogin(RESPONSE, "token")
    login(unnamed)
    assert unnamed.waits == [5]


def test_polling_ends_when_the_code_expires():
    """Polling ends after the lifetime that the provider names."""
    ui = FakeLogin({**RESPONSE, "interval": 10, "expires_in": 30})
    with pytest.raises(AuthorizationError, match="expired"):
        login(ui)
    assert sum(ui.waits) == 30


def test_long_interval_and_lifetime_are_capped():
    """A finite interval is cut to five minutes, a lifetime to a day."""
    ui = FakeLogin({**RESPONSE, "interval": 10**6, "expires_in": 10**9})
    with pytest.raises(AuthorizationError, match="expired"):
        login(ui)
    assert ui.waits == [300] * 288


def test_tiny_interval_does_not_make_polling_endless():
    """Polls are a second apart at least."""
    ui = FakeLogin({**RESPONSE, "interval": 1e-9, "expires_in": 20})
    with pytest.raises(AuthorizationError, match="expired"):
        login(ui)
    assert ui.waits == [1] * 20


@pytest.mark.parametrize("beyond", [1e300, "inf", Decimal("1e999999999"), "nan", -1, [], None])
def test_waits_are_bounded_whatever_the_provider_asks(beyond):
    """A wait is five minutes at most, all of them a day."""
    ui = FakeLogin({**RESPONSE, "interval": beyond, "expires_in": beyond})
    with pytest.raises(AuthorizationError, match="expired"):
        login(ui)
    assert max(ui.waits) <= 300
    assert sum(ui.waits) <= 86400


def test_other_error_ends_the_login():
    """An error that does not mean waiting ends the login with the provider's message."""
    with pytest.raises(TokenRequestError, match="invalid_client"):
        login(FakeLogin(RESPONSE, "invalid_client"))


def test_response_without_a_code_is_one_error():
    """An unusable device authorization names the fields it has."""
    with pytest.raises(AuthorizationError, match="the response has: foo"):
        login(FakeLogin({"foo": 1}))
