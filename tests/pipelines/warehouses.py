"""The destinations of the loaders in meltano.yml, and how a test reads their rows.

A row is a dict. Loaders store objects differently; ``nested_value`` reads all of them.
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections import Counter
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.pipelines.meltano_project import plugin_folder

SCHEMA = "tap_oauth2_generic"
READ_DUCKDB = Path(__file__).parent / "read_duckdb.py"


def nested_value(row, *keys):
    """Return a nested value of a row: from an object, its JSON, or a column per leaf."""
    columns = {name.lower(): value for name, value in row.items()}  # some loaders lowercase them
    if (leaf := "__".join(keys).lower()) in columns:
        return decode(columns[leaf])
    found = columns[keys[0].lower()]
    for key in keys[1:]:
        found = decode(found)[key]
    return decode(found)


def decode(value):
    """Return the value, parsed if it is the JSON of an object or a list."""
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value


def ids(rows):
    """Count the rows of each id."""
    return Counter(str(row["id"]) for row in rows)


class DuckDB:
    """A database file, read by the DuckDB release that the loader uses."""

    loader, keeps_versions, saves_midway = "target-duckdb", False, True

    def __init__(self, folder, schema=SCHEMA):
        self.file, self.schema = folder / "warehouse.duckdb", schema
        self.environment = {"TARGET_DUCKDB_FILEPATH": str(self.file)}

    def rows(self, stream):
        if not self.file.exists():
            return []
        python = plugin_folder("loaders", self.loader) / "venv" / "bin" / "python"
        command = [python, READ_DUCKDB, self.file, self.schema, stream]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [json.loads(line) for line in output.split("\n") if line]

    def close(self):
        """Do nothing."""


class PostgreSQL:
    """A schema in a PostgreSQL database, dropped at the end."""

    loader, keeps_versions, saves_midway = "target-postgres", False, False

    def __init__(self, url):
        self.url = url
        self.environment = {
            "TARGET_POSTGRES_SQLALCHEMY_URL": url.replace("postgresql:", "postgresql+psycopg:")
        }

    def rows(self, stream):
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            query = "select 1 from information_schema.tables where table_schema = %s"
            query += " and table_name = %s"
            if not connection.execute(query, (SCHEMA, stream)).fetchone():
                return []
            table = sql.Identifier(SCHEMA, stream)
            return connection.execute(sql.SQL("select * from {}").format(table)).fetchall()

    def close(self):
        with psycopg.connect(self.url) as connection:
            connection.execute(f"drop schema if exists {SCHEMA} cascade")


class CSV:
    """A folder with one file per stream and run; together they hold every version of a row."""

    loader, keeps_versions, saves_midway = "target-csv", True, False

    def __init__(self, folder):
        self.folder = folder / "csv"
        self.environment = {
            "TARGET_CSV_OUTPUT_PATH": str(self.folder),
            "TAP_OAUTH2_GENERIC_FLATTENING_ENABLED": "true",
            "TAP_OAUTH2_GENERIC_FLATTENING_MAX_DEPTH": "5",
        }

    def rows(self, stream):
        found = []
        for path in sorted(self.folder.glob(f"{stream}-*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                found += csv.DictReader(file)
        return found

    def close(self):
        """Do nothing."""


class JSONLines:
    """A folder with one file per stream, to which each run appends."""

    loader, keeps_versions, saves_midway = "target-jsonl", True, False

    def __init__(self, folder):
        self.folder = folder / "jsonl"
        self.environment = {"TARGET_JSONL_DESTINATION_PATH": str(self.folder)}

    def rows(self, stream):
        path = self.folder / f"{stream}.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        # A killed loader may leave a partial line.
        return [json.loads(line) for line in lines if line.endswith("}")]

    def close(self):
        """Do nothing."""
