"""Children and parents, each as multiples of the limit that sends the same requests.

Children: 10,000 parents with 10 full records each. Parents: full records that are read for
children with few different contexts, so that the cost is that of the parents.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks import contenders, equality
from benchmarks.pairs import Pair, measure_pairs, most_memory
from benchmarks.processes import server
from benchmarks.records import OWNED, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from benchmarks.figures import Figure, Size

PART = "children"
_STREAMS = ("parents", "children")
# Of this field a million records have 200 different values.
_PARENT_KEY = "customer.address.street"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Compare the rows of a few, then measure each case."""
    check(folder)
    with server(size.records) as api:
        idle_bytes = contenders.idle_bytes(api.address, folder)
        pairs = {}
        for name, case in CASES.items():
            limit, streams = case(api.address, size.records)
            pairs[name] = Pair(limit, contenders.tap(api.address, folder / name, *streams))
        limit, streams = children(api.address, size.records)
        one_at_a_time = contenders.tap(api.address, folder / "one", *streams, max_in_flight=1)
        pairs["children, one request at a time"] = Pair(limit, one_at_a_time)
        results = measure_pairs(pairs, size.rounds)
    for name, result in results.items():
        yield result.figure(PART, name)
    yield most_memory(results, idle_bytes, PART)


def check(folder: Path) -> None:
    """Raise BenchmarkError if the tap and its limit deliver different rows.

    A child of the tap has the key of its parent, too, and comes before it.
    """
    with server(equality.RECORDS) as api:
        for name, case in CASES.items():
            limit, streams = case(api.address, equality.RECORDS)
            tap = contenders.tap(api.address, folder, *streams)
            read, delivered = (
                [{key: row[key] for key in row if key != "owner"} for row in found]
                for found in (equality.rows(one, folder, _STREAMS) for one in (limit, tap))
            )
            equality.compare(name, sorted(read, key=json.dumps), sorted(delivered, key=json.dumps))


def children(address: str, records: int) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Return the limit and the streams: a parent for every ten records."""
    owners = {
        "name": "parents",
        "path": f"0/owners/{records // OWNED}",
        "records_path": "data",
        "primary_keys": ["id"],
        "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    }
    return (
        _limit(f"{address}/{owners['path']}", f"{address}/0/owned", "id"),
        [owners, _child("owned", "id", "integer")],
    )


def parents(address: str, records: int) -> tuple[list[str], list[Mapping[str, Any]]]:  # noqa: ARG001
    """Return the limit and the streams: full parents, a child for each different street."""
    orders = {**contenders.ORDERS, "name": "parents"}
    return (
        _limit(f"{address}/0/orders", f"{address}/0/tiny/1", _PARENT_KEY),
        [orders, _child("tiny/1", _PARENT_KEY, "string")],
    )


def _limit(parents: str, children: str, key: str) -> list[str]:
    return ["-m", "benchmarks.children_limit", parents, children, key]


def _child(path: str, key: str, kind: str) -> Mapping[str, Any]:
    columns = SCHEMA["properties"] if path == "owned" else contenders.TINY["schema"]["properties"]
    return {
        **contenders.ORDERS,
        "name": "children",
        "path": f"0/{path}/{{parent.owner}}",
        "parent": {"stream": "parents", "keys": {"owner": key}},
        "replication_key": None,
        "schema": {"type": "object", "properties": {**columns, "owner": {"type": kind}}},
    }


CASES: Mapping[str, Callable[[str, int], tuple[list[str], list[Mapping[str, Any]]]]] = {
    "children": children,
    "parents": parents,
}
