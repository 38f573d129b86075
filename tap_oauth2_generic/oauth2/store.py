"""Where tokens live between runs: one row for each connection, behind one lock.

Knows no provider and no grant; ``store_engine`` opens the database.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.cipher import decrypt, encrypt
from tap_oauth2_generic.oauth2.store_engine import open_engine
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.runtime.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

# How much longer the entry of a renewed token may be than the one before it.
_RESERVED_BYTES = 2**15
_INSERT = (
    "INSERT INTO tap_oauth2_connections (name, entry) VALUES (:name, '') "
    "ON CONFLICT (name) DO NOTHING"
)
_LOCK = "SELECT name FROM tap_oauth2_connections WHERE name = :name FOR UPDATE"
_SELECT = "SELECT entry FROM tap_oauth2_connections WHERE name = :name"
_UPDATE = "UPDATE tap_oauth2_connections SET entry = :entry WHERE name = :name"


@dataclass(frozen=True)
class Entry:
    """The stored state of a connection.

    ``seed`` and ``request`` are fingerprints of the configured seeds and of the token request:
    they reveal a change. ``refresh_started_at``, in seconds since 1970, is set during a refresh
    and stays set if the process is killed in it.
    """

    token: Token | None
    seed: str = ""
    request: str = ""
    refresh_started_at: float | None = None


@dataclass(frozen=True)
class Row:
    """The row of one connection while its lock is held."""

    _connection: Connection
    _name: str
    _key: str | None = field(repr=False)

    def read(self) -> Entry | None:
        """Return the stored entry, None if there is none or it is corrupt."""
        with _store_errors():
            stored = self._execute(_SELECT).scalar_one_or_none()
        if not stored or not isinstance(stored, str):
            return None
        try:
            return msgspec.json.decode(decrypt(stored, self._key), type=Entry)
        except (msgspec.MsgspecError, AttributeError):
            return None

    def write(self, entry: Entry, *, reserve_space: bool = False) -> None:
        """Store and commit an entry, which ends the lock; raise TokenStoreError.

        ``reserve_space`` takes as much of the disk as the entry of a renewed token may need.
        """
        self._update(entry, _RESERVED_BYTES if reserve_space else 0)
        with _store_errors():
            self._connection.commit()

    def release_space(self, entry: Entry) -> None:
        """Free the reserved space for the next write, which then fits the disk.

        SQLite copies a page into its journal before the first change: here, uncommitted.
        """
        self._update(entry, 0)

    def lock(self) -> None:
        """Acquire the row's lock, creating the row if it is missing."""
        with _store_errors():
            self._execute(_INSERT)
            if self._connection.dialect.name == "postgresql":
                self._execute(_LOCK)

    def reconnect(self) -> None:
        """Acquire the lock again over a new connection; raise TokenStoreError."""
        with _store_errors():
            self._connection.invalidate()
            self._connection.rollback()
        self.lock()

    def _update(self, entry: Entry, padding: int) -> None:
        plain = msgspec.json.encode(asdict(entry)).decode() + " " * padding
        encrypted = encrypt(plain, self._key)
        with _store_errors():
            self._execute(_UPDATE, entry=encrypted)

    def _execute(self, statement: str, **values: str) -> Any:
        from sqlalchemy import text  # see store_engine

        return self._connection.execute(text(statement), {"name": self._name, **values})


@contextmanager
def lock_row(url: str | None, key: str | None, name: str) -> Iterator[Row]:
    """Hold a connection's row against all threads and processes; raise TokenStoreError."""
    with _store_errors():
        # Opened each time: the file may have been removed meanwhile.
        connection = open_engine(url).connect()
    try:
        row = Row(connection, name, key)
        row.lock()
        yield row
    finally:
        connection.close()


@contextmanager
def _store_errors() -> Iterator[None]:
    """Turn errors of database and file system into one TokenStoreError."""
    from sqlalchemy.exc import SQLAlchemyError  # see store_engine

    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError) as error:
        cause = getattr(error, "orig", None) or error
        raise TokenStoreError(
            f"cannot use the token store: {redact(' '.join(str(cause).split()))[:300]}; check that "
            "token_store exists or can be created, and is writable"
        ) from None
