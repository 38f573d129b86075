#!/usr/bin/env python3
"""The loader target-duckdb 0.8.0 with one correction: no row of a batch is taken for a header.

It leaves the CSV file of a batch to DuckDB's guesses, and DuckDB takes the first row for a header,
and drops it, in tables with a date-time column or with nothing but text. The project mended that
(jwills/target-duckdb, pull request 58) and has not released it yet; with a release, this goes.

Meltano runs it, see meltano.yml, inside the environment that it installed target-duckdb into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import target_duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

connect = target_duckdb.duckdb_connect


class Connection:
    """A DuckDB connection that tells every COPY that its file has no header."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """Stand before the real connection."""
        self._connection = connection

    def execute(self, query: str, *arguments: object) -> DuckDBPyConnection:
        """Run a statement, corrected if it is the one that loads a batch."""
        if query.startswith("COPY "):
            query = query.replace(" WITH (", " WITH (header false, ")
        return self._connection.execute(query, *arguments)

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the real connection."""
        return getattr(self._connection, name)


def corrected_connect(config: Mapping[str, Any]) -> Connection:
    """Connect as the loader does."""
    return Connection(connect(config))


if __name__ == "__main__":
    target_duckdb.duckdb_connect = corrected_connect
    target_duckdb.main()
