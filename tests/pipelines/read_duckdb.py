"""Print the rows of a table in a DuckDB file, one JSON object per line; none if it is absent.

Runs in the environment of target-duckdb, so the DuckDB that wrote the file also reads it.
"""

from __future__ import annotations

import json
import sys

import duckdb

path, schema, table = sys.argv[1:]
database = duckdb.connect(path, read_only=True)
database.execute("select table_schema, table_name from information_schema.tables")
if (schema, table) in database.fetchall():
    rows = database.table(f"{schema}.{table}")
    for row in rows.fetchall():
        line = json.dumps(dict(zip(rows.columns, row, strict=True)), default=str)
        sys.stdout.write(f"{line}\n")
