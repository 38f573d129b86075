"""A renewal: what is sent, what the store knows before and after it, and how it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import (
    AuthorizationError,
    LoginNeededError,
    TokenRequestError,
    TokenStoreError,
)
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.session import Session
from tests.support.clocks import SleepingClock
from tests.support.server import Reply
from tests.support.settings import valid_config

STORE = TokenStore(None, None)
STREAM = {"name": "items", "path": "items"}
SEEDED = {"grant_type": "refresh_token", "refresh_token": "refresh-0"}
USER = {"grant_type": "password", "username": "ann", "password": "pass-of-ann"}
START = 1_800_000_000.0


class Provider:
    """Issue numbered tokens of 100 seconds; ``replies`` come first, and ``meanwhile`` is called."""

    def __init__(self, api):
        self.replies, self.count, self.sent = [], 0, []
        self.meanwhile = lambda: None
        api.token = self

    def __call__(self, seen):
        self.sent.append(seen.form.get("refresh_token", seen.form["grant_type"]))
        self.meanwhile()
        if self.replies:
            return self.replies.pop(0)
        self.count += 1
        tokens = {"access_token": f"access-{self.count}", "refresh_token": f"refresh-{self.count}"}
        return {**tokens, "expires_in": 100}


@pytest.fixture
def provider(api):
    return Provider(api)


@pytest.fixture
def connect(api, clock):
    """Return the authenticator of a new run."""

    def authenticator(clock=clock, **settings):
        config = valid_config(api.config(STREAM, connection="main", **settings))
        return Session.of(config, clock, lambda: None).authenticator

    return authenticator


def stored():
    (chain,) = STORE.read_all()
    return chain


def refusal(code="invalid_grant", status=400, **fields):
    return Reply({"error": code, **fields}, status)


def test_store_knows_of_a_refresh_before_it_is_sent(provider, connect, clock):
    """The token is marked as spent; when the chain began does not change."""
    seen = []
    provider.meanwhile = lambda: seen.append(stored())
    for _ in range(2):
        connect(**SEEDED).access_token()
        clock.now += 200
    assert [chain.token.refresh_token for chain in seen] == ["refresh-0", "refresh-1"]
    assert [chain.refresh_started_at for chain in seen] == [START, START + 200]
    assert [chain.started_at for chain in seen] == [START, START]
    assert [len(chain.spent) for chain in seen] == [1, 2]


@pytest.mark.parametrize(("settings", "renewals"), [(SEEDED, [1, 2]), ({}, [0, 1]), (USER, [0, 1])])
def test_store_knows_when_and_how_often_a_token_was_renewed(
    provider, connect, clock, settings, renewals
):
    """The first token of a client or user is no renewal."""
    for number in (1, 2):
        assert connect(**settings).access_token() == f"access-{number}"
        chain, times = stored(), renewals[number - 1]
        assert (chain.renewals, chain.renewed_at) == (times, clock.now if times else None)
        assert (chain.started_at, chain.refresh_started_at, chain.ended) == (START, None, False)
        assert chain.token.access_token == f"access-{number}"
        clock.now += 200


def test_only_grants_that_refresh_send_a_refresh_token(provider, connect, clock):
    """A client gets a new token by its grant, whatever the provider sends with the first one."""
    for _ in range(2):
        connect().access_token()
        clock.now += 200
    for _ in range(2):
        connect(**USER).access_token()
        clock.now += 200
    assert provider.sent == ["client_credentials", "client_credentials", "password", "refresh-3"]


def test_user_whose_refresh_token_is_refused_logs_in_again(provider, connect, clock):
    connect(**USER).access_token()
    clock.now += 200
    provider.replies = [refusal()]
    assert connect(**USER).access_token() == "access-2"
    assert provider.sent == ["password", "refresh-1", "password"]
    assert (stored().ended, stored().token.refresh_token) == (False, "refresh-2")


@pytest.mark.parametrize(
    "code", ["invalid_grant", "invalid_code", "invalid_refresh_token", "bad_refresh_token"]
)
def test_refused_refresh_token_ends_the_chain(provider, connect, code):
    """The error says so once; it is not sent again, and then another error says that."""
    provider.replies = [refusal(code)]
    with pytest.raises(LoginNeededError) as caught:
        connect(**SEEDED).access_token()
    assert caught.value.code == code
    assert "connection was revoked or its refresh token was already used; log in" in str(
        caught.value
    )
    assert stored().ended
    with pytest.raises(LoginNeededError) as caught:
        connect(**SEEDED).access_token()
    said = "connection 'main' has a refresh token that the provider has rejected, so it is not sent"
    assert str(caught.value).startswith(said)
    assert provider.sent == ["refresh-0"]


@pytest.mark.parametrize(
    ("reply", "is_pending"),
    [(refusal("invalid_client", 401), False), (Reply(b"<html>", 502), True)],
)
def test_refresh_is_pending_unless_the_provider_refused_it(provider, connect, reply, is_pending):
    """An error without a code may come from a gateway; the next refusal then says what may be."""
    provider.replies = [reply, refusal()]
    with pytest.raises(TokenRequestError) as caught:
        connect(**SEEDED).access_token()
    assert not isinstance(caught.value, LoginNeededError)
    assert stored().refresh_started_at == (START if is_pending else None)
    assert not stored().ended
    with pytest.raises(LoginNeededError) as caught:
        connect(**SEEDED).access_token()
    said = "a refresh at 2027-01-15T08:00:00+00:00 was interrupted before its response was stored"
    assert (said in str(caught.value)) is is_pending


def test_chain_that_was_renewed_elsewhere_is_not_ended(provider, connect):
    """Where the lock does not reach: what is stored then stays, and the run goes on with it."""

    def renew_elsewhere():
        provider.meanwhile = lambda: None
        STORE.write(replace(stored(), token=Token("access-elsewhere", "refresh-elsewhere")))

    provider.meanwhile, provider.replies = renew_elsewhere, [refusal()]
    assert connect(**SEEDED).access_token() == "access-elsewhere"
    assert (stored().ended, stored().token.refresh_token) == (False, "refresh-elsewhere")


def test_nothing_is_sent_once_the_run_is_ending(provider, connect):
    authenticator = connect(**SEEDED)
    authenticator.close()
    with pytest.raises(AuthorizationError, match="the run is ending; no token was requested"):
        authenticator.access_token()
    assert provider.sent == []


def test_reserved_space_is_free_when_the_token_is_stored(provider, connect, state_home):
    folder, sizes = state_home / "tap-oauth2-generic", []

    class Watch(SleepingClock):
        def time(self):
            sizes.append([path.stat().st_size for path in folder.glob("*.lock")])
            return super().time()

    connect(Watch(), **SEEDED).access_token()
    assert sizes[-1] == [0]
    assert max(size for found in sizes for size in found) > 2**16


@pytest.mark.parametrize("is_repaired", [True, False])
def test_token_is_stored_a_second_later_if_the_store_is_away(
    provider, connect, state_home, is_repaired
):
    path = state_home / "tap-oauth2-generic" / "tokens.sqlite"

    class Repair(SleepingClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            if is_repaired:
                path.rmdir()

    def break_store():
        path.unlink()
        path.mkdir()

    clock, provider.meanwhile = Repair(), break_store
    authenticator = connect(clock, **SEEDED)
    if is_repaired:
        assert authenticator.access_token() == "access-1"
        assert stored().token.access_token == "access-1"
    else:
        with pytest.raises(TokenStoreError):
            authenticator.access_token()
    assert clock.waits == [1]
