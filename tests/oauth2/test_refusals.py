"""What follows a refused or failed renewal, and what other processes do meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import LoginNeededError, TokenRequestError
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tests.support.chains import a_chain
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


@pytest.fixture
def runs_while():
    """Write a chain while another one is locked, and return the token of a run that waits."""

    def run(connect, locked, written, **settings):
        waiting, found = threading.Event(), []

        class Watch(SleepingClock):
            def time(self):
                waiting.set()
                return super().time()

        authenticator = connect(Watch(), **settings)
        thread = threading.Thread(target=lambda: found.append(authenticator.access_token()))
        waiting.clear()
        with STORE.lock(locked.key):
            thread.start()
            # It has read the store by then.
            assert waiting.wait(30)
            STORE.write(written)
        thread.join(30)
        return found

    return run


def test_token_that_another_process_renews_meanwhile_is_used(api, connect, clock, runs_while):
    chain = a_chain(token=Token("old", "refresh-old", clock.now - 1))
    renewed = replace(chain, token=Token("of-another", "refresh-x", clock.now + 100, clock.now))
    STORE.write(chain)
    assert runs_while(connect, chain, renewed) == ["of-another"]
    assert sent(api) == []


def test_token_of_a_login_meanwhile_is_used(api, connect, clock, runs_while):
    """Of the connection's other chain, for which the run holds no lock."""
    clock.now -= 200
    api.token = lambda _: {"access_token": "old", "refresh_token": "refresh-1", "expires_in": 100}
    connect(**SEED).access_token()
    clock.now += 200
    chain, token = stored(), Token("of-a-login", "refresh-x", clock.now + 100, clock.now)
    login = a_chain(token=token, is_login=True, started_at=clock.now)
    assert runs_while(connect, chain, login, **SEED) == ["of-a-login"]
    assert sent(api) == ["refresh-0"]


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
