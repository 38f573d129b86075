"""The token store between runs: its file, its lock, and what happens when it cannot be used."""

from __future__ import annotations

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
    """A configuration whose token store is the file of the test."""
    api.serve("/items", [{"id": 1}])
    return lambda **settings: api.config(STREAM, token_store=f"sqlite:///{store}", **settings)


@contextmanager
def database(path):
    """Open a store as any other program would, and give it with its one table as ``entries``."""
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


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777], indirect=True)
@pytest.mark.parametrize("there", [None, 0o644])
@pytest.mark.usefixtures("umask")
def test_the_file_is_its_owners_alone(api, tap, store, config, there):
    """The store is 0600 under any umask, a file that was there and the journal included."""
    store.parent.mkdir()
    store.parent.chmod(0o700)
    if there is not None:
        store.touch()
        store.chmod(there)
    seen = {}

    def token(_):
        seen.update(modes(store.parent))
        return {"access_token": "a-token"}

    api.token = token
    assert tap(config()).status == 0
    assert set(modes(store.parent).values()) == set(seen.values()) == {0o600}
    assert store.name in seen


@pytest.mark.parametrize("umask", [0o000, 0o022], indirect=True)
@pytest.mark.usefixtures("umask")
def test_a_missing_folder_is_created_for_its_owner_alone(tap, store, config):
    """The folder of the store is created where it is missing, and nobody else may look into it."""
    assert tap(config()).status == 0
    assert store.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("umask", [0o000], indirect=True)
@pytest.mark.usefixtures("umask")
def test_every_missing_folder_is_its_owners_alone(api, tap, tmp_path):
    """Folders above the last are created for their owner alone, or others could swap it."""
    api.serve("/items", [{"id": 1}])
    path = tmp_path / "above" / "folder" / "tokens.sqlite"
    assert tap(api.config(STREAM, token_store=f"sqlite:///{path}")).status == 0
    assert (tmp_path / "above").stat().st_mode & 0o022 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
@pytest.mark.parametrize("planted", ["tokens.sqlite", "tokens.sqlite-journal", "a link"])
def test_what_another_user_has_put_there_is_no_store(api, tap, tmp_path, planted):
    """In a folder that everybody may write, another user's file, journal or link is refused."""
    folder, elsewhere, nobody = tmp_path / "all", tmp_path / "elsewhere", 65534
    folder.mkdir()
    folder.chmod(0o1777)
    path = folder / ("tokens.sqlite" if planted == "a link" else planted)
    if planted == "a link":
        elsewhere.write_text("mine")
        elsewhere.chmod(0o644)
        path.symlink_to(elsewhere)
    else:
        path.touch()
    os.chown(path, nobody, nobody, follow_symlinks=False)
    settings = {"token_store": f"sqlite:///{folder}/tokens.sqlite"}
    api.serve("/items", [{"id": 1}])
    run = tap(api.config(STREAM, **settings))
    assert run.status == 1
    assert "belongs to another user" in run.error_lines[-1]
    assert not api.seen
    assert planted != "a link" or elsewhere.stat().st_mode & 0o777 == 0o644
    path.unlink()
    assert tap(api.config(STREAM, **settings)).status == 0


def test_without_a_setting_the_store_lies_in_the_users_state_directory(api, tap, state_home):
    """The default store is a file below XDG_STATE_HOME."""
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM)).status == 0
    assert (state_home / "tap-oauth2-generic" / "tokens.sqlite").is_file()


@pytest.mark.parametrize("name", ["tokens.db", "ünï c#d.db", "a%20b.db", "t.db?timeout=5"])
def test_the_store_is_one_file_however_its_address_is_written(api, tap, tmp_path, name):
    """Whatever SQLAlchemy reads out of the address is the one file there is, and it is 0600."""
    api.serve("/items", [{"id": 1}])
    (tmp_path / "odd").mkdir()
    assert tap(api.config(STREAM, token_store=f"sqlite:///{tmp_path}/odd/{name}")).status == 0
    assert list(modes(tmp_path / "odd").values()) == [0o600]


