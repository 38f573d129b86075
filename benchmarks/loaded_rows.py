"""Print a checksum of each column of a table in a DuckDB file, and compute the expected ones.

The Python of the loader runs it: a file needs the DuckDB version that wrote it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.records import PRIMARY_KEY, SCHEMA, STREAM, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def expected(count: int) -> dict[str, str]:
    """Return the checksums of the first ``count`` records."""
    columns = list(SCHEMA["properties"])
    rows = ([made[name] for name in columns] for made in map(record, range(count)))
    return checksums(columns, rows)


def loaded(database: str, schema: str) -> dict[str, str]:
    """Return the checksums of the table in a DuckDB file."""
    import duckdb

    columns = list(SCHEMA["properties"])
    listed = ", ".join(f'"{name}"' for name in columns)
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        table = connection.table(f"{schema}.{STREAM}").order(PRIMARY_KEY)
        return checksums(columns, table.project(listed).fetchall())


def checksums(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """Return one checksum for the values of each column."""
    hashes = {name: hashlib.sha256() for name in columns}
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            hashes[name].update(_canonical(value, SCHEMA["properties"][name]).encode())
    return {name: made.hexdigest() for name, made in hashes.items()}


def _canonical(value: Any, column: Mapping[str, Any]) -> str:
    """Return a value as JSON, alike for every way in which a loader keeps it."""
    if isinstance(value, str) and {"object", "array"} & {*column["type"]}:
        value = json.loads(value)
    if isinstance(value, str) and column.get("format"):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, datetime):
        value = value.replace(tzinfo=value.tzinfo or timezone.utc).timestamp()
    if isinstance(value, Decimal):
        value = float(value)
    return json.dumps(value, sort_keys=True) + "\n"


if __name__ == "__main__":
    json.dump(loaded(*sys.argv[1:]), sys.stdout)
