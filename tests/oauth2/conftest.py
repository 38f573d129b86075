"""What tests of the token share: a PostgreSQL, a provider, and the authenticator of a run."""

from __future__ import annotations

import os

import pytest

from tap_oauth2_generic.session import Session
from tests.support.postgres import postgres, programs
from tests.support.settings import valid_config


@pytest.fixture(scope="session")
def postgres_url():
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("needs PostgreSQL")
    with postgres() as url:
        yield url


@pytest.fixture
def replies(api):
    """Let the provider issue numbered tokens of 100 seconds; a list of replies that come first."""
    replies, count = [], [0]

    def token(seen):
        if replies:
            reply = replies.pop(0)
            return reply(seen) if callable(reply) else reply
        count[0] += 1
        number = count[0]
        tokens = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}"}
        return {**tokens, "expires_in": 100, "team": "t"}

    api.token = token
    return replies


@pytest.fixture
def connect(api, clock):
    """Return the authenticator of a new run, which a person may log in to."""
    person = {"grant_type": "authorization_code", "authorize_url": f"{api.url}/authorize"}

    def authenticator(clock=clock, **settings):
        given = {"connection": "main", **person, **settings}
        raw = api.config({"name": "items", "path": "items"}, **given)
        return Session.of(valid_config(raw), clock, lambda: None).authenticator

    return authenticator
