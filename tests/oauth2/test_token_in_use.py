"""The token of a run: which is used, what a login and a renewal by hand make of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tap_oauth2_generic.errors import LoginNeededError, TokenRequestError, TokenStoreError
from tap_oauth2_generic.oauth2.store import TokenStore
from tests.support.rotation import Person
from tests.support.server import Reply

STORE = TokenStore(None, None)
SEED = {"refresh_token": "refresh-0"}
START = 1_800_000_000.0


def stored(*, seed=True):
    """Return the chain that began with a seed, or with a login."""
    (chain,) = (chain for chain in STORE.read_all() if bool(chain.seed) is seed)
    return chain


def sent(api):
    return [request.form.get("refresh_token") for request in api.requests("/token")]


@pytest.mark.usefixtures("replies")
def test_rejected_token_is_renewed_once_for_all_that_used_it(api, connect):
    authenticator = connect(**SEED)
    assert authenticator.renew("of-another-process") == "access-1"
    assert authenticator.access_token() == "access-1"
    for _ in range(2):
        assert authenticator.renew("access-1") == "access-2"
    assert sent(api) == ["refresh-0", "refresh-1"]


def test_failed_renewal_is_not_tried_again(api, replies, connect):
    """All that ask for a token get the same error."""
    replies.append(Reply({"error": "invalid_client"}, 401))
    authenticator = connect(**SEED)
    found = []
    for _ in range(2):
        with pytest.raises(TokenRequestError) as caught:
            authenticator.access_token()
        found.append(caught.value)
    assert found[0] is found[1]
    assert sent(api) == ["refresh-0"]


@pytest.mark.parametrize(
    ("settings", "is_renewable"),
    [
        (SEED, True),
        ({"grant_type": "client_credentials", "authorize_url": None}, True),
        ({"access_token": "given"}, False),
    ],
)
@pytest.mark.usefixtures("replies")
def test_token_is_renewable_if_no_person_is_needed(connect, settings, is_renewable):
    authenticator = connect(**settings)
    assert authenticator.is_renewable is False
    authenticator.access_token()
    assert authenticator.is_renewable is is_renewable


@pytest.mark.usefixtures("replies")
def test_response_and_exchange_are_those_of_the_last_request(connect):
    authenticator = connect(**SEED)
    assert authenticator.last_exchange is None
    assert authenticator.response()["team"] == "t"
    assert authenticator.last_exchange["response"]["status"] == 200


class Redirected(Person):
    """A person whose provider adds parameters to the redirect."""

    def wait_for_redirect(self, *address):
        return {**super().wait_for_redirect(*address), "shop": "s", "team": "of-the-redirect"}


@pytest.mark.usefixtures("replies")
def test_parameters_of_the_redirect_are_kept_and_the_response_wins(connect, clock):
    connect().login(Redirected("A"))
    for number in (1, 2):
        authenticator = connect()
        assert authenticator.access_token() == f"access-{number}"
        assert {"shop": "s", "team": "t"}.items() <= authenticator.response().items()
        clock.now += 200


@pytest.mark.usefixtures("replies")
def test_login_is_stored_and_used(connect, clock):
    """The authenticator goes on with it; what a chain has spent stays known."""
    connect(**SEED).access_token()
    clock.now += 10
    authenticator = connect(**SEED)
    token = authenticator.login(Person("A"))
    assert (token.access_token, authenticator.access_token()) == ("access-2", "access-2")
    chain = stored()
    assert (chain.token, chain.started_at, chain.is_login) == (token, START + 10, True)
    assert len(chain.spent) == 1


def test_nobody_logs_in_if_the_token_could_not_be_stored(connect, state_home):
    """The store is written before, not only read."""

    class Nobody(Person):
        def wait_for_redirect(self, *_):
            raise AssertionError

    assert STORE.names() == []
    path = state_home / "tap-oauth2-generic" / "tokens.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON tap_oauth2_connections BEGIN "
            "SELECT raise(ABORT, 'the disk is full'); END"
        )
    with pytest.raises(TokenStoreError, match="the disk is full"):
        connect().login(Nobody("A"))


@pytest.mark.usefixtures("replies")
def test_login_is_exchanged_at_once(api, connect):
    api.routes["/exchange"] = lambda _: {"access_token": "of-the-api"}
    authenticator = connect(token_exchange={"url": f"{api.url}/exchange"})
    assert authenticator.login(Person("A")).access_token == "of-the-api"
    assert stored(seed=False).token.access_token == "of-the-api"


@pytest.mark.usefixtures("replies")
def test_stored_chain_is_the_one_that_would_be_used(connect):
    """None before there is a token."""
    assert connect().stored_chain() is None
    assert connect(**SEED).stored_chain() is None
    connect(**SEED).access_token()
    assert connect(**SEED).stored_chain() == stored()


@pytest.mark.usefixtures("replies")
def test_renewal_by_hand_says_whether_there_was_one(api, connect, clock):
    """A token that nothing renews is left alone until its end, which is an error."""
    connect(**SEED).access_token()
    assert connect(**SEED).renew_stored() is True
    assert sent(api) == ["refresh-0", "refresh-1"]
    api.token = lambda _: {"access_token": "lonely", "expires_in": 100}
    connect(connection="other").login(Person("A"))
    assert connect(connection="other").renew_stored() is False
    clock.now += 100
    with pytest.raises(LoginNeededError, match="an expired access token and no refresh token"):
        connect(connection="other").renew_stored()
    assert len(api.requests("/token")) == 3


def test_error_of_a_connection_without_a_token_says_what_it_has(api, connect):
    with pytest.raises(LoginNeededError, match="connection 'main' has no token; log in with"):
        connect().access_token()
    api.token = lambda _: {"access_token": "lonely", "expires_in": 100}
    connect().login(Person("A"))
    with pytest.raises(LoginNeededError, match="an access token that the API rejected and no"):
        connect().renew("lonely")


@pytest.mark.usefixtures("replies")
def test_only_a_login_warns_of_other_scopes_and_once(connect, clock, caplog):
    connect(scopes="a").login(Person("A"))
    for scopes, warnings in (("a", 0), ("b", 1)):
        authenticator = connect(scopes=scopes)
        for _ in range(2):
            authenticator.access_token()
            clock.now += 200
            assert caplog.text.count("scopes have changed since the login") == warnings
