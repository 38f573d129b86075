"""A renewal with ``token_exchange``: which of the two tokens is renewed."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import LoginNeededError, TokenRequestError
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tests.support.chains import a_chain
from tests.support.server import Reply

STORE = TokenStore(None, None)
SEEDED = {"refresh_token": "refresh-0"}


@pytest.fixture
def exchange(api):
    """An exchange that numbers the tokens of the API; ``replies`` come first."""
    replies, count = [], [0]

    def respond(_):
        if replies:
            return replies.pop(0)
        count[0] += 1
        return {"access_token": f"api-{count[0]}", "expires_in": 50}

    api.routes["/exchange"] = respond
    return replies


@pytest.fixture
def exchanging(api, connect):
    way = {"url": f"{api.url}/exchange", "params": {"a": "{token.access_token}"}}
    return lambda **settings: connect(**settings, token_exchange=way)


@pytest.mark.usefixtures("replies", "exchange")
def test_first_token_is_exchanged_while_it_is_good(api, exchanging, clock):
    """Until its very end, then it is refreshed."""
    assert exchanging(**SEEDED).access_token() == "api-1"
    clock.now += 99.5
    authenticator = exchanging(**SEEDED)
    assert authenticator.access_token() == "api-2"
    assert authenticator.is_renewable
    assert len(api.requests("/token")) == 1
    assert STORE.read_all()[0].token.first.access_token == "access-1"
    clock.now += 50
    assert exchanging(**SEEDED).access_token() == "api-3"
    assert len(api.requests("/token")) == 2


@pytest.mark.usefixtures("replies")
@pytest.mark.parametrize(
    ("reply", "settings", "is_refreshed"),
    [
        (Reply({}, 401), SEEDED, True),
        (Reply({}, 403), SEEDED, False),
        (Reply({}, 401), {"access_token": "access-0"}, False),
    ],
)
def test_first_token_that_the_exchange_rejects_is_refreshed(
    api, exchange, exchanging, clock, reply, settings, is_refreshed
):
    """Not for another error, nor without a refresh token."""
    exchanging(**settings).access_token()
    clock.now += 60
    exchange.append(reply)
    before = len(api.requests("/token"))
    if is_refreshed:
        assert exchanging(**settings).access_token() == "api-2"
    else:
        with pytest.raises(TokenRequestError, match="token_exchange request with status 40"):
            exchanging(**settings).access_token()
    assert len(api.requests("/token")) - before == is_refreshed


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize(("seconds", "is_exchanged"), [(0.5, True), (0, False)])
def test_first_token_without_a_refresh_token_is_exchanged_until_its_end(
    exchanging, clock, seconds, is_exchanged
):
    STORE.write(a_chain(token=Token("", first=Token("own", expires_at=clock.now + seconds))))
    authenticator = exchanging()
    if is_exchanged:
        assert authenticator.access_token() == "api-1"
    else:
        with pytest.raises(LoginNeededError):
            authenticator.access_token()
