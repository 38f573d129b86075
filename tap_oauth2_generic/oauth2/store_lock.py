"""Lock one row of the token store, and no other; a killed process leaves no lock behind.

SQLite can only lock its whole file, so a row is locked by a file next to it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tap_oauth2_generic.oauth2.store_engine import Server, SqliteFile, refuse_planted
from tap_oauth2_generic.runtime.file_mode import OWNER_ONLY, set_mode
from tap_oauth2_generic.settings.limits import LOCK_TIMEOUT_SECONDS

# How long a free lock may go unnoticed.
_POLL_SECONDS = 0.05
# Windows knows no such links.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class RowLock:
    """A lock that is held; its file, if it is one, can reserve space on the disk."""

    _descriptor: int | None = None

    def reserve(self, size: int) -> None:
        """Reserve space on the disk; raise OSError if there is too little."""
        if self._descriptor is not None:
            with open(self._descriptor, "wb", closefd=False) as file:
                file.write(bytes(size))
            os.fsync(self._descriptor)

    def release_space(self) -> None:
        """Free the space for the next write of the store."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)


@contextmanager
def lock_row(database: SqliteFile | Server, name: str) -> Iterator[RowLock]:
    """Hold the row of a name; raise OSError or SQLAlchemyError."""
    digest = hashlib.sha256(name.encode()).digest()
    if isinstance(database, SqliteFile):
        path = database.path.with_name(f"{database.path.name}-{digest.hex()[:16]}.lock")
        descriptor = _open_locked(path)
        try:
            yield RowLock(descriptor)
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)
        return
    from sqlalchemy import text  # see open_database
    from sqlalchemy.exc import DBAPIError

    # It ends with the transaction: a pooler may give a session to another process before.
    connection = database.engine.connect()
    try:
        key = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        yield RowLock()
    finally:
        # The server may have ended it, and with it the lock.
        with suppress(DBAPIError):
            connection.close()


def _open_locked(path: Path) -> int:
    """Return the descriptor of a locked file; closing it, or dying, ends the lock."""
    ends_at = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        refuse_planted(path, "")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, OWNER_ONLY)
        with suppress(BlockingIOError, FileNotFoundError):
            set_mode(descriptor)
            if _lock(descriptor, path):
                return descriptor
        os.close(descriptor)
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{path} was locked for {LOCK_TIMEOUT_SECONDS} seconds")
        time.sleep(_POLL_SECONDS)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, _path: Path) -> bool:
        """Lock the first byte; no process can remove a file that is open."""
        with suppress(PermissionError):
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            return True
        return False

else:
    import fcntl

    def _lock(descriptor: int, path: Path) -> bool:
        """Lock the file; raise BlockingIOError if another process has locked it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The last holder removes the file; a lock on a removed one locks nothing.
        return os.path.samestat(os.fstat(descriptor), path.stat())
