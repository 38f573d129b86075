"""The device login's patience, at a desk whose clock the test can read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.errors import AuthorizationError, TokenRequestError
from tap_oauth2_generic.oauth2.grants.device_code import DeviceCode
from tap_oauth2_generic.oauth2.token import Token

ANSWER = {"device_code": "d-code", "user_code": "U", "verification_uri": "https://a.example"}


class Desk:
    """A person who confirms after some answers of the provider."""

    def __init__(self, answer, *outcomes):
        self.answer, self.outcomes, self.waits, self.said = answer, list(outcomes), [], []

    def say(self, text):
        self.said.append(text)

    def endpoint(self, name):
        return f"https://provider.example/{name}"

    def post(self, url, fields):  # noqa: ARG002 - what a desk takes
        return self.answer

    def wait(self, seconds):
        self.waits.append(seconds)

    def fetch_token(self, fields):
        assert fields["device_code"] == "d-code"
        outcome = self.outcomes.pop(0) if self.outcomes else "authorization_pending"
        if outcome == "token":
            return Token("a-token")
        raise TokenRequestError(outcome, outcome)


def test_it_asks_at_the_interval_and_slows_down_when_told():
    """The interval is the provider's, 5 seconds without one, and 5 more after slow_down."""
    outcomes = ("authorization_pending", "slow_down", "unreachable", "token")
    ui = Desk({**ANSWER, "interval": 2}, *outcomes)
    assert DeviceCode().login(ui).access_token == "a-token"
    assert ui.waits == [2, 2, 7, 7]
    unnamed = Desk(ANSWER, "token")
    DeviceCode().login(unnamed)
    assert unnamed.waits == [5]


def test_it_ends_when_the_code_expires():
    """After the lifetime that the provider names nobody is asked any more."""
    ui = Desk({**ANSWER, "interval": 10, "expires_in": 30})
    with pytest.raises(AuthorizationError, match="expired"):
        DeviceCode().login(ui)
    assert sum(ui.waits) == 30


@pytest.mark.parametrize("beyond", [1e300, "inf", Decimal("1e999999999"), "nan", -1, [], None])
def test_no_provider_can_make_it_wait_for_ever(beyond):
    """A wait is five minutes at most and all of them a day, whatever the provider says."""
    ui = Desk({**ANSWER, "interval": beyond, "expires_in": beyond})
    with pytest.raises(AuthorizationError, match="expired"):
        DeviceCode().login(ui)
    assert max(ui.waits) <= 300
    assert sum(ui.waits) <= 86400


def test_another_refusal_is_the_providers_own():
    """An error that is none of the waiting ones ends the login with what the provider said."""
    with pytest.raises(TokenRequestError, match="invalid_client"):
        DeviceCode().login(Desk(ANSWER, "invalid_client"))


def test_an_answer_without_a_code_is_said():
    """An answer that is no device authorization names what it has."""
    with pytest.raises(AuthorizationError, match="the response has: foo"):
        DeviceCode().login(Desk({"foo": 1}))
