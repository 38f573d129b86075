"""The paths a record can take through the tap: each a configuration, and the rows it must deliver.

The rows are made in plain Python from those that the limit reads. No measuring here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.contenders import ORDERS
from benchmarks.records import SCHEMA, STREAM, record
from benchmarks.server import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path as Folder

Row = dict[str, Any]
TENTHS = range(10)
#: Older records come from the first pages, so that an exclusion is visible in a short read.
OLDEST = "2023-01-02T00:00:00Z"
#: The columns of CSV that have a number in every row.
CSV_NUMBERS = (
    "id",
    "total",
    "customer_id",
    "customer_address_position_latitude",
    "customer_address_position_longitude",
)
_COMPACT = (",", ":")


@dataclass(frozen=True)
class Path:
    """A configuration, and what becomes of one row: another row, or none if it is excluded."""

    name: str
    stream: Mapping[str, Any]
    expected: Callable[[Row], Row | None] = lambda row: row
    settings: Mapping[str, Any] = field(default_factory=dict)
    others: Sequence[Mapping[str, Any]] = ()
    deselected: Sequence[str] = ()
    reads: Sequence[str] = (contenders.ORDERS_PATH,)

    def limit(self, address: str) -> list[str]:
        """Return the limit that reads the same pages."""
        return contenders.limit(address, *self.reads)

    def tap(self, address: str, folder: Folder) -> list[str]:
        """Return the tap as configured."""
        streams = (*self.others, self.stream)
        arguments = contenders.tap(address, folder, *streams, **self.settings)
        if self.deselected:
            return contenders.deselect(arguments, folder, self.deselected)
        return arguments


def _orders(columns: Mapping[str, str] | None = None, **settings: Any) -> dict[str, Any]:
    """Return the stream with more settings, and more nullable columns of these types."""
    added = {name: {"type": [kind, "null"]} for name, kind in (columns or {}).items()}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], **added}}
    return {**ORDERS, "schema": schema, **settings}


def _without(*names: str) -> dict[str, Any]:
    return {name: ORDERS[name] for name in ORDERS if name not in names}


FULL_READ = Path("full read", _without("replication_key"))
INCREMENTAL = Path("incremental", ORDERS)


def paths() -> Iterator[Path]:
    """Yield every path, from the straight one to those that change each record."""
    yield FULL_READ
    yield INCREMENTAL
    yield Path("incremental, schema inferred", _without("schema"), _without_null_columns)
    yield from _reads()
    yield from _additions()
    yield from _selections()
    yield from _maps()
    yield from _formats()


def _reads() -> Iterator[Path]:
    created: dict[str, Any] = {"replication_key": "created_at"}
    yield Path("order: asc", _orders(**created, incremental={"order": "asc"}))
    newest = _orders(**created, incremental={"order": "desc"}, path="0/newest")
    yield Path("order: desc", newest, reads=("0/newest",))
    window = {"start_param": "from", "end_param": "to", "window": "P3650D"}
    start = {"start_date": "2023-01-01T00:00:00Z"}
    yield Path("window", _orders(incremental=window), settings=start)


def _additions() -> Iterator[Path]:
    for name, path, value in (
        ("add_fields: top level", "reference", lambda row: row["reference"]),
        ("add_fields: nested", "customer.address.city", _city),
        ("add_fields: JSONPath", "$.lines[0].sku", lambda row: row["lines"][0]["sku"]),
    ):
        stream = _orders({"added": "string"}, add_fields={"added": path})
        yield Path(name, stream, lambda row, value=value: {**row, "added": value(row)})  # type: ignore[misc]
    tenths = [f"0/tenth/{tenth}" for tenth in TENTHS]
    stream = _orders({"tenth": "integer"}, path="0/tenth/{partition.tenth}")
    stream["partitions"] = [{"tenth": tenth} for tenth in TENTHS]
    yield Path("partitions", stream, _with_tenth, reads=tenths)
    owners = contenders.owners(len(TENTHS))
    stream = _orders({"tenth": "integer"}, path="0/tenth/{parent.tenth}")
    stream["parent"] = {"stream": owners["name"], "keys": {"tenth": "id"}}
    yield Path("values of a parent", stream, _with_tenth, others=[owners], reads=tenths)
    deleted = {"path": "state", "equals": "returned"}
    marked = _orders({"_sdc_deleted_at": "string"}, deleted=deleted)
    yield Path(
        "deleted", marked, lambda row: {**row, "_sdc_deleted_at": row["state"] == "returned"}
    )


def _selections() -> Iterator[Path]:
    states = ["open", "paid", "packed", "shipped"]
    keep = _orders(keep=[{"path": "state", "in": states}])
    yield Path("keep", keep, lambda row: row if row["state"] in states else None)
    nested = _orders(keep=[{"path": "customer.address.city", "matches": "^[A-Z]"}])
    yield Path("keep: nested", nested, lambda row: row if _city(row)[0] in "ZKSL" else None)
    older = _orders(incremental={"drop_older": True})
    yield Path(
        "drop_older", older, lambda row: row if row["updated_at"] >= OLDEST else None,
        settings={"start_date": OLDEST},
    )  # fmt: skip
    yield Path("deselected: top level", ORDERS, _without_values("note"), deselected=["note"])
    yield Path("deselected: nested", ORDERS, _without_phone, deselected=["customer", "phone"])


def _maps() -> Iterator[Path]:
    def mapped(name: str, expected: Callable[[Row], Row | None], **changes: str | None) -> Path:
        return Path(f"stream map: {name}", ORDERS, expected, {"stream_maps": {STREAM: changes}})

    yield mapped("rename", _renamed, ref="reference", reference=None)
    yield mapped("removal", _without_values("note", "customer"), note=None, customer=None)
    yield mapped("constant", lambda row: {**row, "region": "eu"}, region="'eu'")
    yield mapped(
        "filter", lambda row: row if row["state"] == "open" or row["paid"] else None,
        __filter__="state == 'open' or paid",
    )  # fmt: skip
    yield mapped("computed", _computed, double="float(total) * 2", key="md5(reference)")
    flatten = {"flattening_enabled": True, "flattening_max_depth": 5}
    yield Path("flattening", ORDERS, _flattened, flatten)


def _formats() -> Iterator[Path]:
    """Yield the formats that are no JSON objects with pages."""
    strings = {name: {"type": ["string", "null"]} for name, _ in columns(record(0))}
    numbers = {name: {"type": ["number", "null"]} for name in CSV_NUMBERS}
    for name, kind, properties, expected in (
        ("CSV", "csv", strings, _without_values()),
        ("CSV with numbers", "csv", {**strings, **numbers}, _with_numbers),
        ("JSON Lines", "jsonl", SCHEMA["properties"], _without_values()),
        ("JSON Lines, schema inferred", "jsonl", None, _without_null_columns),
    ):
        path = f"{contenders.ORDERS_PATH}.{kind}"
        stream = {**_without("records_path", "schema"), "path": path, "response_format": kind}
        stream["pagination"] = {"style": "page_number"}
        if properties:
            stream["schema"] = {"type": "object", "properties": properties}
        yield Path(name, stream, expected, reads=[path])


def _without_values(*names: str) -> Callable[[Row], Row]:
    return lambda row: {name: row[name] for name in row if name not in names}


def _without_phone(row: Row) -> Row:
    return {**row, "customer": _without_values("phone")(row["customer"])}


def _without_null_columns(row: Row) -> Row:
    """Return a row without the fields that are always null: they have no inferred column."""
    return {**_without_phone(row), "source": _without_values("campaign")(row["source"])}


def _city(row: Row) -> str:
    return str(row["customer"]["address"]["city"])


def _with_tenth(row: Row) -> Row:
    return {**row, "tenth": row["id"] % len(TENTHS)}


def _with_numbers(row: Row) -> Row:
    return {name: float(row[name]) if name in CSV_NUMBERS else row[name] for name in row}


def _renamed(row: Row) -> Row:
    return {**_without_values("reference")(row), "ref": row["reference"]}


def _computed(row: Row) -> Row:
    key = hashlib.md5(row["reference"].encode(), usedforsecurity=False).hexdigest()
    return {**row, "double": row["total"] * 2, "key": key}


def _flattened(row: Row) -> Row:
    """Return a row with the fields of its objects in its own, and its lists as JSON."""
    flat: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{name}__{inner}": one for inner, one in _flattened(value).items()}
        else:
            flat[name] = (
                json.dumps(value, separators=_COMPACT) if isinstance(value, list) else value
            )
    return flat
