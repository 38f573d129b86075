"""Where tokens live between runs: one row for each chain of tokens, each with its own lock.

Knows no provider and no grant; ``store_engine`` opens the database, ``store_lock`` locks a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

import msgspec

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.cipher import decrypt, encrypt
from tap_oauth2_generic.oauth2.store_engine import database_errors, open_database
from tap_oauth2_generic.oauth2.store_lock import RowLock, lock_row
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.redaction import redact

#: Separates a connection's name from the rest of a row's; no name typed by a person holds it.
SEPARATOR = "\x1f"
# How much longer the entry of a renewed token may be than the one before it.
_MORE_BYTES = 2**15
_SELECT = "SELECT name, entry FROM tap_oauth2_connections ORDER BY name"
_UPSERT = (
    "INSERT INTO tap_oauth2_connections (name, entry) VALUES (:name, :entry) "
    "ON CONFLICT (name) DO UPDATE SET entry = excluded.entry"
)
_DELETE = "DELETE FROM tap_oauth2_connections WHERE name = :name"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A chain of tokens: the newest of those that a seed or a login was renewed to.

    ``key`` is the name of its row, ``token`` an empty one if there is none. ``seed`` is the
    mark of the seed it began with, ``seeds`` are those of all it knows, ``spent`` of the refresh
    tokens that were sent; ``request`` is a hash of the token request. ``issued_for``: token URL,
    client and hosts. ``started_at`` is when the seed was first used, or the login.
    ``refresh_started_at`` is set during a refresh and stays set if the process is killed in it;
    ``ended`` if the provider rejected the refresh token.
    """

    key: str
    token: Token
    seed: str
    request: str
    connection: str
    issued_for: Annotated[tuple[str, ...], msgspec.Meta(min_length=3)]
    scopes: list[str]
    seeds: tuple[str, ...]
    refresh_started_at: float | None = None
    spent: tuple[str, ...] = ()
    is_login: bool = False
    started_at: float = 0.0
    ended: bool = False
    renewals: int = 0
    renewed_at: float | None = None


@dataclass(frozen=True)
class TokenStore:
    """The rows of a database; each method is one short transaction, or raises TokenStoreError."""

    _url: str | None = field(repr=False)
    _key: str | None = field(repr=False)

    def read(self, prefix: str) -> dict[str, Chain]:
        """Return the chains of a connection by key; a corrupt one is left out."""
        found = (
            self._decode(name, stored)
            for name, stored in self._execute(_SELECT)
            if name.startswith(f"{prefix}{SEPARATOR}")
        )
        return {chain.key: chain for chain in found if chain is not None}

    def read_all(self) -> list[Chain]:
        """Return every chain; warn about those encrypted with another key."""
        found = []
        for name, stored in self._execute(_SELECT):
            try:
                found.append(self._decode(name, stored))
            except TokenStoreError as error:
                LOG.warning("connection %r: %s", name.partition(SEPARATOR)[0], error)
        return [chain for chain in found if chain is not None]

    def names(self) -> list[str]:
        """Return the names of all rows."""
        return [name for name, _ in self._execute(_SELECT)]

    def write(self, chain: Chain) -> None:
        """Store and commit a chain."""
        self._execute(_UPSERT, name=chain.key, entry=encrypt(_encode(chain), self._key))

    def remove(self, name: str) -> None:
        """Delete a row; its token is overwritten."""
        self._execute(_DELETE, name=name)

    def change_key(self, key: str | None) -> int:
        """Encrypt every row with another key, and return how many there are.

        A row that has that key already is kept, so a second call completes an interrupted one.
        Raise TokenStoreError, and change nothing, if a row has neither key.
        """
        names = [name for name, stored in self._execute(_SELECT) if self._open(stored, key)]
        for name in names:
            # Under its lock: a run may be renewing its token.
            with self.lock(name):
                stored = dict(self._execute(_SELECT)).get(name)
                if stored is not None:
                    self._execute(_UPSERT, name=name, entry=encrypt(self._open(stored, key), key))
        return len(names)

    def _open(self, stored: str, other_key: str | None) -> str:
        try:
            return decrypt(stored, self._key)
        except TokenStoreError:
            with suppress(TokenStoreError):
                return decrypt(stored, other_key)
            raise

    @contextmanager
    def lock(self, name: str) -> Iterator[RowLock]:
        """Hold a row against all threads and processes; the other rows stay free."""
        with ExitStack() as stack:
            with _store_errors():
                lock = stack.enter_context(lock_row(open_database(self._url), name))
            yield lock

    def begin_refresh(self, lock: RowLock, chain: Chain) -> None:
        """Store a chain and reserve space for its next, so that a full disk loses no token."""
        self.write(chain)
        with _store_errors():
            # The file may grow, and SQLite copies the pages that it changes into its journal.
            lock.reserve(2 * (len(_encode(chain)) + _MORE_BYTES))

    def _decode(self, name: str, stored: Any) -> Chain | None:
        """Return a row's chain; None if it has no token, or is corrupt."""
        try:
            chain = msgspec.json.decode(decrypt(stored, self._key), type=Chain)
        except (msgspec.MsgspecError, AttributeError, TypeError):
            return None
        return replace(chain, key=name) if chain.token != NO_TOKEN else None

    def _execute(self, statement: str, **values: str) -> list[Any]:
        # Opened each time: the file may have been removed, or the connection closed, meanwhile.
        with _store_errors():
            return open_database(self._url).execute(statement, values)


def _encode(chain: Chain) -> str:
    return msgspec.json.encode(asdict(chain)).decode()


@contextmanager
def _store_errors() -> Iterator[None]:
    """Turn errors of database and file system into one TokenStoreError."""
    try:
        yield
    except database_errors() as error:
        cause = getattr(error, "orig", None) or error
        raise TokenStoreError(
            f"cannot use the token store: {redact(' '.join(str(cause).split()))[:300]}; check that "
            "token_store exists or can be created, and is writable"
        ) from None