def test_a_token_survives_a_process_that_is_killed(api, tap, tmp_path, config):
    """What the provider returned is stored before the token is used for the first time."""
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
    assert tap(config()).status == 0
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
def test_a_corrupt_entry_counts_as_none(api, tap, config, entry, settings):
    """A stored entry that cannot be read is replaced, so that a run or a seed mends it."""
    store = config()["token_store"].removeprefix("sqlite:///")
    assert tap(config(**settings)).status == 0
    with database(store) as execute:
        execute("UPDATE entries SET entry = ?", entry)
    run = tap(config(**settings))
    assert run.status == 0, run.errors
    assert len(api.requests("/token")) == 2
    assert tap(config(**settings)).status == 0
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize(
    "change", [{"access_token": 5}, {"expires_at": "soon"}, {"response": None}]
)
def test_an_entry_of_wrong_types_counts_as_none(api, tap, store, config, change):
    """A stored token whose fields have other types is replaced like any corrupt entry."""
    assert tap(config()).status == 0
    with database(store) as execute:
        ((entry,),) = execute("SELECT entry FROM entries")
        stored = json.loads(entry)
        stored["token"] |= change
        execute("UPDATE entries SET entry = ?", json.dumps(stored))
    run = tap(config())
    assert run.status == 0, run.errors
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize("place", ["/proc/nowhere/tokens.sqlite", "{file}/tokens.sqlite",
                                   "{folder}", "{file}"])  # fmt: skip
def test_a_store_that_cannot_be_used_is_one_error_before_any_request(api, tap, tmp_path, place):
    """A store that cannot be written or is no database is said before a token is spent."""
    (tmp_path / "file").write_text("no database at all, but a text of some length " * 10)
    path = place.format(file=tmp_path / "file", folder=tmp_path)
    run = tap(api.config(STREAM, token_store=f"sqlite:///{path}", **SEEDED))
    assert run.status == 1
    (line,) = run.error_lines
    assert "token_store" in line
    assert not api.seen


def test_a_read_only_store_is_one_error_before_any_request(api, tap, store, config):
    """A store that can be read and not be written stops the run before a token is spent."""
    assert tap(config()).status == 0
    with database(store) as execute:
        execute(
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT raise(ABORT, 'full'); END"
        )
        execute("DELETE FROM entries")
    run = tap(config(**SEEDED))
    assert run.status == 1
    assert "token_store" in run.error_lines[0]
    assert len(api.requests("/token")) == 1


def test_the_store_is_locked_while_a_token_is_asked_for(api, tap, store, config):
    """From the request of a token to its storing no other process can take the lock."""
    said = []

    def token(_):
        with closing(sqlite3.connect(store, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                said.append(str(error))
        return {"access_token": "a-token"}

    api.token = token
    assert tap(config(**SEEDED)).status == 0
    assert said == ["database is locked"]
    with database(store) as execute:
        execute("BEGIN IMMEDIATE")


def test_a_token_that_was_replaced_is_nowhere_in_the_file(api, tap, store, config):
    """What was rotated away is overwritten, not left in pages that SQLite no longer uses."""
    tokens = [f"rotated-{turn}-" + "x" * 3000 * turn for turn in (3, 1, 2)]
    for token in tokens:
        api.token = lambda _, token=token: {"access_token": token, "refresh_token": f"r-{token}",
                                            "expires_in": 0.001}  # fmt: skip
        assert tap(config(**SEEDED)).status == 0
    kept = b"".join(path.read_bytes() for path in store.parent.iterdir())
    assert [token[:10].encode() in kept for token in tokens] == [False, False, True]


def test_a_refused_refresh_leaves_what_is_stored(api, tap, config):
    """A refresh that fails for a passing reason takes no stored token away."""
    good = {"Authorization": "Bearer third"}
    api.token = lambda _: {"access_token": "first", "refresh_token": "second"}
    assert tap(config(**SEEDED)).status == 0
    api.routes["/items"] = lambda seen: [] if good.items() <= seen.headers.items() else REFUSED
    for answer, status in ((Reply({}, 500), 1), ({"access_token": "third"}, 0)):
        api.token = lambda _, answer=answer: answer
        assert tap(config(**SEEDED)).status == status
    tokens = [request.form["refresh_token"] for request in api.requests("/token")]
    assert tokens == ["seed-of-the-test", "second", "second"]
