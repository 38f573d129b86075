"""The connections command: what it lists, checks and removes."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.session import Session
from tests.support.commands import write_config
from tests.support.rotation import Person, RotatingProvider
from tests.support.server import Reply
from tests.support.settings import valid_config

STREAM = {"name": "items", "path": "items", "schema": {"properties": {"id": {"type": "string"}}}}
KEYS = ["name", "token_url", "client_id", "scopes", "valid_until", "refresh_token", "renewals",
        "renewed_at"]  # fmt: skip


@pytest.fixture
def provider(api):
    return RotatingProvider(api)


@pytest.fixture
def settings(api, tmp_path):
    """The configuration of a connection that a person logs in to."""
    return api.config(
        STREAM,
        grant_type="authorization_code",
        authorize_url=f"{api.url}/authorize",
        token_store=f"sqlite:///{tmp_path}/tokens.sqlite",
        connection="main",
        scopes="read",
    )


@pytest.fixture
def connections(tmp_path, program):
    """Run the command with a configuration."""

    def run(config, *options):
        path = write_config(tmp_path, config)
        return program("connections", "--config", path, *options)

    return run


def log_in(settings):
    session = Session.of(valid_config(settings), Clock(), lambda: None)
    session.authenticator.login(Person("A"))


def stored(connections, config):
    done = connections(config, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("key", [{}, {"token_store_key": "key-of-the-test"}])
def test_lists_all_of_the_store_without_a_secret(api, tap, provider, connections, settings, key):
    """A login, a seed and a client's own token are listed with what is known of them."""
    log_in({**settings, **key})
    seed = provider.issue("B")
    tap.ok({**settings, **key, "connection": "other", "refresh_token": seed})
    api.token = lambda _: {"access_token": "access-of-the-client", "expires_in": 60}
    api.serve("/items", [{"id": "1"}])
    tap.ok({**settings, **key, "grant_type": "client_credentials"})
    found = stored(connections, {**settings, **key})
    assert [list(one) for one in found] == [KEYS] * 3
    main, client, other = found
    assert [one["name"] for one in found] == ["main", "main", "other"]
    assert {one["token_url"] for one in found} == {f"{api.url}/token"}
    assert {one["client_id"] for one in found} == {"client-of-the-test"}
    assert main["scopes"] == ["read"]
    assert [one["refresh_token"] for one in found] == [True, False, True]
    assert [one["renewals"] for one in found] == [0, 0, 1]
    assert main["renewed_at"] is None
    assert other["renewed_at"] < other["valid_until"]
    assert client["valid_until"].endswith("+00:00")
    shown = connections({**settings, **key})
    assert "main\n" in shown.stdout
    for text in (shown.stdout + shown.stderr, json.dumps(found)):
        assert not any(word in text for word in ("refresh-A", "refresh-B", "access-", "secret-of"))


def test_check_renews_the_connection_once(api, provider, connections, settings):
    log_in(settings)
    done = connections(settings, "--check")
    assert done.returncode == 0, done.stderr
    assert "connection 'main' was renewed" in done.stdout
    assert (len(provider.spent), len(api.requests("/items"))) == (1, 0)
    assert stored(connections, settings)[0]["renewals"] == 1


def test_check_of_a_dead_connection_fails(provider, connections, settings):
    """A revoked connection, and one without a login, are one line and exit status 1."""
    log_in(settings)
    provider.revoke("A")
    for config in (settings, {**settings, "connection": "nobody"}):
        done = connections(config, "--check")
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "log in with" in line
    assert stored(connections, settings)[0]["refresh_token"] is False


@pytest.mark.parametrize("status", [200, 401])
def test_check_uses_a_token_that_nothing_renews(api, connections, settings, status):
    """A lasting access token is used for one request, which decides."""
    api.serve("/items", Reply([{"id": "1"}], status))
    config = {**settings, "access_token": "lasting-token", "access_token_url": None}
    done = connections(config, "--check")
    assert done.returncode == (0 if status == 200 else 1), done.stderr
    assert len(api.requests("/items")) == 1


