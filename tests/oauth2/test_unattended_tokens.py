"""Tokens that no person is asked for, requested or signed in the process of the test."""

from __future__ import annotations

import re

import jwt
import pytest

from tap_oauth2_generic.errors import AuthorizationError, TokenLostError, TokenRequestError
from tap_oauth2_generic.oauth2.grants.basic import Basic
from tap_oauth2_generic.oauth2.grants.none import NoGrant
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.session import Session
from tests.support.login_ui import RecordingUI
from tests.support.server import Drop, Reply
from tests.support.settings import valid_config

STREAM = {"name": "items", "path": "items"}
CLIENT = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
NO_CLIENT = dict.fromkeys(CLIENT)
SECRET = "a shared secret of the test, long enough"
KEY = {"private_key": SECRET, "jwt_algorithm": "HS256"}
SEEDED = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
CUT = Reply(b"{", headers={"Content-Length": "9"})


@pytest.fixture
def session(api, clock):
    """A function that returns the session of a configuration."""
    return lambda **settings: Session.of(
        valid_config(api.config(STREAM, **settings)), clock, lambda: None
    )


def claims_of(token, **options):
    unchecked = {"verify_aud": False, "verify_iat": False, "verify_exp": False}
    return jwt.decode(token, SECRET, ["HS256"], options={**unchecked, **options})


def test_login_needs_nobody(api, session):
    """It gets the token of the grant, and tries again like a run."""
    replies = [Reply({}, 503), {"access_token": "token-2"}]
    api.token = lambda _: replies.pop(0)
    ui = RecordingUI()
    authenticator = session(max_retries=1).authenticator
    assert authenticator.login(ui).access_token == authenticator.access_token() == "token-2"
    form = {"grant_type": "client_credentials", **CLIENT}
    assert [request.form for request in api.requests("/token")] == [form] * 2
    assert not ui.shown


def test_retry_is_a_warning(api, session, clock, caplog):
    """It says what failed, which retry comes, and when."""
    replies = [Reply({}, 503, {"Retry-After": "7"}), Drop, {"access_token": "a-token"}]
    api.token = lambda _: replies.pop(0)
    session(max_retries=2).authenticator.access_token()
    first, second = caplog.messages
    assert "with status 503" in first
    assert first.endswith("; retry 1 in 7.0 seconds")
    assert "unreachable: the connection was closed before the response" in second
    assert second.endswith(f"; retry 2 in {clock.waits[1]:.1f} seconds")


def test_each_token_request_has_a_connection_of_its_own(api, session):
    replies = [Reply({}, 503), Reply({}, 503), {"access_token": "a-token"}]
    api.token = lambda _: replies.pop(0)
    session(max_retries=2).authenticator.access_token()
    assert (len(api.requests("/token")), api.connections) == (3, 0)


def test_signed_token_lasts_as_long_as_its_jwt(api, session, clock):
    """It is signed here: there is no audience unless one is configured, and no request."""
    login = session(grant_type="jwt", jwt_lifetime=90, **KEY).authenticator.login(RecordingUI())
    assert (login.obtained_at, login.expires_at) == (clock.now, clock.now + 90)
    claims = claims_of(login.access_token)
    assert claims["exp"] == clock.now + 90
    assert "aud" not in claims
    assert not api.seen


@pytest.mark.parametrize("audience", [None, "https://login.example"])
def test_assertion_of_a_grant_needs_no_client(api, session, audience):
    """Then no client parameter is sent; the audience is the token endpoint by default."""
    settings = {**NO_CLIENT, **KEY, "jwt_issuer": "service", "jwt_audience": audience}
    session(grant_type="jwt_bearer", **settings).authenticator.access_token()
    form = api.requests("/token")[0].form
    claims = claims_of(form.pop("assertion"))
    assert (claims["iss"], claims["aud"]) == ("service", audience or f"{api.url}/token")
    assert form == {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "team"])
def test_first_request_knows_no_token(api, session, name):
    """A placeholder of one is an error before anything is sent."""
    expected = re.escape(f"token request: no value for placeholder {{token.{name}}}")
    with pytest.raises(AuthorizationError, match=expected):
        session(token_params={"a": f"{{token.{name}}}"}).authenticator.access_token()
    assert not api.seen


@pytest.mark.parametrize(
    ("settings", "error", "reason"),
    [
        ({}, TokenRequestError, "unreachable: timed out"),
        (SEEDED, TokenLostError, r"lost \(timed out\)"),
    ],
)
def test_response_that_does_not_end_is_a_timeout(api, session, settings, error, reason):
    api.token = lambda _: CUT
    with pytest.raises(error, match=reason):
        session(timeout=0.1, **settings).authenticator.access_token()


def test_refused_refresh_is_named(api, session):
    api.token = lambda _: Reply({"error": "invalid_scope"}, 400)
    with pytest.raises(TokenRequestError, match="rejected the refresh_token request") as caught:
        session(**SEEDED).authenticator.access_token()
    assert "client_auth" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"refresh_params": {"old": "{token.access_token}"}}, {"old": "own-token"}),
        ({"refresh_token_param": "token"}, {"token": "own-token"}),
        ({"refresh_token": "seed"}, {"refresh_token": "seed"}),
        ({"refresh_token": "seed", "refresh_token_param": "token"}, {"token": "seed"}),
    ],
)
def test_access_token_renews_itself_under_its_own_name_only(api, session, settings, sent):
    """It never goes where a refresh token belongs, and only if there is none."""
    given = {"grant_type": "refresh_token", "access_token": "own-token", **settings}
    assert session(**given).authenticator.renew_stored()
    assert api.requests("/token")[0].form == {"grant_type": "refresh_token", **sent, **CLIENT}


def test_response_that_is_a_list_holds_no_token(api, session):
    """Its fields could not be placeholders."""
    api.token = lambda _: [{"access_token": "a-token"}]
    with pytest.raises(TokenRequestError, match="without an access token"):
        session(access_token_path="$[0].access_token").authenticator.access_token()


def test_exchange_that_is_a_list_holds_no_token(api, session):
    api.serve("/exchange", [{"access_token": "a-token"}])
    exchange = {"url": f"{api.url}/exchange", "access_token_path": "$[0].access_token"}
    with pytest.raises(TokenRequestError, match="without an access token"):
        session(token_exchange=exchange).authenticator.access_token()


def test_last_exchange_is_the_last_request_for_a_token(api, session):
    api.serve("/exchange", {"access_token": "token-of-the-api", "team": "t1"})
    authenticator = session(token_exchange={"url": f"{api.url}/exchange"}).authenticator
    assert authenticator.last_exchange is None
    assert authenticator.access_token() == "token-of-the-api"
    assert "/exchange" in str(authenticator.last_exchange)
    assert "t1" in str(authenticator.last_exchange)


@pytest.mark.parametrize(
    ("grant", "credentials", "masked"),
    [
        (NoGrant(), "", "ann-of-the-test"),
        (Basic(username="ann-of-the-test", password="p"), "Basic YW5uLW9mLXRoZS10ZXN0OnA=", None),
        (Basic(username="ann-of-the-test"), "Basic YW5uLW9mLXRoZS10ZXN0Og==", "***"),
        (Basic(), "Basic Og==", None),
    ],
)
def test_credentials_without_a_token(grant, credentials, masked):
    """They are masked; so is a user name without a password, which is an API key."""
    assert grant.credentials() == credentials
    assert redact("ann-of-the-test") == (masked or "ann-of-the-test")
    assert credentials in {"", "Basic Og=="} or redact(credentials) == "Basic ***"
