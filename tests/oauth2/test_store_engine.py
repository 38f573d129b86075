"""The SQLite file of the token store: where it is, who may read it, and how long it waits."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from contextlib import closing, contextmanager

import pytest

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2 import store_engine
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.oauth2.store_engine import open_database, store_url
from tests.support.chains import a_chain

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")


@pytest.fixture
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def url_of(path):
    return f"sqlite:///{path}"


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///tokens.sqlite",
        "sqlite:////var/lib/tap/tokens.sqlite",
        "postgresql://user:password@host/database",
        "postgresql+psycopg://host/database",
    ],
)
def test_url_of_a_file_or_of_postgresql_is_one_of_a_store(url):
    assert store_url(url) == url


@pytest.mark.parametrize(
    "value", ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "tokens.sqlite",
              "mysql://host/database", "postgresql+asyncpg://host/database", 5, None]
)  # fmt: skip
def test_other_values_are_no_store(value):
    with pytest.raises(ValueError, match="must be"):
        store_url(value)


def test_store_without_a_url_is_in_the_state_directory(state_home):
    path = state_home / "tap-oauth2-generic" / "tokens.sqlite"
    assert open_database(None).path == path
    assert mode(path) == 0o600


def test_path_ends_at_a_question_mark_and_escapes_are_read(tmp_path):
    name = open_database(url_of(tmp_path / "a%20b%3Fc.sqlite?timeout=5")).path.name
    assert name == "a b?c.sqlite"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777], indirect=True)
@pytest.mark.parametrize("before", [None, 0o644])
@pytest.mark.usefixtures("umask")
def test_file_is_the_owners_under_any_umask(tmp_path, before):
    path = tmp_path / "tokens.sqlite"
    if before is not None:
        path.touch()
        path.chmod(before)
    open_database(url_of(path))
    assert mode(path) == 0o600


@pytest.mark.parametrize("umask", [0o000, 0o022], indirect=True)
@pytest.mark.usefixtures("umask")
def test_missing_folders_are_created_for_the_owner(tmp_path):
    """A folder that exists keeps its mode."""
    tmp_path.chmod(0o750)
    path = tmp_path / "above" / "folder" / "tokens.sqlite"
    for _ in range(2):
        open_database(url_of(path))
    assert [mode(folder) for folder in (path.parent, path.parent.parent, tmp_path)] == [
        0o700, 0o700, 0o750,
    ]  # fmt: skip


@pytest.fixture
def planted(tmp_path):
    """Put a file of another user into a folder of a mode; return the store's URL."""

    def plant(name, folder_mode):
        tmp_path.chmod(folder_mode)
        (tmp_path / name).touch()
        os.chown(tmp_path / name, NOBODY, NOBODY)
        return url_of(tmp_path / "tokens.sqlite")

    return plant


@AS_ROOT
@pytest.mark.parametrize("ending", ["", "-journal", "-wal", "-shm"])
def test_file_of_another_user_is_refused_where_all_may_write(planted, ending):
    """Of the database and of each file that SQLite would read next to it."""
    url = planted(f"tokens.sqlite{ending}", 0o1777)
    with pytest.raises(PermissionError, match=f"tokens.sqlite{ending} belongs to another user"):
        open_database(url)


@AS_ROOT
def test_link_of_another_user_is_not_followed(tmp_path):
    """It would lead the store, or its mode, to where they want."""
    folder, elsewhere = tmp_path / "all", tmp_path / "elsewhere"
    folder.mkdir()
    folder.chmod(0o1777)
    elsewhere.touch(0o644)
    (folder / "tokens.sqlite").symlink_to(elsewhere)
    os.chown(folder / "tokens.sqlite", NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(PermissionError, match="belongs to another user"):
        open_database(url_of(folder / "tokens.sqlite"))
    assert mode(elsewhere) == 0o644


@AS_ROOT
@pytest.mark.parametrize(
    ("name", "folder_mode"), [("tokens.sqlite", 0o755), ("tokens.sqlite-other", 0o1777)]
)
def test_other_files_of_another_user_are_no_matter(planted, name, folder_mode):
    """In a folder in which nobody else may write, or under a name that SQLite does not read."""
    url = planted(name, folder_mode)
    for _ in range(2):
        assert TokenStore(url, None).names() == []


@AS_ROOT
def test_user_without_a_home_is_told_to_set_token_store(monkeypatch):
    """Without HOME and an entry in passwd there is no place for the default store."""
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    os.setreuid(54321, 0)
    try:
        with pytest.raises(TokenStoreError, match="has no home directory to keep tokens in"):
            open_database(None)
    finally:
        os.setreuid(0, 0)


@contextmanager
def held(path, statement):
    """Hold a lock on a database until 0.3 seconds from now."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN")
        other.execute(statement).fetchall()
        timer = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        timer.start()
        yield
        timer.join()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM tap_oauth2_connections", "SELECT * FROM tap_oauth2_connections"]
)
def test_store_in_use_is_waited_for(tmp_path, statement):
    """A writer delays the transaction, a reader its commit."""
    path = tmp_path / "tokens.sqlite"
    store = TokenStore(url_of(path), None)
    store.write(a_chain("first"))
    with held(path, statement):
        store.write(a_chain("second"))
    assert [chain.connection for chain in store.read_all()] == ["first", "second"]


def test_store_that_stays_in_use_is_an_error_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(store_engine, "LOCK_TIMEOUT_SECONDS", 0.01)
    path = tmp_path / "tokens.sqlite"
    store = TokenStore(url_of(path), None)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TokenStoreError, match="database is locked"):
            store.names()


def test_replaced_entry_is_overwritten(tmp_path):
    """SQLite would leave it in pages that it no longer uses."""
    path = tmp_path / "tokens.sqlite"
    store = TokenStore(url_of(path), None)
    for scope in ("long-scope-" + "x" * 9000, "short"):
        store.write(a_chain(scopes=[scope]))
    assert b"short" in path.read_bytes()
    assert b"long-scope" not in path.read_bytes()


def test_sqlite_needs_no_sqlalchemy(tmp_path, monkeypatch):
    """It is slow to import: neither a use of the store nor a fault in one does."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "sqlalchemy"]:
        monkeypatch.delitem(sys.modules, name)
    path = tmp_path / "tokens.sqlite"
    assert TokenStore(url_of(path), None).names() == []
    path.write_text("this is not a database " * 100)
    with pytest.raises(TokenStoreError, match="not a database"):
        TokenStore(url_of(path), None).names()
    assert "sqlalchemy" not in sys.modules


def test_fault_of_postgresql_is_told_in_its_own_words():
    """Without the link that SQLAlchemy adds, or the password."""
    url = "postgresql://tap:password-of-the-store@127.0.0.1:1/none"
    with pytest.raises(TokenStoreError) as caught:
        TokenStore(url, None).names()
    assert str(caught.value).startswith("cannot use the token store: connection ")
    assert not any(word in str(caught.value) for word in ("sqlalche", "psycopg", "password"))