def test_removed_connection_is_gone(tap, provider, connections, settings):
    """--remove deletes the login and all seeds of a name, and no other connection."""
    log_in(settings)
    for name in ("main", "main-2"):
        tap.ok({**settings, "connection": name, "refresh_token": provider.issue("B")})
    done = connections(settings, "--remove", "main")
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in stored(connections, settings)] == ["main-2"]
    assert tap(settings).status == 1


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_unknown_connection_cannot_be_removed(api, tap, provider, connections, settings, options):
    """The names that there are follow, without the grants of clients' own tokens."""
    log_in(settings)
    api.token = lambda _: {"access_token": "access-of-the-client", "expires_in": 60}
    api.serve("/items", [{"id": "1"}])
    for name in ("main", "other"):
        tap.ok({**settings, "grant_type": "client_credentials", "connection": name})
    done = connections(settings, "--remove", "mian", *options)
    assert (done.returncode, done.stdout) == (1, "")
    said = "there is no connection 'mian' in the token store; there are: 'main', 'other'"
    assert done.stderr.splitlines() == [f"ERROR: {said}"]
    assert len(stored(connections, settings)) == 3
    assert connections(settings, "--remove", "other").returncode == 0
    assert [one["name"] for one in stored(connections, settings)] == ["main", "main"]


@pytest.mark.parametrize("is_stored", [True, False])
def test_check_gets_a_token_of_the_client(api, tap, connections, settings, is_stored):
    api.serve("/items", [{"id": "1"}])
    config = {**settings, "grant_type": "client_credentials"}
    if is_stored:
        tap.ok(config)
    before = len(api.requests("/token"))
    done = connections(config, "--check")
    assert (done.returncode, len(api.requests("/token")) - before) == (0, 1), done.stderr
    api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    done = connections(config, "--check", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_check_spends_a_seed_once(provider, connections, settings):
    config = {**settings, "refresh_token": provider.issue("B")}
    for renewals in (1, 2):
        assert connections(config, "--check").returncode == 0
        assert stored(connections, config)[0]["renewals"] == renewals
    assert provider.reused == []


def test_connection_of_another_key_is_named_and_can_be_removed(provider, connections, settings):
    """What another token_store_key has encrypted is a warning, not the end of the list."""
    log_in({**settings, "token_store_key": "key-of-the-test"})
    log_in({**settings, "connection": "plain"})
    done = connections(settings, "--json")
    assert [one["name"] for one in json.loads(done.stdout)] == ["plain"]
    assert "connection 'main'" in done.stderr
    assert connections(settings, "--remove", "main").returncode == 0
    assert connections(settings, "--json").stderr == ""


@pytest.mark.parametrize("before", [{}, {"token_store_key": "old-key-of-the-test"}])
def test_new_key_needs_no_login(tap, provider, connections, settings, tmp_path, before):
    """Every connection is encrypted with it; the one before opens none."""
    log_in({**settings, **before})
    seed = {"connection": "other", "refresh_token": provider.issue("B")}
    tap.ok({**settings, **before, **seed})
    key_file = tmp_path / "new-key"
    key_file.write_text("new-key-of-the-test\n")
    done = connections({**settings, **before}, "--new-key-file", str(key_file))
    assert done.returncode == 0, done.stderr
    assert "2 connections now encrypted with the new key" in done.stderr
    assert "key-of-the-test" not in done.stdout + done.stderr
    assert b"refresh-" not in (tmp_path / "tokens.sqlite").read_bytes()
    provider.expire()
    after = {"token_store_key_file": str(key_file)}
    assert tap.ok({**settings, **after}).ids() == ["A"]
    assert tap.ok({**settings, **after, **seed}).ids() == ["B"]
    assert provider.reused == []
    assert "another token_store_key" in tap({**settings, "token_store_key": "old"}).errors


def test_interrupted_change_of_the_key_is_completed(tap, provider, settings, tmp_path):
    """A row that has the new key already is kept; one that has neither changes no other."""
    url = settings["token_store"]
    for name, key in (("first", "new"), ("second", "old")):
        seed = {"connection": name, "refresh_token": provider.issue("B")}
        tap.ok({**settings, "token_store_key": key, **seed})
    with pytest.raises(TokenStoreError, match="another token_store_key"):
        TokenStore(url, "wrong").change_key("new")
    assert TokenStore(url, "old").change_key("new") == 2
    assert {chain.connection for chain in TokenStore(url, "new").read_all()} == {"first", "second"}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("missing", "token_store_key_file: cannot read 'missing'"),
        # Such as that of a shell variable that is not set.
        ("", "--new-key-file is empty; name the file that holds the new key"),
    ],
)
def test_new_key_is_read_from_a_file_that_exists(connections, settings, tmp_path, name, error):
    """Without one nothing changes: no token is stored in plain."""
    before = {**settings, "token_store_key": "old-key-of-the-test"}
    log_in(before)
    done = connections(before, "--new-key-file", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert error in done.stderr
    assert b"refresh-" not in (tmp_path / "tokens.sqlite").read_bytes()
