"""Pipelines into every warehouse: all rows first, then what changed, as the API has them."""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.pipelines.meltano_project import ROOT
from tests.pipelines.warehouses import dig, ids
from tests.support.demo_pages import WALKS, walk

SAMPLE = (ROOT / "sample_config.json").read_text()
#: A value from within a record of these streams, which a warehouse must hold as the API gives it.
NESTED = {
    "contacts": ("company", "name"),
    "issues": ("fields", "priority", "name"),
    "messages": ("from", "emailAddress", "name"),
    "people": ("names",),
    "tasks": ("checklistItems",),
}


def truth(demo):
    """Give the records of every stream, as a client of the API's own reads them."""
    found = {name: walk(demo, name) for name in WALKS}
    found["tasks"] = []
    for one in found["lists"]:
        number, path = 1, f"/lists/{quote(one['id'], safe='')}/tasks"
        while tasks := demo.call(path, page=number, per_page=50).json().get("value"):
            found["tasks"] += tasks
            number += 1
    return found


def test_all_rows_come_first_and_then_what_changed(demo, warehouse, loading_project):
    """Two runs, the second from Meltano's state, leave the API's rows, keys and nested values."""
    config = json.loads(SAMPLE.replace("http://127.0.0.1:8765", demo.url))
    del config["$schema"]
    loading_project.configure(config)
    everything = truth(demo)
    sizes = {name: len(records) for name, records in everything.items()}

    first = loading_project.run(warehouse.loader)

    assert first.fetched == sizes
    for name, records in everything.items():
        agrees(warehouse, name, records)

    demo.change()
    everything = truth(demo)
    changed = dict.fromkeys(sizes, 4) | {"lists": len(everything["lists"])}

    second = loading_project.run(warehouse.loader)

    assert second.fetched == changed
    for name, records in everything.items():
        more = sizes[name] + changed[name] - len(records) if warehouse.keeps_versions else 0
        agrees(warehouse, name, records, more)


def agrees(warehouse, name, records, more=0):
    """Hold what was loaded against the API; ``more`` are the rows that stand there twice."""
    loaded = warehouse.rows(name)
    assert len(loaded) == len(records) + more, name
    assert set(ids(loaded)) == set(ids(records)), name
    if keys := NESTED.get(name):
        newest = {str(row["id"]): dig(row, *keys) for row in loaded}
        for record in records:
            assert newest[str(record["id"])] == dig(record, *keys), name
