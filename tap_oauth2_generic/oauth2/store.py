"""Where tokens live between runs: one row a connection, read and written under one lock.

Knows no provider and no grant; keeps what it is given. SQLAlchemy is imported only here.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.cipher import decrypt, encrypt
from tap_oauth2_generic.oauth2.token import Token  # noqa: TC001 - msgspec resolves it
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.limits import LOCK_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine


# How long a signal may go unnoticed while SQLite waits for the lock.
_SIGNAL_SECONDS = 0.2
# By how much the entry of a renewed token may be longer than the one before it.
_ROOM_BYTES = 2**15
_TABLE = "tap_oauth2_connections"
_MAKE_TABLE = (
    "CREATE TABLE IF NOT EXISTS tap_oauth2_connections "
    "(name VARCHAR(2000) PRIMARY KEY, entry TEXT NOT NULL)"
)
_MAKE_ROW = (
    "INSERT INTO tap_oauth2_connections (name, entry) VALUES (:name, :entry) "
    "ON CONFLICT (name) DO NOTHING"
)
_LOCK_ROW = "SELECT name FROM tap_oauth2_connections WHERE name = :name FOR UPDATE"
_READ = "SELECT entry FROM tap_oauth2_connections WHERE name = :name"
_WRITE = "UPDATE tap_oauth2_connections SET entry = :entry WHERE name = :name"


@dataclass(frozen=True)
class Entry:
    """What is stored for a connection.

    ``seed`` tells from which seeds in the configuration the token comes, ``request`` with
    which parameters it was asked for: a change of either is seen in them. ``renewal_began_at``
    is set while a refresh is under way, in seconds since 1970: a process that is killed in it
    leaves it set.
    """

    token: Token | None
    seed: str = ""
    request: str = ""
    renewal_began_at: float | None = None


class Row:
    """The row of one connection while its lock is held."""

    def __init__(self, connection: Connection, name: str, key: str | None) -> None:
        """Belong to an open transaction."""
        self._connection = connection
        self._name = name
        self._key = key

    def read(self) -> Entry | None:
        """Give what is stored, None where nothing is."""
        with _translated():
            stored = self._execute(_READ)
            text = stored.scalar_one_or_none()
        return _decoded(decrypt(text, self._key)) if text and isinstance(text, str) else None

    def write(self, entry: Entry, *, with_room: bool = False) -> None:
        """Store an entry and commit it; it survives whatever happens next.

        The lock ends with it. ``with_room`` takes as much of the disk as the entry of a renewed
        token may need. Raises TokenStoreError where it cannot be stored.
        """
        self._put(entry, _ROOM_BYTES if with_room else 0)
        with _translated():
            self._connection.commit()

    def free_room(self, entry: Entry) -> None:
        """Have what was written with room free for the next write, which then needs no disk.

        SQLite copies a page into its journal before it is changed first: here, uncommitted.
        """
        self._put(entry, 0)

    def _put(self, entry: Entry, room: int) -> None:
        sealed = encrypt(_encoded(entry) + " " * room, self._key)
        with _translated():
            self._execute(_WRITE, sealed)

    def lock(self) -> None:
        """Take the row's lock, making the row where there is none."""
        with _translated():
            self._execute(_MAKE_ROW, "")
            if self._connection.dialect.name == "postgresql":
                self._execute(_LOCK_ROW)

    def reconnect(self) -> None:
        """Take the lock anew over another connection, after a failure; raises TokenStoreError."""
        with _translated():
            self._connection.invalidate()
            self._connection.rollback()
        self.lock()

    def _execute(self, statement: str, entry: str | None = None) -> Any:
        from sqlalchemy import text  # see _engine

        values = {"name": self._name} if entry is None else {"name": self._name, "entry": entry}
        return self._connection.execute(text(statement), values)


class TokenStore:
    """A SQLite file, readable by its owner alone, or a PostgreSQL table."""

    def __init__(self, url: str | None, key: str | None) -> None:
        """Name the store; nothing is opened or created yet."""
        self._url = url
        self._key = key

    @contextmanager
    def locked(self, name: str) -> Iterator[Row]:
        """Hold the row of a connection, against all threads and processes.

        Raises TokenStoreError where the store cannot be opened or stays locked.
        """
        with _translated():
            # Each time anew: its file may have been removed meanwhile.
            connection = _engine(self._url).connect()
        try:
            row = Row(connection, name, self._key)
            row.lock()
            yield row
        finally:
            connection.close()


