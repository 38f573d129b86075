"""The same records loaded by dlt's `rest_api` source, configured as its documentation says.

It runs in an environment of dlt's own. Nested values are loaded as JSON, as target-duckdb does, so
that the tables are equal.
"""

from __future__ import annotations

import argparse

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.records import PRIMARY_KEY, REPLICATION_KEY, STREAM


def main() -> None:
    """Read all pages of an address and load them into a DuckDB file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--folder", required=True, help="for the state of the pipeline")
    parser.add_argument("--file-format", help="of the files between dlt and DuckDB")
    options = parser.parse_args()
    dlt.config["runtime.dlthub_telemetry"] = False
    pipeline = dlt.pipeline(
        pipeline_name=STREAM,
        pipelines_dir=options.folder,
        destination=dlt.destinations.duckdb(options.database),
        dataset_name=options.dataset,
    )
    pipeline.run(orders(options.address), loader_file_format=options.file_format)


def orders(address: str) -> object:
    """Return the source with the one resource."""
    client = {
        "base_url": f"{address}/0/",
        "auth": {"type": "bearer", "token": "benchmark"},
        "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"},
    }
    incremental = {
        "cursor_path": REPLICATION_KEY,
        "initial_value": "2023-01-01T00:00:00Z",
        "start_param": "since",
    }
    resource = {
        "name": STREAM,
        "primary_key": PRIMARY_KEY,
        "write_disposition": "merge",
        "endpoint": {"path": STREAM, "data_selector": "data", "incremental": incremental},
    }
    config = {"client": client, "resources": [resource]}
    return rest_api_source(config, max_table_nesting=0, parallelized=True)


if __name__ == "__main__":
    main()
