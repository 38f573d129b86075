"""Where tokens live between runs: one row a connection, read and written under one lock.

Knows no provider and no grant; keeps what it is given. SQLAlchemy is imported only here.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.token import Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

# A renewal holds the lock while the provider answers; others wait that long and more.
LOCK_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Entry:
    """What is stored for a connection.

    ``seed`` tells from which seeds in the configuration the token comes, ``request`` with
    which parameters it was asked for: a change of either is seen in them.
    """

    token: Token
    seed: str
    request: str


class Row:
    """The row of one connection while its lock is held."""

    def __init__(self, connection: Connection, name: str) -> None:
        """Belong to an open transaction."""
        self._connection = connection
        self._name = name

    def read(self) -> Entry | None:
        """Give what is stored, None where nothing is."""
        from sqlalchemy import text

        query = text("SELECT entry FROM connections WHERE name = :name")
        stored = self._connection.execute(query, {"name": self._name}).scalar_one_or_none()
        return _decoded(stored) if stored else None

    def write(self, entry: Entry) -> None:
        """Store what was obtained and commit it; it survives whatever happens next."""
        from sqlalchemy import text

        statement = text(
            "INSERT INTO connections (name, entry) VALUES (:name, :entry) "
            "ON CONFLICT (name) DO UPDATE SET entry = excluded.entry"
        )
        values = {"name": self._name, "entry": _encoded(entry)}
        with _translated():
            self._connection.execute(statement, values)
            self._connection.commit()

    def prove_writable(self) -> None:
        """Raise TokenStoreError if a token could not be stored: said before one is spent."""
        from sqlalchemy import text

        statement = text(
            "INSERT INTO connections (name, entry) VALUES (:name, '') "
            "ON CONFLICT (name) DO UPDATE SET entry = entry"
        )
        with _translated():
            self._connection.execute(statement, {"name": self._name})


class TokenStore:
    """A SQLite file of connections, readable by its owner alone."""

    def __init__(self, url: str | None) -> None:
        """Name the store; nothing is opened or created yet."""
        self._url = url
        self._engine: Engine | None = None

    @contextmanager
    def locked(self, name: str) -> Iterator[Row]:
        """Hold the row of a connection, against all threads and processes.

        Raises TokenStoreError where the store cannot be opened or stays locked.
        """
        with _translated():
            engine = self._engine = self._engine or _engine(self._url)
            connection = engine.connect()
        try:
            with _translated():
                connection.begin()
            yield Row(connection, name)
        finally:
            connection.close()


def default_path() -> Path:
    """Give the file that is used when no store is named."""
    from platformdirs import user_state_path

    return user_state_path("tap-oauth2-generic") / "tokens.sqlite"


def check_url(url: str) -> str | None:
    """Say what is wrong with the URL of a store, None where nothing is."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return None
    return "must be the URL of a SQLite file, such as sqlite:////var/lib/tap/tokens.sqlite"


def _engine(url: str | None) -> Engine:
    """Open the store, creating file, folder and table where they are missing."""
    # Imported here: a run whose token lasts needs no database.
    from sqlalchemy import create_engine, event, text
    from sqlalchemy.pool import NullPool

    path = Path((url or "").removeprefix("sqlite:///")) if url else default_path()
    _create(path)
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": LOCK_TIMEOUT_SECONDS}
    )

    # pysqlite would open the transaction only at the first write, too late to be a lock.
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS connections "
                "(name VARCHAR(500) PRIMARY KEY, entry TEXT NOT NULL)"
            )
        )
    return engine


def _create(path: Path) -> None:
    """Create the file for its owner alone, whatever the umask."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a database or a file system says into one sentence."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        message = (
            f"the token store cannot be used: {' '.join(str(cause).split())}. Check the setting "
            "token_store: its folder must exist or be creatable, and be writable"
        )
        raise TokenStoreError(message) from None


def _encoded(entry: Entry) -> str:
    return msgspec.json.encode(asdict(entry)).decode()


def _decoded(stored: str) -> Entry | None:
    """Read an entry; one that cannot be read counts as none, so that a seed or login mends it."""
    try:
        raw = msgspec.json.decode(stored)
        return Entry(Token(**raw["token"]), raw["seed"], raw["request"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None
