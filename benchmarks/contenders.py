"""The programs to measure, each as arguments of a Python process with its input files.

The tap runs as users run it: by its command, with a configuration and a catalog.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.processes import measure
from benchmarks.records import PRIMARY_KEY, REPLICATION_KEY, SCHEMA, STREAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TAP = ("-m", "tap_oauth2_generic")
PAGE_NUMBER = {"style": "page_number", "total_pages_path": "pages"}

ORDERS_PATH = "0/orders"

#: The stream as a user would configure it, with a declared schema.
ORDERS: Mapping[str, Any] = {
    "name": STREAM,
    "path": ORDERS_PATH,
    "records_path": "data",
    "pagination": PAGE_NUMBER,
    "primary_keys": [PRIMARY_KEY],
    "replication_key": REPLICATION_KEY,
    "schema": SCHEMA,
}

#: The same records in the other styles of paging.
STYLES: Mapping[str, Mapping[str, Any]] = {
    "page_number": PAGE_NUMBER,
    "offset": {"style": "offset", "total_pages_path": "pages"},
    "cursor": {"style": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"},
    "next_url": {"style": "next_url", "next_url_path": "next_url"},
}

#: Small records, one a page, to measure growth with pages, parents and partitions.
TINY: Mapping[str, Any] = {
    "name": "tiny",
    "path": "0/tiny/1",
    "records_path": "data",
    "pagination": PAGE_NUMBER,
    "primary_keys": ["id"],
    "replication_key": "updated_at",
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "page": {"type": "integer"},
            "owner": {"type": ["integer", "null"]},
            "updated_at": {"type": "string", "format": "date-time"},
        },
    },
}


def owners(count: int) -> dict[str, Any]:
    """Return the stream of parents, one page with numbers from 0."""
    return {
        "name": "owners",
        "path": f"0/owners/{count}",
        "records_path": "data",
        "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    }


def limit(address: str, *paths: str) -> list[str]:
    """Read all pages of these paths with `requests` and `msgspec` alone."""
    return ["-m", "benchmarks.limit", *(f"{address}/{path}" for path in paths or [ORDERS_PATH])]


def template_tap(address: str, folder: Path) -> list[str]:
    """Read with a tap made from the SDK's template."""
    config = {"api_url": address, "auth_token": "benchmark"}
    return [
        "-m",
        "benchmarks.template_tap",
        "--config",
        write_json(folder / "template.json", config),
    ]


def tap(address: str, folder: Path, *streams: Mapping[str, Any], **settings: Any) -> list[str]:
    """Read these streams with the tap."""
    config = {
        "base_url": address,
        "grant_type": "client_credentials",
        "access_token_url": f"{address}/token",
        "client_id": "benchmark",
        "client_secret": "benchmark",
        "token_store": f"sqlite:///{folder / 'tokens.sqlite'}",
        "streams": list(streams),
        **settings,
    }
    return [*TAP, "--config", write_json(folder / "tap.json", config)]


def idle_bytes(address: str, folder: Path) -> int:
    """Measure the resident size of a tap that reads one small record."""
    return measure(tap(address, folder / "idle", TINY)).peak_bytes


def declared_schema(address: str, folder: Path) -> list[str]:
    """Read with the tap, all fields selected, the schema declared."""
    return tap(address, folder, ORDERS)


def batches(address: str, folder: Path, **encoding: str) -> list[str]:
    """Read with the tap, the schema declared, into the files of BATCH messages."""
    storage = {"root": f"file://{folder}"}
    return tap(address, folder, ORDERS, batch_config={"storage": storage, "encoding": encoding})


def deselect(arguments: list[str], folder: Path, *breadcrumbs: Sequence[str]) -> list[str]:
    """Run a tap with a catalog in which some properties, maybe of objects, are deselected."""
    catalog = folder / "catalog.json"
    measure([*arguments, "--discover"], output=catalog)
    found = json.loads(catalog.read_text())
    gone = [[part for name in one for part in ("properties", name)] for one in breadcrumbs]
    for entry in found["streams"][0]["metadata"]:
        if entry["breadcrumb"] in gone:
            entry["metadata"]["selected"] = False
    return [*arguments, "--catalog", write_json(catalog, found)]


def write_json(path: Path, content: Any) -> str:
    """Write a file, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)
