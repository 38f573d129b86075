"""What the loaders of meltano.yml write into, and how a test reads it back.

A row is a dict of plain values and whatever the loader made of objects; ``dig`` finds its way in.
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

from tests.pipelines.meltano_project import installed

SCHEMA = "tap_oauth2_generic"
READ_DUCKDB = Path(__file__).parent / "read_duckdb.py"


def dig(row, *keys):
    """Give a value from within a row: an object, its JSON, or a column for each leaf."""
    columns = {name.lower(): value for name, value in row.items()}  # some make them lower case
    if (leaf := "__".join(keys).lower()) in columns:
        return decoded(columns[leaf])
    found = columns[keys[0].lower()]
    for key in keys[1:]:
        found = decoded(found)[key]
    return decoded(found)


def decoded(value):
    """Give a value that stands there as JSON as what it is."""
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value


def ids(rows):
    """Give how often each key is there."""
    return Counter(str(row["id"]) for row in rows)


class DuckDB:
    """A file, which DuckDB reads with the release that the loader runs on."""

    loader, keeps_versions, saves_midway = "target-duckdb", False, True

    def __init__(self, folder):
        self.file = folder / "warehouse.duckdb"
        self.environment = {"TARGET_DUCKDB_FILEPATH": str(self.file)}

    def rows(self, stream):
        if not self.file.exists():
            return []
        python = installed("loaders", self.loader) / "venv" / "bin" / "python"
        command = [python, READ_DUCKDB, self.file, SCHEMA, stream]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [json.loads(line) for line in output.split("\n") if line]

    def close(self):
        """Do nothing."""


class PostgreSQL:
    """A schema in the database of a server, dropped at the end."""

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
    """A folder with a file for each stream and run, which together hold every version of a row."""

    loader, keeps_versions, saves_midway = "target-csv", True, False

    def __init__(self, folder):
        self.folder = folder / "csv"
        self.environment = {"TARGET_CSV_OUTPUT_PATH": str(self.folder)}

    def rows(self, stream):
        found = []
        for path in sorted(self.folder.glob(f"{stream}-*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                found += csv.DictReader(file)
        return found

    def close(self):
        """Do nothing."""


class JSONLines:
    """A folder with a file for each stream, to which every run adds."""

    loader, keeps_versions, saves_midway = "target-jsonl", True, False

    def __init__(self, folder):
        self.folder = folder / "jsonl"
        self.environment = {"TARGET_JSONL_DESTINATION_PATH": str(self.folder)}

    def rows(self, stream):
        path = self.folder / f"{stream}.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        # Whoever was killed may have left half a line.
        return [json.loads(line) for line in lines if line.endswith("}")]

    def close(self):
        """Do nothing."""
