"""The token store between runs: its file, its lock, its failures."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

import pytest

from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
SEEDED = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
REFUSED = Reply({}, 401)
COMMAND = [sys.executable, "-m", "tap_oauth2_generic", "--config"]


@pytest.fixture
def store(tmp_path):
    return tmp_path / "folder" / "tokens.sqlite"


@pytest.fixture
def config(api, store):
    """Build a configuration whose token store is the file of the test."""
    api.serve("/items", [{"id": 1}])
    return lambda **settings: api.config(STREAM, token_store=f"sqlite:///{store}", **settings)


@contextmanager
def database(path):
    """Open a store as any program would; ``entries`` in a statement is its table."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        ((table,),) = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        yield lambda statement, *values: connection.execute(
            statement.replace("entries", table), values
        )


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.fixture
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o777], indirect=True)
@pytest.mark.usefixtures("umask")
def test_only_the_owner_can_read_the_file(api, tap, store, config):
    """The store is 0600 under any umask, the journal included."""
    store.parent.mkdir()
    store.parent.chmod(0o700)
    seen = {}

    def token(_):
        seen.update(modes(store.parent))
        return {"access_token": "a-token"}

    api.token = token
    tap.ok(config())
    assert set(modes(store.parent).values()) == set(seen.values()) == {0o600}
    assert store.name in seen


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("tokens.db", "tokens.db"),
        ("ünï c#d.db", "ünï c#d.db"),
        ("a%20b%3Fc%25.db", "a b?c%.db"),
        ("t.db?timeout=5", "t.db"),
        (":memory:", ":memory:"),
    ],
)
@pytest.mark.parametrize("is_relative", [True, False])
def test_store_is_one_file_however_its_url_is_written(
    api, tap, tmp_path, monkeypatch, written, name, is_relative
):
    """The path that the URL names is the only file, it is 0600, and it keeps the token."""
    api.serve("/items", [{"id": 1}])
    (tmp_path / "odd").mkdir()
    monkeypatch.chdir(tmp_path / "odd")
    folder = "." if is_relative else tmp_path / "odd"
    for _ in range(2):
        tap.ok(api.config(STREAM, token_store=f"sqlite:///{folder}/{written}"))
    assert modes(tmp_path / "odd") == {name: 0o600}
    assert len(api.requests("/token")) == 1


def test_token_survives_a_killed_process(api, tap, tmp_path, config):
    """A token is stored before it is used for the first time."""
    arrived, killed = threading.Event(), threading.Event()

    def hanging(_):
        arrived.set()
        killed.wait()
        return []

    api.routes["/items"] = hanging
    path = tmp_path / "killed.json"
    path.write_text(json.dumps(config()))
    with subprocess.Popen([*COMMAND, path], stderr=subprocess.DEVNULL) as process:
        assert arrived.wait(30)
        process.kill()
    killed.set()
    api.serve("/items", [{"id": 1}])
    tap.ok(config())
    assert len(api.requests("/token")) == 1


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"token": "text", "seed": "", "request": ""}',
        '{"token": {"unknown": 1}, "seed": "", "request": ""}',
    ],
)
@pytest.mark.parametrize("settings", [{}, SEEDED])
def test_corrupt_entry_is_replaced(api, tap, config, entry, settings):
    """An unreadable entry counts as none, so a run or a seed repairs it."""
    store = config()["token_store"].removeprefix("sqlite:///")
    tap.ok(config(**settings))
    with database(store) as execute:
        execute("UPDATE entries SET entry = ?", entry)
    tap.ok(config(**settings))
    assert len(api.requests("/token")) == 2
    tap.ok(config(**settings))
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"token": {"access_token": 5}},
        {"token": {"access_token": "given", "expires_at": "soon"}},
        {"token": {"access_token": "given", "response": None}},
        {"issued_for": []},
        {"seeds": "given"},
    ],
)
def test_entry_with_wrong_types_is_replaced(api, tap, store, config, change):
    """A stored chain whose fields have other types counts as corrupt."""
    tap.ok(config())
    with database(store) as execute:
        ((entry,),) = execute("SELECT entry FROM entries")
        execute("UPDATE entries SET entry = ?", json.dumps(json.loads(entry) | change))
    tap.ok(config())
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize("place", ["/proc/nowhere/tokens.sqlite", "{file}/tokens.sqlite",
                                   "{folder}", "{file}"])  # fmt: skip
def test_unusable_store_is_one_error_before_any_request(api, tap, tmp_path, place):
    """An unwritable store or a file that is no database fails before a token is used."""
    (tmp_path / "file").write_text("this is not a database but some other file " * 10)
    path = place.format(file=tmp_path / "file", folder=tmp_path)
    run = tap(api.config(STREAM, token_store=f"sqlite:///{path}", **SEEDED))
    assert run.status == 1
    (line,) = run.error_lines
    assert "token_store" in line
    assert not api.seen


def test_read_only_store_is_one_error_before_any_request(api, tap, store, config):
    """A store that can be read but not written stops the run before a token is used."""
    tap.ok(config())
    with database(store) as execute:
        execute(
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT raise(ABORT, 'full'); END"
        )
        execute("DELETE FROM entries")
    run = tap(config(**SEEDED))
    assert run.status == 1
    assert "token_store" in run.error_lines[0]
    assert len(api.requests("/token")) == 1


def test_chain_is_locked_during_a_refresh(api, tap, store, config):
    """A refresh locks its chain against other processes, and leaves the database to others."""
    seen = []

    def token(_):
        (path,) = store.parent.glob("*.lock")
        with path.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                seen.append("locked")
        with database(store) as execute:
            execute("BEGIN IMMEDIATE")
        return {"access_token": "a-token"}

    api.token = token
    tap.ok(config(**SEEDED))
    assert seen == ["locked"]
    assert not list(store.parent.glob("*.lock"))


def test_replaced_token_is_erased_from_the_file(api, tap, store, config):
    """A rotated token is overwritten, not left in pages that SQLite no longer uses."""
    tokens = [f"rotated-{number}-" + "x" * 3000 * number for number in (3, 1, 2)]
    for token in tokens:
        api.token = lambda _, token=token: {"access_token": token, "refresh_token": f"r-{token}",
                                            "expires_in": 0.001}  # fmt: skip
        tap.ok(config(**SEEDED))
    kept = b"".join(path.read_bytes() for path in store.parent.iterdir())
    assert [token[:10].encode() in kept for token in tokens] == [False, False, True]


def test_failed_refresh_keeps_the_stored_token(api, tap, config):
    """A refresh that fails for a transient reason keeps the stored token."""
    good = {"Authorization": "Bearer access-third"}
    api.token = lambda _: {"access_token": "access-first", "refresh_token": "refresh-second"}
    tap.ok(config(**SEEDED))
    api.routes["/items"] = lambda seen: [] if good.items() <= seen.headers.items() else REFUSED
    for reply, status in ((Reply({}, 500), 1), ({"access_token": "access-third"}, 0)):
        api.token = lambda _, reply=reply: reply
        assert tap(config(**SEEDED)).status == status
    tokens = [request.form["refresh_token"] for request in api.requests("/token")]
    assert tokens == ["seed-of-the-test", "refresh-second", "refresh-second"]
