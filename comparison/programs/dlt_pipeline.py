"""Run dlt's `rest_api` source with a configuration, or show what its runs loaded.

It runs in dlt's environment: `dlt_pipeline.py run CONFIGURATION`, `dlt_pipeline.py show FOLDER`.
A configuration is YAML, or Python with a variable `config` where dlt wants a function. In YAML,
`environment` holds environment variables of dlt, and `add_limit` what the source's method takes.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import yaml

DATABASE = "warehouse.duckdb"
DATASET = "loaded"


def run(path: Path) -> None:
    """Load everything into DuckDB; nested values stay JSON."""
    python = path.suffix == ".py"
    config = runpy.run_path(str(path))["config"] if python else yaml.safe_load(path.read_text())
    os.environ.update(config.pop("environment", {}))
    most_pages = config.pop("add_limit", None)
    import dlt
    from dlt.sources.rest_api import rest_api_source

    dlt.config["runtime.dlthub_telemetry"] = False
    pipeline = dlt.pipeline(
        pipeline_name="comparison",
        pipelines_dir=str(path.parent / "pipelines"),
        destination=dlt.destinations.duckdb(str(path.parent / DATABASE)),
        dataset_name=DATASET,
    )
    pipeline.run(rest_api_source(config, max_table_nesting=0).add_limit(most_pages))


def show(folder: Path) -> None:
    """Print a line of JSON for each row, with its table and its load."""
    if not (folder / DATABASE).exists():
        return
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        for table in _tables(connection):
            query = connection.table(f"{DATASET}.{table}")
            for values in query.fetchall():
                row = _merge_variants(dict(zip(query.columns, values, strict=True)))
                line = {"stream": table, "load": row.pop("_dlt_load_id"), "row": row}
                print(json.dumps(line, default=str))  # noqa: T201


def _tables(connection: Any) -> Iterator[str]:
    query = "select table_name from information_schema.tables where table_schema = ?"
    for (table,) in connection.execute(query, [DATASET]).fetchall():
        if not table.startswith("_dlt"):
            yield table


def _merge_variants(row: dict[str, Any]) -> dict[str, Any]:
    """Put a value that dlt keeps in a variant column (`x__v_text`) back in its field."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        field = name.split("__v_")[0]
        if value is not None or field not in found:
            found[field] = value
    return found


if __name__ == "__main__":
    {"run": run, "show": show}[sys.argv[1]](Path(sys.argv[2]))
