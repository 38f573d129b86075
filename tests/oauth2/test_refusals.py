"""What follows a refused or failed renewal, and what other processes do meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import LoginNeededError, TokenRequestError
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tests.support.clocks import SleepingClock
from tests.support.rotation import Person
from tests.support.server import Reply

STORE = TokenStore(None, None)
SEED = {"refresh_token": "refresh-0"}
LONG_LIVED = {"access_token": "long-lived", "refresh_token_param": "access_token"}


def stored():
    """Return the chain that began with the seed."""
    (chain,) = (chain for chain in STORE.read_all() if chain.seed)
    return chain


def refusal(said=""):
    return Reply({"error": "invalid_grant", "error_description": said}, 400)


def sent(api):
    return [request.form.get("refresh_token") for request in api.requests("/token")]


@pytest.mark.parametrize("refused", [1, 2])
def test_refused_seed_is_followed_by_the_login(api, replies, connect, clock, refused):
    """If that is refused, too, the error is its own."""
    connect().login(Person("A"))
    clock.now += 200
    replies += [refusal(f"refusal {number}") for number in range(1, refused + 1)]
    authenticator = connect(**SEED)
    if refused == 1:
        assert authenticator.access_token() == "access-2"
    else:
        with pytest.raises(LoginNeededError, match="refusal 2"):
            authenticator.access_token()
    assert sent(api)[1:] == ["refresh-0", "refresh-1"]


def test_chain_that_others_renew_all_the_time_is_given_up(api, replies, connect):
    """After three refusals, of which the last is the error."""

    def renewed_elsewhere(_):
        number = len(sent(api))
        STORE.write(replace(stored(), token=Token("old", f"elsewhere-{number}", 1.0)))
        return refusal(f"refusal {number}")

    replies += [renewed_elsewhere] * 5
    with pytest.raises(LoginNeededError, match="refusal 3"):
        connect(**SEED).access_token()
    assert sent(api) == ["refresh-0", "elsewhere-1", "elsewhere-2"]


@pytest.mark.parametrize("is_login", [False, True])
@pytest.mark.usefixtures("replies")
def test_token_that_another_process_gets_meanwhile_is_used(api, connect, clock, is_login):
    """By a renewal of the chain, or by a login, while this one waits for the lock."""
    connect(**SEED).access_token()
    clock.now += 200
    chain, waiting, found = stored(), threading.Event(), []
    renewed = replace(chain, token=Token("of-another", "refresh-x", clock.now + 100, clock.now))
    if is_login:
        renewed = replace(
            renewed, key="main\x1flogin", seed="", seeds=(), spent=(), started_at=clock.now
        )

    class Watch(SleepingClock):
        def time(self):
            waiting.set()
            return clock.now

    authenticator = connect(Watch(), **SEED)
    run = threading.Thread(target=lambda: found.append(authenticator.access_token()))
    waiting.clear()
    with STORE.lock(chain.key):
        run.start()
        assert waiting.wait(30)
        STORE.write(renewed)
    run.join(30)
    assert (found, len(api.requests("/token"))) == (["of-another"], 1)


@pytest.mark.usefixtures("replies")
def test_token_of_a_store_that_is_gone_is_renewed(api, connect, clock, state_home):
    authenticator = connect(**SEED)
    authenticator.access_token()
    (state_home / "tap-oauth2-generic" / "tokens.sqlite").unlink()
    clock.now += 200
    assert authenticator.access_token() == "access-2"
    assert sent(api) == ["refresh-0", "refresh-1"]


def test_token_that_renews_itself_is_kept_until_its_end(api, connect, clock, caplog):
    """If its early renewal fails; then the failure is an error."""
    api.token = lambda _: {"access_token": "long-lived-1", "expires_in": 100}
    connect(**LONG_LIVED).access_token()
    clock.now += 99.5
    api.token = lambda _: Reply({"error": "denied"}, 400)
    authenticator = connect(**LONG_LIVED)
    for _ in range(2):
        assert authenticator.access_token() == "long-lived-1"
    assert caplog.text.count("which is used until its end") == 1
    clock.now += 0.5
    with pytest.raises(TokenRequestError, match="denied"):
        authenticator.access_token()


def test_token_that_renews_itself_is_not_kept_once_it_is_rejected(api, connect, clock, caplog):
    api.token = lambda _: {"access_token": "long-lived-1", "expires_in": 100}
    connect(**LONG_LIVED).access_token()
    clock.now += 60
    api.token = lambda _: Reply({"error": "denied"}, 400)
    with pytest.raises(TokenRequestError, match="denied"):
        connect(**LONG_LIVED).renew("long-lived-1")
    assert len(api.requests("/token")) == 2
    assert "until its end" not in caplog.text


def test_token_with_a_refresh_token_is_not_kept_if_that_fails(replies, connect, clock):
    """A refresh is sent once; the next run decides."""
    connect(**SEED).access_token()
    clock.now += 60
    replies.append(Reply({"error": "denied"}, 400))
    with pytest.raises(TokenRequestError, match="denied"):
        connect(**SEED).access_token()


@pytest.mark.parametrize("refresh_token", [{}, {"refresh_token": "refresh-x"}])
def test_chain_that_nothing_renews_any_more_is_followed_by_the_login(
    api, connect, clock, refresh_token
):
    """One that works, renewable or not, though it is older."""
    api.token = lambda _: {"access_token": "of-the-login", **refresh_token}
    connect().login(Person("A"))
    clock.now += 10
    api.token = lambda _: {"access_token": "long-lived-1", "expires_in": 100}
    assert connect(**LONG_LIVED).access_token() == "long-lived-1"
    clock.now += 200
    assert connect(access_token="long-lived").access_token() == "of-the-login"
