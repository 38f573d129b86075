"""Children and parents, each as multiples of the limit that sends the same requests.

Children: 10,000 parents with 10 full records each. Parents: full records that are read for
children with few different contexts, so that the cost is that of the parents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Server, measure, server
from benchmarks.records import OWNED, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PART = "children"
TIMES_LIMIT = "times the limit"
# Of this field a million records have 200 different values.
_PARENT_KEY = "customer.address.street"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Read children one a request, then parents with few children."""
    with server(size.records) as api:
        cases = {"children": children, "parents": parents}
        for name, case in cases.items():
            limit, streams = case(api.address, size.records)
            yield _compare(api, folder, name, limit, streams, size.rounds)


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


def _compare(  # noqa: PLR0913, PLR0917 - a comparison in its parts
    api: Server,
    folder: Path,
    name: str,
    limit: Sequence[str],
    streams: Sequence[Mapping[str, Any]],
    rounds: int,
) -> Figure:
    arguments = contenders.tap(api.address, folder, *streams)
    pairs = [(measure(limit).seconds, measure(arguments).seconds) for _ in range(rounds)]
    least, own = map(min, zip(*pairs, strict=True))
    return Figure(PART, name, own / least, TIMES_LIMIT, f"{own:.2f} s of {least:.2f} s")
