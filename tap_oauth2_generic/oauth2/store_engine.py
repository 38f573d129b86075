"""Open the token store's database: a SQLite file, or PostgreSQL through SQLAlchemy."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import stat
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.runtime.file_mode import OWNER_ONLY, set_mode
from tap_oauth2_generic.settings.limits import LOCK_TIMEOUT_SECONDS
from tap_oauth2_generic.settings.values import text

if TYPE_CHECKING:
    from sqlalchemy import Engine

# How long a signal may go unnoticed while SQLite waits for the lock.
_SIGNAL_SECONDS = 0.2
SQLITE = "sqlite:///"
TABLE = "tap_oauth2_connections"
_CREATE_TABLE = (
    "CREATE TABLE IF NOT EXISTS tap_oauth2_connections "
    "(name VARCHAR(2000) PRIMARY KEY, entry TEXT NOT NULL)"
)


def store_url(value: Any) -> str:
    """Read the URL of a store; raise ValueError if it is none."""
    if re.match(r"sqlite:///(?!:memory:).|postgresql(\+psycopg)?://", text(value), re.DOTALL):
        return text(value)
    raise ValueError(
        "must be the URL of a SQLite file, such as sqlite:////var/lib/tap/tokens.sqlite, or of a "
        "PostgreSQL database, such as postgresql://user:password@host/database"
    )


@dataclass(frozen=True)
class SqliteFile:
    """A SQLite file; most runs need no other database, and SQLAlchemy is slow to import."""

    path: Path

    def execute(self, statement: str, values: dict[str, str]) -> list[Any]:
        """Execute a statement in a transaction of its own, and return the rows."""
        opened = sqlite3.connect(self.path, timeout=_SIGNAL_SECONDS, isolation_level=None)
        with closing(opened) as connection:
            # A replaced token must not remain in pages that SQLite no longer uses.
            connection.execute("PRAGMA secure_delete = ON")
            _begin_exclusive(connection)
            connection.execute(_CREATE_TABLE)
            rows = connection.execute(statement, values).fetchall()
            connection.execute("COMMIT")
        return rows


@dataclass(frozen=True)
class Server:
    """A PostgreSQL database, by SQLAlchemy."""

    engine: Engine

    def execute(self, statement: str, values: dict[str, str]) -> list[Any]:
        """Execute a statement in a transaction of its own, and return the rows."""
        from sqlalchemy import text  # see open_database

        with self.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []


def open_database(url: str | None) -> SqliteFile | Server:
    """Open the store, creating file, folder and table if they are missing."""
    if url is None:
        from platformdirs import user_state_path

        try:
            return _open_sqlite(user_state_path("tap-oauth2-generic") / "tokens.sqlite")
        except RuntimeError:
            raise TokenStoreError(
                "this user has no home directory to keep tokens in; set token_store, such as "
                "sqlite:////var/lib/tap/tokens.sqlite"
            ) from None
    if url.startswith(SQLITE):
        return _open_sqlite(Path(unquote(url.removeprefix(SQLITE).partition("?")[0])))
    # Imported here: neither a run with a SQLite file nor one whose token lasts needs it.
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    # At DEBUG it logs rows, before the tokens in them are registered as secrets.
    logging.getLogger("sqlalchemy.engine.Engine").disabled = True
    address = make_url(url).set(drivername="postgresql+psycopg")
    options = {"options": f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s"}
    engine = create_engine(address, poolclass=NullPool, connect_args=options)
    _create_table(engine)
    return Server(engine)


def database_errors() -> tuple[type[Exception], ...]:
    """Return the errors of any database; SQLAlchemy's only if a run uses it."""
    errors = (sqlite3.Error, OSError, ValueError)
    if "sqlalchemy" not in sys.modules:
        return errors
    from sqlalchemy.exc import SQLAlchemyError

    return (*errors, SQLAlchemyError)


def _open_sqlite(path: Path) -> SqliteFile:
    _create_file(path)
    # SQLite takes the relative ":memory:" for no file.
    return SqliteFile(path.absolute())


def _begin_exclusive(connection: sqlite3.Connection) -> None:
    """Begin the only write transaction; let signals in between attempts."""
    ends_at = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > ends_at:
                raise
        else:
            break
    # A reader may delay the commit, which must not fail for that.
    connection.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_SECONDS * 1000}")


def _create_table(engine: Engine) -> None:
    from sqlalchemy import inspect, text  # see open_database
    from sqlalchemy.exc import DBAPIError

    if inspect(engine).has_table(TABLE):
        return
    try:
        with engine.begin() as connection:
            connection.execute(text(_CREATE_TABLE))
    except DBAPIError:
        # If two processes create it at once, PostgreSQL fails one, and the table is there.
        if not inspect(engine).has_table(TABLE):
            raise


def _create_file(path: Path) -> None:
    """Create the file for its owner only, whatever the umask."""
    for folder in reversed([path.parent, *path.parent.parents]):
        folder.mkdir(mode=0o700, exist_ok=True)
    refuse_planted(path, "", "-journal", "-wal", "-shm")
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)) as file:
        set_mode(file.fileno())


def refuse_planted(path: Path, *endings: str) -> None:
    """Raise OSError if another user has put a file there, with one of these endings.

    In a world-writable folder such as /tmp, another user's link leads where they want, their
    file stays readable to them, and their journal is replayed into the store.
    """
    # Windows keeps other users out of a folder by its access list, and shows any as writable.
    if sys.platform != "win32" and path.parent.stat().st_mode & stat.S_IWOTH:
        for part in (path.with_name(f"{path.name}{ending}") for ending in endings):
            if os.path.lexists(part) and part.lstat().st_uid != os.geteuid():
                raise PermissionError(f"{part} belongs to another user, in a world-writable folder")
