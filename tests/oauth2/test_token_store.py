"""The rows of the token store: what is written, found, removed and encrypted anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.store import SEPARATOR, TokenStore
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tests.support.chains import a_chain

PLAIN = TokenStore(None, None)
OLD, NEW, WRONG = (TokenStore(None, f"{name}-key") for name in ("old", "new", "wrong"))


@pytest.fixture
def execute(state_home):
    """Execute a statement on the default store, as any program would."""
    file = state_home / "tap-oauth2-generic" / "tokens.sqlite"

    def run(statement, *values):
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
            rows = connection.execute(
                statement.replace("entries", "tap_oauth2_connections"), values
            )
            return rows.fetchall()

    return run


def connections(store):
    return sorted(chain.connection for chain in store.read_all())


@pytest.mark.parametrize("store", [PLAIN, NEW])
def test_chain_is_read_as_it_was_written(store):
    """Every field of a chain and its token is kept."""
    first = Token("access-of-the-provider", "a-refresh-token", 2.5, 1.5, {"a": [1]})
    token = replace(first, access_token="access-of-the-api", first=first, redirect={"shop": "s"})
    chain = a_chain(
        token=token, seed="seed", seeds=("seed", "other"), spent=("spent",), is_login=True,
        started_at=1.0, refresh_started_at=2.0, ended=True, renewals=3, renewed_at=4.0,
    )  # fmt: skip
    store.write(chain)
    assert store.read("main") == {chain.key: chain}
    assert store.read_all() == [chain]


def test_chains_of_a_connection_have_its_whole_name():
    """Neither a longer name nor a client's own token of the same name is one of them."""
    names = ("main", "main-2", "main (client_credentials)", "ma")
    for name in names:
        PLAIN.write(a_chain(name))
    PLAIN.write(a_chain("main", "seed"))
    assert set(PLAIN.read("main")) == {a_chain("main").key, a_chain("main", "seed").key}
    assert sorted(PLAIN.names()) == sorted(
        [a_chain("main", "seed").key, *(a_chain(name).key for name in names)]
    )


def test_written_chain_replaces_the_one_before():
    PLAIN.write(a_chain())
    PLAIN.write(a_chain(renewals=7))
    assert [chain.renewals for chain in PLAIN.read_all()] == [7]


def test_removed_row_is_the_only_one_that_is_gone():
    for name in ("first", "second"):
        PLAIN.write(a_chain(name))
    PLAIN.remove(a_chain("first").key)
    assert connections(PLAIN) == ["second"]


@pytest.mark.parametrize("entry", ["", "{", "null", '{"key": "main"}'])
def test_unreadable_row_and_row_without_a_token_are_left_out(execute, entry):
    """They stay in the store, for the name of a row is all that it takes to remove it."""
    PLAIN.write(a_chain("whole"))
    PLAIN.write(a_chain("empty", token=NO_TOKEN))
    key = f"whole{SEPARATOR}corrupt"
    execute("INSERT INTO entries VALUES (?, ?)", key, entry)
    assert set(PLAIN.read("whole")) == {a_chain("whole").key}
    assert PLAIN.read("empty") == {}
    assert connections(PLAIN) == ["whole"]
    assert sorted(PLAIN.names()) == sorted([a_chain("whole").key, a_chain("empty").key, key])


def test_name_of_a_row_wins_over_the_key_in_it(execute):
    PLAIN.write(a_chain("main"))
    execute("UPDATE entries SET name = ?", a_chain("renamed").key)
    assert [chain.key for chain in PLAIN.read_all()] == [a_chain("renamed").key]


def test_row_of_another_key_is_a_warning_in_a_list_and_an_error_alone(caplog):
    """The warning names the connection."""
    OLD.write(a_chain("first"))
    NEW.write(a_chain("second"))
    assert connections(NEW) == ["second"]
    (record,) = caplog.records
    said = "the stored tokens were encrypted with another token_store_key"
    assert record.getMessage().startswith(f"connection 'first': {said}")
    with pytest.raises(TokenStoreError, match=said):
        NEW.read("first")
    with pytest.raises(TokenStoreError, match="are encrypted; set token_store_key"):
        PLAIN.read("first")


@pytest.mark.parametrize("before", [PLAIN, OLD])
def test_changed_key_opens_every_row(before):
    """Also those that had it already; the key before opens none."""
    for name, store in (("first", before), ("second", NEW)):
        store.write(a_chain(name))
    assert before.change_key("new-key") == 2
    assert connections(NEW) == ["first", "second"]
    assert connections(before) == []


def test_key_is_not_changed_if_a_row_has_neither(execute):
    """No row is written before all are known to open."""
    for name, store in (("first", OLD), ("second", WRONG)):
        store.write(a_chain(name))
    before = execute("SELECT * FROM entries")
    with pytest.raises(TokenStoreError, match="another token_store_key"):
        OLD.change_key("new-key")
    assert execute("SELECT * FROM entries") == before


def test_row_removed_while_the_key_changes_stays_removed(execute):
    for name in ("first", "second"):
        OLD.write(a_chain(name))
    execute(
        "CREATE TRIGGER removed AFTER UPDATE ON entries BEGIN "
        "DELETE FROM entries WHERE name != new.name; END"
    )
    OLD.change_key("new-key")
    assert connections(NEW) == ["first"]


def test_space_for_the_next_entry_is_reserved_while_a_chain_is_refreshed(state_home):
    """The space is twice that of an entry that grows by 32 KiB; the chain is stored before."""
    chain = a_chain()
    with PLAIN.lock(chain.key) as lock:
        PLAIN.begin_refresh(lock, chain)
        (file,) = (state_home / "tap-oauth2-generic").glob("*.lock")
        assert 2 * 2**15 < file.stat().st_size < 2.5 * 2**15
        assert PLAIN.read_all() == [chain]


@pytest.mark.parametrize(("length", "shown"), [(20, 20), (300, 300), (301, 300)])
def test_fault_of_the_database_is_one_short_line(execute, length, shown):
    """It says in up to 300 characters what the database said."""
    PLAIN.write(a_chain())
    execute(
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN "
        f"SELECT raise(ABORT, 'disk\n  {'x' * (length - 5)}'); END"
    )
    with pytest.raises(TokenStoreError) as caught:
        PLAIN.write(a_chain())
    assert str(caught.value) == (
        f"cannot use the token store: disk {'x' * (shown - 5)}; check that token_store exists or "
        "can be created, and is writable"
    )
    assert caught.value.__suppress_context__


def test_lock_of_a_store_that_cannot_be_opened_is_an_error(state_home):
    (state_home / "tap-oauth2-generic").write_text("a file in place of the folder")
    with pytest.raises(TokenStoreError, match="cannot use the token store"), PLAIN.lock("main"):
        pass
