"""Open the token store's database; SQLAlchemy is imported only here and in ``store``."""

from __future__ import annotations

import logging
import os
import re
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.settings.limits import LOCK_TIMEOUT_SECONDS
from tap_oauth2_generic.settings.values import text

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import URL, Connection, Engine

# How long a signal may go unnoticed while SQLite waits for the lock.
_SIGNAL_SECONDS = 0.2
_TABLE = "tap_oauth2_connections"
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


def open_engine(url: str | None) -> Engine:
    """Open the store, creating file, folder and table if they are missing."""
    # Imported here: a run whose token lasts needs no database.
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    # At DEBUG it logs rows, before the tokens in them are registered as secrets.
    logging.getLogger("sqlalchemy.engine.Engine").disabled = True
    if url is None:
        from platformdirs import user_state_path

        try:
            url = f"sqlite:///{user_state_path('tap-oauth2-generic') / 'tokens.sqlite'}"
        except RuntimeError:
            raise TokenStoreError(
                "this user has no home directory to keep tokens in; set token_store, such as "
                "sqlite:////var/lib/tap/tokens.sqlite"
            ) from None
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = _open_sqlite(address)
    else:
        options = {"options": f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s"}
        address = address.set(drivername="postgresql+psycopg")
        engine = create_engine(address, poolclass=NullPool, connect_args=options)
    _create_table(engine)
    return engine


def _open_sqlite(address: URL) -> Engine:
    from sqlalchemy import create_engine, event  # see open_engine
    from sqlalchemy.pool import NullPool

    _create_file(Path(address.database or ""))
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": _SIGNAL_SECONDS})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin_exclusive)
    return engine


def _configure(connection: sqlite3.Connection, _: object) -> None:
    # pysqlite would begin the transaction at the first write, too late for a lock.
    connection.isolation_level = None
    # A replaced token must not remain in pages that SQLite no longer uses.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_exclusive(connection: Connection) -> None:
    """Begin the only write transaction; let signals in between attempts."""
    from sqlalchemy.exc import OperationalError  # see open_engine

    ends_at = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > ends_at:
                raise
        else:
            break
    # A reader may delay the commit, which must not fail for that.
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_SECONDS * 1000}")


def _create_table(engine: Engine) -> None:
    from sqlalchemy import inspect, text  # see open_engine
    from sqlalchemy.exc import DBAPIError

    if inspect(engine).has_table(_TABLE):
        return
    try:
        with engine.begin() as connection:
            connection.execute(text(_CREATE_TABLE))
    except DBAPIError:
        # If two processes create it at once, PostgreSQL fails one, and the table is there.
        if not inspect(engine).has_table(_TABLE):
            raise


def _create_file(path: Path) -> None:
    """Create the file for its owner only, whatever the umask."""
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    refuse_planted(path, "", "-journal", "-wal", "-shm")
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600)) as file:
        os.fchmod(file.fileno(), 0o600)


def refuse_planted(path: Path, *endings: str) -> None:
    """Raise OSError if another user has put a file there, with one of these endings.

    In a world-writable folder such as /tmp, another user's link leads where they want, their
    file stays readable to them, and their journal is replayed into the store.
    """
    if not path.parent.stat().st_mode & stat.S_IWOTH:
        return
    for ending in endings:
        part = path.with_name(f"{path.name}{ending}")
        if os.path.lexists(part) and part.lstat().st_uid != os.geteuid():
            raise PermissionError(f"{part} belongs to another user, in a world-writable folder")
