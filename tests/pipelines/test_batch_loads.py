"""The same rows into PostgreSQL as RECORD and as BATCH messages: the tables are equal."""

from __future__ import annotations

import json

import pytest

from tests.support.batches import batch_settings
from tests.support.server import Reply

ROWS = [
    {
        "id": n,
        "name": f"Zoë \u2028 {n}" if n % 5 else None,
        "amount": n / 7,
        "at": f"2026-03-{n % 28 + 1:02}T10:00:00.123456Z",
        "is_open": n % 2 == 0,
        "owner": {"id": n, "tags": ["a", str(n)], "note": None},
        "lines": [{"sku": f"s{n}", "count": n}],
    }
    for n in range(1, 451)
]
# Digits that a 64-bit fraction does not hold.
ROWS_TEXT = json.dumps(ROWS).replace(json.dumps(3 / 7), "12345678901234567.123456789")
CHILD = {
    "name": "orders_lines",
    "path": "orders/{parent.order}",
    "parent": {"stream": "orders", "keys": {"order": "id"}},
    "primary_keys": ["order", "sku"],
}


@pytest.mark.parametrize("warehouse", ["target-postgres"], indirect=True)
@pytest.mark.parametrize(
    "settings",
    [{"primary_keys": ["id"], "replication_key": "at"}, {}, {"primary_keys": ["id"]}],
    ids=["keys", "no keys", "children"],
)
def test_table_is_the_same_as_from_records(
    api, warehouse, loading_project, tmp_path, settings, request
):
    """Counts, types and values are equal; a second run with keys adds no row."""
    has_children = "children" in request.node.callspec.id
    rows = json.loads(ROWS_TEXT)[:40] if has_children else None
    api.routes["/orders"] = lambda _: rows or Reply(ROWS_TEXT.encode())
    for row in rows or ():
        api.serve(f"/orders/{row['id']}", [{"sku": f"{row['id']}-{i}", "x": i} for i in range(3)])
    stream = {"name": "orders", "path": "orders", **settings}
    streams = [stream, CHILD] if has_children else [stream]
    names = [one["name"] for one in streams]
    loading_project.configure(api.config(*streams))
    loading_project.run(warehouse.loader)
    expected = {name: table(warehouse, name) for name in names}
    warehouse.close()
    files = batch_settings(tmp_path / "files", size=100)
    loading_project.configure(api.config(*streams, **files))
    loading_project.run(warehouse.loader, "--full-refresh")
    assert len(expected["orders"]) == (40 if has_children else 450)
    assert {name: table(warehouse, name) for name in names} == expected
    assert len([*(tmp_path / "files").iterdir()]) >= len(names)
    if "primary_keys" in settings:
        loading_project.run(warehouse.loader)
        assert {name: table(warehouse, name) for name in names} == expected


def table(warehouse, name):
    """Return the rows without what the loader adds."""
    rows = [
        {column: value for column, value in row.items() if not column.startswith("_sdc_")}
        for row in warehouse.rows(name)
    ]
    return sorted(rows, key=lambda row: str(row.get("id") or row.get("sku")))
