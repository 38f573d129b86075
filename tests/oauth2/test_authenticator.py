"""A connection with rotating tokens survives runs, threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from subprocess import DEVNULL

import pytest
import requests

from tap_oauth2_generic.demo.server import DemoServer
from tap_oauth2_generic.session import Session
from tests.support.commands import write_config
from tests.support.server import Reply
from tests.support.settings import valid_config

STREAM = {"name": "items", "path": "items"}
COMMAND = [sys.executable, "-m", "tap_oauth2_generic", "--config"]
AT_ONCE = 6


class Clock:
    """A clock that only the test moves."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def time(self):
        return self.now

    monotonic = time


class Provider:
    """Rotate refresh tokens: each is valid once, and reuse revokes the connection."""

    def __init__(self, api, lifetime=3600):
        self.lifetime = lifetime
        self.good = {"seed-1", "seed-2"}
        self.access = None
        self.count = 0
        self._lock = threading.Lock()
        api.token = self.token
        api.routes["/items"] = self.items

    def token(self, seen):
        with self._lock:
            asked = seen.form.get("refresh_token", "seed-1")
            if asked not in self.good:
                self.good, self.access = set(), None
                return Reply({"error": "invalid_grant"}, 400)
            self.good.discard(asked)
            self.count += 1
            self.access = f"access-{self.count}"
            self.good.add(f"refresh-{self.count}")
            return {"access_token": self.access, "refresh_token": f"refresh-{self.count}",
                    "expires_in": self.lifetime}  # fmt: skip

    def items(self, seen):
        sent = seen.headers.get("Authorization")
        if sent == f"Bearer {self.access}":
            return [{"id": 1}]
        return Reply({}, 401)


@pytest.fixture
def provider(api):
    return Provider(api)


@pytest.fixture
def connect(api):
    """Create the authenticator of a new run."""

    def authenticator(clock, **settings):
        config = valid_config(api.config(STREAM, **settings))
        return Session.of(config, clock, lambda: None).authenticator

    return authenticator


def seeded(seed="seed-1", **settings):
    return {"grant_type": "refresh_token", "refresh_token": seed, **settings}


def refresh_tokens(api):
    """Return the refresh tokens that arrived, in order."""
    return [request.form.get("refresh_token") for request in api.requests("/token")]


def test_each_run_uses_the_newest_refresh_token(api, tap, provider):
    """A run uses the rotated refresh token, never the seed again or one already used."""
    for _ in range(4):
        tap.ok(api.config(STREAM, **seeded()))
        provider.access = None
    assert refresh_tokens(api) == ["seed-1", "refresh-1", "refresh-2", "refresh-3"]


@pytest.mark.usefixtures("provider")
def test_changed_refresh_token_replaces_the_stored_token(api, tap):
    """Another refresh token counts at once, and the earlier one continues its own chain."""
    for seed in ("seed-1", "seed-1", "seed-2", "seed-2", "seed-1"):
        tap.ok(api.config(STREAM, **seeded(seed)))
    assert refresh_tokens(api) == ["seed-1", "seed-2", "refresh-1"]


def test_changed_access_token_replaces_the_stored_token(api, tap, provider):
    """A seeded access_token is used as it is, and another one counts at once."""
    for access in ("given-1", "given-2"):
        provider.access = access
        tap.ok(api.config(STREAM, **seeded(access_token=access)))
    assert not api.requests("/token")


@pytest.mark.usefixtures("provider")
def test_rejected_seeded_access_token_is_renewed(api, tap):
    """The seeded access token is used first; a 401 renews it with the refresh token."""
    tap.ok(api.config(STREAM, **seeded(access_token="stale")))
    sent = [seen.headers["Authorization"] for seen in api.requests("/items")]
    assert sent == ["Bearer stale", "Bearer access-1", "Bearer access-1"]
    assert refresh_tokens(api) == ["seed-1"]


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_401_renews_once_and_then_fails(api, tap, grant):
    """A 401 renews the token and retries once; a second 401 is an error."""
    api.serve("/items", Reply({"reason": "no"}, 401))
    run = tap(api.config(STREAM, **{**seeded(), "grant_type": grant}, max_retries=6))
    assert run.status == 1
    (line,) = run.error_lines
    assert "even with a fresh access token" in line
    assert len(api.requests("/items")) == 2


@pytest.mark.parametrize("change", [{"scopes": "a b"}, {"token_params": {"audience": "x"}},
                                    {"client_secret": "another-secret"}])  # fmt: skip
def test_changed_request_replaces_a_client_credentials_token(api, tap, change):
    """A stored token is not reused if the token request has changed."""
    api.serve("/items", [{"id": 1}])
    for settings in ({}, {}, change, change):
        tap.ok(api.config(STREAM, **settings))
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize("other", [{"client_id": "another"}, {"connection": "another"}])
def test_connections_do_not_share_tokens(api, tap, other):
    """Another client or connection name has a token of its own."""
    api.serve("/items", [{"id": 1}])
    for settings in ({}, other, {}, other):
        tap.ok(api.config(STREAM, **settings))
    assert len(api.requests("/token")) == 2


def test_token_is_renewed_before_it_expires(api, provider, connect):
    """The token is renewed from token_leeway before its expiry on, not earlier."""
    clock = Clock()
    authenticator = connect(clock, **seeded(), token_leeway=100)
    assert authenticator.access_token() == "access-1"
    clock.now += 3499
    assert authenticator.access_token() == "access-1"
    clock.now += 1
    assert authenticator.access_token() == "access-2"
    assert connect(clock, **seeded()).access_token() == "access-2"
    assert provider.count == len(api.requests("/token")) == 2


@pytest.mark.parametrize("rejected", [False, True])
def test_threads_renew_once(api, provider, connect, rejected):
    """Threads that need another token at the same moment cause one request."""
    clock = Clock()
    authenticator = connect(clock, **seeded())
    first = authenticator.access_token()
    barrier = threading.Barrier(AT_ONCE)
    clock.now += 0 if rejected else 4000

    def need(_):
        barrier.wait(10)
        return authenticator.renew(first) if rejected else authenticator.access_token()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(need, range(AT_ONCE))) == {"access-2"}
    assert provider.count == len(api.requests("/token")) == 2


def test_rotation_against_the_demo_provider(tap, tmp_path):
    """Short-lived tokens of a provider that revokes on reuse last through many runs."""
    client = {"client_id": "demo-client", "client_secret": "demo-secret"}
    form = {"grant_type": "password", "username": "demo", "password": "demo-password", **client}
    stream = {"name": "lists", "path": "lists", "records_path": "value"}
    clock = Clock()
    with DemoServer(port=0, token_lifetime=100, clock=clock.time) as demo:
        address = f"{demo.url}/oauth/token"
        tokens = requests.post(address, form, timeout=10).json()
        settings = seeded(tokens["refresh_token"], access_token_url=address)
        config = {"base_url": f"{demo.url}/api/v1", "streams": [stream], **client, **settings}
        for _ in range(3):
            tap.ok(config)
            clock.now += 101
        path = write_config(tmp_path, config)
        started = [subprocess.Popen([*COMMAND, path], stdout=DEVNULL) for _ in range(2)]
        assert [process.wait(60) for process in started] == [0, 0]
