"""Prints the rows of a table in a DuckDB file, a JSON object a line; none where it is not there.

Run by the Python of target-duckdb's environment, with the release of DuckDB that wrote the file.
"""

from __future__ import annotations

import sys

import duckdb

path, schema, table = sys.argv[1:]
database = duckdb.connect(path, read_only=True)
there = database.execute("select table_schema, table_name from information_schema.tables")
if (schema, table) in there.fetchall():
    rows = database.table(f"{schema}.{table}").set_alias("t").project("to_json(t)")
    sys.stdout.writelines(f"{text}\n" for (text,) in rows.fetchall())