def default_path() -> Path:
    """Give the file that is used when no store is named."""
    from platformdirs import user_state_path  # only where no store is named

    return user_state_path("tap-oauth2-generic") / "tokens.sqlite"


def check_url(url: str) -> str | None:
    """Say what is wrong with the URL of a store, None where nothing is."""
    is_file = url.startswith("sqlite:///") and len(url) > len("sqlite:///")
    is_file = is_file and not url.startswith("sqlite:///:memory:")
    if is_file or url.startswith(("postgresql://", "postgresql+psycopg://")):
        return None
    return (
        "must be the URL of a SQLite file, such as sqlite:////var/lib/tap/tokens.sqlite, or of a "
        "PostgreSQL database, such as postgresql://user:password@host/database"
    )


def _engine(url: str | None) -> Engine:
    """Open the store, creating file, folder and table where they are missing."""
    # Imported here: a run whose token lasts needs no database.
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    # At DEBUG it would log rows as they come, before anybody knows the tokens in them.
    logging.getLogger("sqlalchemy.engine.Engine").disabled = True
    address = make_url(url or f"sqlite:///{default_path()}")
    if address.get_backend_name() == "sqlite":
        engine = _sqlite(address)
    else:
        timeout = f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s"
        address = address.set(drivername="postgresql+psycopg")
        engine = create_engine(address, poolclass=NullPool, connect_args={"options": timeout})
    _create_table(engine)
    return engine


def _sqlite(address: URL) -> Engine:
    from sqlalchemy import create_engine, event  # see _engine
    from sqlalchemy.pool import NullPool

    _create_file(Path(address.database or ""))
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": _SIGNAL_SECONDS})

    # pysqlite would open the transaction only at the first write, too late to be a lock.
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        # A token that was replaced must not stand in what SQLite keeps of old pages.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        _take_lock(connection)

    return engine


def _take_lock(connection: Connection) -> None:
    """Begin a transaction that nobody else can write in; signals take effect between the waits."""
    from sqlalchemy.exc import OperationalError  # see _engine

    ends_at = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > ends_at:
                raise
        else:
            break
    # Who only reads may put the commit off, which must not fail for that.
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_SECONDS * 1000}")


def _create_table(engine: Engine) -> None:
    from sqlalchemy import inspect, text  # see _engine
    from sqlalchemy.exc import DBAPIError

    if inspect(engine).has_table(_TABLE):
        return
    try:
        with engine.begin() as connection:
            connection.execute(text(_MAKE_TABLE))
    except DBAPIError:
        # Of two processes that create it at once, PostgreSQL fails one, and the table is there.
        if not inspect(engine).has_table(_TABLE):
            raise


def _create_file(path: Path) -> None:
    """Create the file for its owner alone, whatever the umask."""
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    _refuse_planted(path)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def _refuse_planted(path: Path) -> None:
    """Raise OSError where another user has put the store or a part of it there.

    In a folder that everybody may write, such as /tmp, a link of theirs leads where they want,
    a file of theirs stays theirs to read, and a journal of theirs is played back into the store.
    """
    if not path.parent.stat().st_mode & stat.S_IWOTH:
        return
    for ending in ("", "-journal", "-wal", "-shm"):
        part = path.with_name(f"{path.name}{ending}")
        if os.path.lexists(part) and part.lstat().st_uid != os.geteuid():
            message = f"{part} is another user's, in a folder that everybody may write"
            raise PermissionError(message)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a database or a file system says into one sentence."""
    from sqlalchemy.exc import SQLAlchemyError  # see _engine

    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError) as error:
        cause = getattr(error, "orig", None) or error
        message = (
            f"the token store cannot be used: {redact(' '.join(str(cause).split()))[:300]}. Check "
            "the setting token_store: it must be there or creatable, and be writable"
        )
        raise TokenStoreError(message) from None


def _encoded(entry: Entry) -> str:
    return msgspec.json.encode(asdict(entry)).decode()


def _decoded(stored: str) -> Entry | None:
    """Read an entry; one that cannot be read counts as none, so that a seed or login mends it."""
    try:
        return msgspec.json.decode(stored, type=Entry)
    except (msgspec.MsgspecError, AttributeError):
        return None
