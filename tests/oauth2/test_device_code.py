"""The device login: what it sends and shows, and how it polls; nothing sleeps."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.errors import AuthorizationError, TokenRequestError
from tap_oauth2_generic.oauth2.grants.device_code import DeviceCode
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.runtime.redaction import redact
from tests.support.login_ui import RecordingUI
from tests.support.server import Drop, Reply

CLIENT = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
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


@pytest.mark.parametrize("interval", [None, 0, -1, "soon", [1]])
def test_interval_that_is_none_is_five_seconds(interval):
    """A lifetime that is none is fifteen minutes."""
    ui = FakeLogin({**RESPONSE, "interval": interval, "expires_in": interval})
    with pytest.raises(AuthorizationError, match="expired"):
        login(ui)
    assert ui.waits == [5] * 180


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


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri"])
@pytest.mark.parametrize("value", [None, ""])
def test_response_needs_code_and_address(name, value):
    ui = FakeLogin({**RESPONSE, name: value})
    with pytest.raises(AuthorizationError, match="has: device_code, user_code, verification_uri"):
        login(ui)
    assert not ui.shown


def test_empty_response_is_one_error():
    with pytest.raises(AuthorizationError, match="the response has: nothing"):
        login(FakeLogin({}))


@pytest.mark.parametrize(
    ("further", "shown"),
    [
        ({}, ["https://a.example", "U"]),
        (
            {"verification_uri": None, "verification_url": "https://b.example"},
            ["https://b.ex", "U"],
        ),
        (
            {"verification_uri_complete": "https://a.example?c=U"},
            ["https://a.example", "U", "?c=U"],
        ),
    ],
    ids=["standard", "name of Google", "complete"],
)
def test_address_and_code_are_shown(further, shown):
    """Some providers call the address ``verification_url``, or have one that holds the code."""
    login(ui := FakeLogin({**RESPONSE, **further}, "token"))
    assert len(ui.shown) == len(shown)
    assert all(one in line for one, line in zip(shown, ui.shown, strict=True))


def test_expired_token_ends_the_polling():
    ui = FakeLogin(RESPONSE, "expired_token", "token")
    with pytest.raises(AuthorizationError, match="expired before it was confirmed"):
        login(ui)
    assert len(ui.waits) == 1


def test_denial_ends_the_polling():
    ui = FakeLogin(RESPONSE, "access_denied", "token")
    with pytest.raises(AuthorizationError, match="denied on the other device"):
        login(ui)
    assert len(ui.waits) == 1


def test_requests_of_the_login(api, clock):
    """The client authenticates in both; the code is redeemed until it is confirmed, and masked."""
    api.serve("/device", {**RESPONSE, "device_code": "code-of-device", "expires_in": 600})
    pending = Reply({"error": "authorization_pending"}, 400)
    replies = [pending, Drop, {"access_token": "token-of-person"}]
    api.token = lambda _: replies.pop(0)
    address = {"device_authorization_url": f"{api.url}/device"}
    raw = api.config({"name": "items", "path": "items"}, grant_type="device_code", **address)
    ui = RecordingUI()
    assert ui.log_in({**raw, "scopes": "a b"}, clock).access_token == "token-of-person"
    assert api.requests("/device")[0].form == {**CLIENT, "scope": "a b"}
    kind = "urn:ietf:params:oauth:grant-type:device_code"
    poll = {"grant_type": kind, "device_code": "code-of-device", **CLIENT}
    assert [request.form for request in api.requests("/token")] == [poll] * 3
    assert redact("code-of-device") == "***"
    assert (len(ui.shown), ui.waits) == (2, [5, 5, 5])


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (Reply({"error": "x"}, 400), "rejected the device authorization request with status 400"),
        ([], "the response has: nothing"),
        (RESPONSE, "rejected the device_code request with status 400"),
    ],
)
def test_rejected_request_is_named(api, clock, device, said):
    api.serve("/device", device)
    api.token = lambda _: Reply({"error": "invalid_request"}, 400)
    address = {"device_authorization_url": f"{api.url}/device"}
    raw = api.config({"name": "items", "path": "items"}, grant_type="device_code", **address)
    with pytest.raises(AuthorizationError, match=said):
        RecordingUI().log_in(raw, clock)
