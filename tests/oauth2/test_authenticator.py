"""A connection kept alive over runs, threads and processes by one chain of rotating tokens."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from subprocess import DEVNULL, PIPE

import pytest
import requests

from tap_oauth2_generic.config.config import read_config
from tap_oauth2_generic.demo import DemoServer
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
COMMAND = [sys.executable, "-m", "tap_oauth2_generic", "--config"]
AT_ONCE = 6


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def time(self):
        return self.now

    monotonic = time


class Provider:
    """Rotates refresh tokens: each is good once, and one used twice revokes the connection."""

    def __init__(self, api, lifetime=3600):
        self.lifetime = lifetime
        self.good = {"seed-1", "seed-2"}
        self.access = None
        self.count = 0
        self.gate = threading.Barrier(1)
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
        self.gate.wait(30)  # so that all who are refused are refused at the same moment
        return Reply({}, 401)


@pytest.fixture
def provider(api):
    return Provider(api)


@pytest.fixture
def connect(api):
    """Give what the authenticator of a new run would be, at a clock's time."""

    def authenticator(clock, **settings):
        collector = ErrorCollector()
        config = read_config(api.config(STREAM, **settings), frozenset(), collector)
        assert config is not None, collector.errors
        return Session.of(config, clock, lambda: None).authenticator

    return authenticator


def seeded(seed="seed-1", **settings):
    return {"grant_type": "refresh_token", "refresh_token": seed, **settings}


def spent(api):
    """Give the refresh tokens that arrived, in order."""
    return [request.form.get("refresh_token") for request in api.requests("/token")]


def test_each_run_goes_on_from_the_newest_refresh_token(api, tap, provider):
    """A rotated refresh token is what the next run uses, never the seed or one that is spent."""
    for _ in range(4):
        run = tap(api.config(STREAM, **seeded()))
        assert run.status == 0, run.errors
        provider.access = None
    assert spent(api) == ["seed-1", "refresh-1", "refresh-2", "refresh-3"]


@pytest.mark.usefixtures("provider")
def test_a_stored_fresh_token_costs_no_request(api, tap):
    """Runs after the first use the stored access token while it is fresh."""
    for _ in range(3):
        assert tap(api.config(STREAM, **seeded())).status == 0
    assert len(api.requests("/token")) == 1


@pytest.mark.usefixtures("provider")
def test_a_changed_seed_replaces_what_is_stored(api, tap):
    """Another refresh token in the configuration counts at once; without any the store stays."""
    for seed in ("seed-1", "seed-1", "seed-2", "seed-2", None):
        assert tap(api.config(STREAM, **seeded(seed))).status == 0
    assert spent(api) == ["seed-1", "seed-2"]


def test_a_changed_access_token_replaces_what_is_stored(api, tap, provider):
    """A seeded access_token is used as it stands, and another one counts at once."""
    for access in ("given-1", "given-2"):
        provider.access = access
        assert tap(api.config(STREAM, **seeded(access_token=access))).status == 0
    assert not api.requests("/token")


@pytest.mark.usefixtures("provider")
def test_a_seeded_access_token_that_is_refused_is_renewed(api, tap):
    """A seeded pair begins with its access token, and a 401 renews it by the refresh token."""
    assert tap(api.config(STREAM, **seeded(access_token="stale"))).status == 0
    sent = [seen.headers["Authorization"] for seen in api.requests("/items")]
    assert sent == ["Bearer stale", "Bearer access-1", "Bearer access-1"]
    assert spent(api) == ["seed-1"]


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_a_401_renews_once_and_then_fails(api, tap, grant):
    """A 401 renews the token and sends again, once; a second 401 is an error that says so."""
    api.serve("/items", Reply({"reason": "no"}, 401))
    run = tap(api.config(STREAM, **{**seeded(), "grant_type": grant}, max_retries=6))
    assert run.status == 1
    (line,) = run.error_lines
    assert "even with a fresh access token" in line
    assert len(api.requests("/items")) == 2


@pytest.mark.parametrize("change", [{"scopes": "a b"}, {"token_params": {"audience": "x"}},
                                    {"client_secret": "another-secret"}])  # fmt: skip
def test_client_credentials_asks_anew_when_its_request_changes(api, tap, change):
    """A token is not reused by a configuration that would have asked for another one."""
    api.serve("/items", [{"id": 1}])
    for settings in ({}, {}, change, change):
        assert tap(api.config(STREAM, **settings)).status == 0
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize("other", [{"client_id": "another"}, {"connection": "another"}])
def test_connections_do_not_share_tokens(api, tap, other):
    """Another client, or another name of the connection, has a token of its own."""
    api.serve("/items", [{"id": 1}])
    for settings in ({}, other, {}, other):
        assert tap(api.config(STREAM, **settings)).status == 0
    assert len(api.requests("/token")) == 2


def test_a_token_is_renewed_before_its_end(api, provider, connect):
    """From token_leeway before the end on a new token is asked for, and not before."""
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
def test_several_threads_renew_once(api, provider, connect, rejected):
    """Threads that need another token at the same moment cause one request between them."""
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


def together(count, config, folder):
    """Start so many processes on one configuration and wait for all."""
    path = folder / "together.json"
    path.write_text(json.dumps(config))
    started = [
        subprocess.Popen([*COMMAND, path], stdout=DEVNULL, stderr=PIPE) for _ in range(count)
    ]
    errors = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * count, errors


def test_several_processes_make_one_token_request(api, tap, provider, tmp_path):
    """Processes that find a connection's token refused at once refresh it once between them."""
    assert tap(api.config(STREAM, **seeded())).status == 0
    provider.access, provider.gate = None, threading.Barrier(AT_ONCE)
    together(AT_ONCE, api.config(STREAM, **seeded()), tmp_path)
    assert spent(api) == ["seed-1", "refresh-1"]


def test_rotation_against_a_provider_of_its_own(tap, tmp_path):
    """With the demo's provider, which revokes on reuse, short tokens last through many runs."""
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
            run = tap(config)
            assert run.status == 0, run.errors
            clock.now += 101
        together(2, config, tmp_path)
