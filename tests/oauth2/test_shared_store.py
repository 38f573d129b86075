"""Many processes share one rotating connection, in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from tests.support.rotation import RotatingProvider
from tests.support.server import ApiServer, Drop, Reply

PROCESSES = 10


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tokens.sqlite"
    return request.getfixturevalue("postgres_url")


class Provider:
    """Rotate strictly: reject a refresh token that is used twice."""

    def __init__(self, seconds=0.0):
        self.good = "seed-of-the-test"
        self.count = 0
        self.refused = 0
        self._seconds = seconds

    def __call__(self, seen):
        if seen.form.get("refresh_token") != self.good:
            self.refused += 1
            return Reply({"error": "invalid_grant"}, 400)
        self.count += 1
        self.good = f"refresh-token-{self.count}"
        time.sleep(self._seconds)
        reply = {"access_token": f"access-token-{self.count}", "expires_in": 3600}
        return {**reply, "refresh_token": self.good}


def config(api, store, **settings):
    stream = {
        "name": "items",
        "path": "items",
        "schema": {"properties": {"id": {"type": ["integer", "string"]}}},
    }
    seeded = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
    kept = {"token_store": store, "connection": os.urandom(8).hex()}
    return api.config(stream, **{**seeded, **kept, **settings})


def start(folder, settings):
    path = folder / "config.json"
    path.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ten_processes_make_one_token_request(api, tmp_path, store):
    """Ten processes make one token request, and one more when all are rejected at once."""
    provider = api.token = Provider(seconds=0.5)
    all_there = threading.Barrier(PROCESSES)

    def items(seen):
        if seen.headers["Authorization"].endswith("access-token-1"):
            all_there.wait(60)
            return Reply({}, 401)
        return [{"id": 1}]

    api.routes["/items"] = items
    settings = config(api, store)
    started = [start(tmp_path, settings) for _ in range(PROCESSES)]
    for process in started:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert '"id":1' in output
    assert (provider.count, provider.refused) == (2, 0)


def test_next_run_uses_the_stored_token(api, tap, store):
    """Runs share access tokens: a second one requests none."""
    provider = api.token = Provider()
    api.serve("/items", [{"id": 1}])
    settings = config(api, store)
    for _ in range(2):
        tap.ok(settings)
    assert provider.count == 1


def test_401_renews_with_the_rotated_token(api, tap, store):
    """Run after run, the newest refresh token renews a rejected access token."""
    provider = api.token = Provider()
    settings = config(api, store)
    for number in range(3):
        api.serve("/items", Reply({}, 401), [{"id": number}])
        tap.ok(settings)
    assert provider.count == 4
    assert provider.refused == 0


@pytest.mark.parametrize("responded", [False, True])
def test_process_killed_during_a_refresh(api, tap, tmp_path, store, responded):
    """Killed before the provider acts, the next run works; after, it explains the loss."""
    provider, arrived, let_go = Provider(), threading.Event(), threading.Event()

    def slow(seen):
        if responded:
            provider(seen)
        arrived.set()
        let_go.wait(30)
        return Drop

    api.token = slow
    api.serve("/items", [{"id": 1}])
    settings = config(api, store)
    process = start(tmp_path, settings)
    assert arrived.wait(30)
    process.kill()
    process.communicate()
    let_go.set()
    api.token = provider
    run = tap(settings)
    if responded:
        assert run.status == 1
        assert "interrupted before its response was stored" in run.error_lines[-1]
        assert "tap-oauth2-generic login" in run.error_lines[-1]
    else:
        assert run.status == 0, run.errors


def test_key_encrypts_stored_tokens(api, tap, tmp_path):
    """With token_store_key no token is readable in the file, and only that key opens it."""
    api.token = Provider()
    api.serve("/items", [{"id": 1}])
    file = tmp_path / "tokens.sqlite"
    settings = config(api, f"sqlite:///{file}", token_store_key="any string at all")
    tap.ok(settings)
    assert b"token-1" not in file.read_bytes()
    tap.ok(settings)
    wrong = tap({**settings, "token_store_key": "another-key-of-the-test"})
    missing = tap({name: value for name, value in settings.items() if name != "token_store_key"})
    for run in (wrong, missing):
        assert run.status == 1
        assert "token_store_key" in run.error_lines[-1]


def test_key_can_be_added_later(api, tap, tmp_path):
    """Tokens stored in plain are still read with a key, and encrypted when renewed."""
    api.token = Provider()
    api.serve("/items", [{"id": 1}])
    file = tmp_path / "tokens.sqlite"
    settings = config(api, f"sqlite:///{file}")
    tap.ok(settings)
    assert b"token-1" in file.read_bytes()
    api.serve("/items", Reply({}, 401), [{"id": 1}])
    tap.ok({**settings, "token_store_key": "a key"})
    assert b"token-2" not in file.read_bytes()


def test_unreachable_database_is_one_error(api, tap):
    """It is reported before any token request, without its password."""
    url = "postgresql://tap:password-of-the-store@127.0.0.1:1/none"
    run = tap(config(api, url))
    assert run.status == 1
    assert "token store" in run.error_lines[-1]
    assert "password-of-the-store" not in run.errors
    assert not api.requests("/token")


def test_rejected_refresh_reads_the_store_again(api, tap, tmp_path):
    """If another process renewed past the lock, its token is used without a login."""
    api.serve("/items", [{"id": 1}])
    store, other = tmp_path / "tokens.sqlite", tmp_path / "other.sqlite"
    settings = config(api, f"sqlite:///{store}")
    api.token = Provider()
    tap.ok({**settings, "token_store": f"sqlite:///{other}"})

    def renewed_elsewhere(_):
        # As on a shared file system without locks: another file has the same name.
        other.replace(store)
        return Reply({"error": "invalid_grant"}, 400)

    api.token = renewed_elsewhere
    tap.ok(settings)
    assert api.requests("/items")[-1].headers["Authorization"] == "Bearer access-token-1"


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_outage_of_one_provider_delays_no_other(api, tmp_path, store, grant):
    """Two processes wait for a provider that is down while two of another one finish."""
    down = api.token = lambda _: Reply({"reason": "down"}, 503, {"Retry-After": "60"})
    api.serve("/items", [{"id": 1}])
    waiting = config(api, store, max_retries=1, grant_type="client_credentials")
    held = [start(tmp_path, waiting) for _ in range(2)]
    while len(api.requests("/token")) < len(held):
        time.sleep(0.05)
    with ApiServer() as other:
        other.token = Provider() if grant == "refresh_token" else lambda _: {"access_token": "a-t"}
        other.serve("/items", [{"id": 2}])
        (tmp_path / "other").mkdir()
        well = config(other, store, grant_type=grant)
        for process in [start(tmp_path / "other", well) for _ in range(2)]:
            output, errors = process.communicate(timeout=50)
            assert process.returncode == 0, errors
            assert '"id":2' in output
    assert api.token is down
    assert [process.poll() for process in held] == [None] * len(held)
    for process in held:
        process.kill()
        process.communicate()


def test_slow_refresh_delays_no_other_connection(api, tap, tmp_path, store):
    """While one provider has not responded yet, another connection of the store is renewed."""
    arrived, let_go = threading.Event(), threading.Event()

    def slow(_):
        arrived.set()
        let_go.wait(60)
        return {"access_token": "access-of-the-slow"}

    api.token = slow
    api.serve("/items", [{"id": 1}])
    process = start(tmp_path, config(api, store))
    assert arrived.wait(30)
    with ApiServer() as other:
        other.token = Provider()
        other.serve("/items", [{"id": 2}])
        assert tap.ok(config(other, store)).ids() == [2]
    assert process.poll() is None
    let_go.set()
    assert process.communicate(timeout=60) is not None
    assert process.returncode == 0


def test_accounts_of_one_client_share_a_store(api, tap, store):
    """Two seeds of one client and one connection name keep their own tokens."""
    provider = RotatingProvider(api)
    shared = config(api, store)
    seeds = {account: provider.issue(account) for account in "AB"}
    for account in "ABAB":
        run = tap.ok({**shared, "refresh_token": seeds[account]})
        assert run.ids() == [account]
        provider.expire()
    assert provider.reused == []
