"""The token store in PostgreSQL: its table, its transactions and the lock of a row."""

from __future__ import annotations

import hashlib
import logging
import threading

import pytest

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.store import TokenStore
from tests.support.chains import a_chain

LOCK_KEYS = (
    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks "
    "WHERE locktype = 'advisory' AND granted"
)


@pytest.fixture
def admin(postgres_url):
    """A connection of an administrator to an empty database."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS tap_oauth2_connections")
        yield connection


@pytest.fixture
def store(postgres_url, admin):
    return TokenStore(postgres_url, None)


def test_rows_are_written_read_and_removed(store):
    """Each over a connection of its own, which creates the table if it is missing."""
    assert store.names() == []
    for chain in (a_chain("first"), a_chain("second"), a_chain("first", renewals=2)):
        store.write(chain)
    assert store.read_all() == [a_chain("first", renewals=2), a_chain("second")]
    store.remove(a_chain("first").key)
    assert store.names() == [a_chain("second").key]


def test_table_that_another_process_creates_at_the_same_time_is_used(store, postgres_url, admin):
    """PostgreSQL fails the later one of two that create it."""
    import psycopg

    found = []
    with psycopg.connect(postgres_url) as other:
        other.execute(
            "CREATE TABLE tap_oauth2_connections (name VARCHAR(2000) PRIMARY KEY, entry TEXT)"
        )
        user = threading.Thread(target=lambda: found.append(store.names()))
        user.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while user.is_alive() and admin.execute(waiting).fetchone() == (0,):
            pass
        other.commit()
        user.join(30)
    assert found == [[]]


@pytest.mark.parametrize("name", ["main", "main\x1fseed", "a", "b", "c"])
def test_lock_of_a_row_has_the_key_that_every_version_locks(store, admin, name):
    """Numbers of both signs; it is gone after the use."""
    digest = hashlib.sha256(name.encode()).digest()
    with store.lock(name):
        assert admin.execute(LOCK_KEYS).fetchall() == [
            (int.from_bytes(digest[:8], "big", signed=True),)
        ]
    assert admin.execute(LOCK_KEYS).fetchall() == []


@pytest.fixture
def limited(postgres_url, admin):
    """The URL of a role that may neither create a table nor read one."""
    admin.execute("DROP ROLE IF EXISTS limited")
    admin.execute("CREATE ROLE limited LOGIN PASSWORD 'password-of-the-role'")
    yield postgres_url.replace("tap:password-of-the-store", "limited:password-of-the-role")
    admin.execute("DROP ROLE limited")


def test_role_that_may_not_create_the_table_is_told_so(limited):
    with pytest.raises(TokenStoreError, match="permission denied for schema public"):
        TokenStore(limited, None).names()


def test_rows_are_in_no_log(store, caplog, monkeypatch):
    """SQLAlchemy would log them, if a logging configuration sets its level to DEBUG."""
    monkeypatch.setattr(logging.getLogger("sqlalchemy.engine.Engine"), "disabled", False)
    caplog.set_level(logging.DEBUG, "sqlalchemy")
    store.write(a_chain(scopes=["a-word-of-the-row"]))
    assert len(store.read_all()) == 1
    assert "a-word-of-the-row" not in caplog.text
