"""Two pipeline runs into each warehouse: a full sync, then an incremental one."""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.pipelines.meltano_project import ROOT
from tests.pipelines.warehouses import ids, nested_value
from tests.support.demo_pages import READERS, read_all

SAMPLE = (ROOT / "sample_config.json").read_text()
#: A nested value of each of these streams; the warehouse must hold it unchanged.
NESTED = {
    "contacts": ("company", "name"),
    "issues": ("fields", "priority", "name"),
    "messages": ("from", "emailAddress", "name"),
    "people": ("names",),
    "tasks": ("checklistItems",),
}


def truth(demo):
    """Return the records of each stream, read by a client that shares no code with the tap."""
    found = {name: read_all(demo, name) for name in READERS}
    found["tasks"] = []
    for one in found["lists"]:
        number, path = 1, f"/lists/{quote(one['id'], safe='')}/tasks"
        while tasks := demo.call(path, page=number, per_page=50).json().get("value"):
            found["tasks"] += tasks
            number += 1
    return found


def test_second_run_loads_only_changed_rows(demo, warehouse, loading_project):
    """After both runs the warehouse holds the rows, keys and nested values of the API."""
    config = json.loads(SAMPLE.replace("http://127.0.0.1:8765", demo.url))
    del config["$schema"]
    loading_project.configure(config)
    everything = truth(demo)
    sizes = {name: len(records) for name, records in everything.items()}

    first = loading_project.run(warehouse.loader)

    assert first.fetched == sizes
    for name, records in everything.items():
        check_table(warehouse, name, records)

    demo.change()
    everything = truth(demo)
    changed = dict.fromkeys(sizes, 4) | {"lists": len(everything["lists"])}

    second = loading_project.run(warehouse.loader)

    assert second.fetched == changed
    for name, records in everything.items():
        more = sizes[name] + changed[name] - len(records) if warehouse.keeps_versions else 0
        check_table(warehouse, name, records, more)


#: Strings that a loader's file format may damage.
STRINGS = ["plain", "a, b \\ c", 'a "quoted" word', "two\nlines", "tab\t; semicolon", "Zoë ☕"]


def test_table_of_strings_keeps_every_row(api, warehouse, loading_project):
    """A table with only string columns is loaded in full, with its exact values, by each run."""
    rows = [{"id": f"row {n}", "name": value} for n, value in enumerate(STRINGS * 2)]
    api.routes["/names"] = lambda _seen: rows
    stream = {"name": "names", "path": "names", "primary_keys": ["id"]}
    loading_project.configure(api.config(stream))

    fetched = 0
    for _ in range(2):
        fetched += len(rows)
        loading_project.run(warehouse.loader)
        loaded = warehouse.rows("names")
        assert {(row["id"], row["name"]) for row in loaded} == {(r["id"], r["name"]) for r in rows}
        assert len(loaded) == (fetched if warehouse.keeps_versions else len(rows))
        rows += [{"id": f"later {n}", "name": value} for n, value in enumerate(STRINGS)]


def check_table(warehouse, name, records, more=0):
    """Compare a table with the API; ``more`` is the number of rows stored twice."""
    loaded = warehouse.rows(name)
    assert len(loaded) == len(records) + more, name
    assert set(ids(loaded)) == set(ids(records)), name
    if keys := NESTED.get(name):
        newest = {str(row["id"]): nested_value(row, *keys) for row in loaded}
        for record in records:
            assert newest[str(record["id"])] == nested_value(record, *keys), name
