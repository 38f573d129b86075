"""Records that a stream map or flattening changes on their way out."""

from __future__ import annotations

import pytest

FLAT = {"flattening_enabled": True, "flattening_max_depth": 5}
ROWS = [
    {"id": 1, "due": {"at": "noon", "by": {"name": "a"}}, "tags": [1], "free": {}},
    {"id": 2, "due": None, "tags": None, "free": None},
    {"id": 3, "due": {"at": None, "by": None}, "tags": [], "free": {}},
    {"id": 4, "due": {}},
]


def stream(**settings):
    return {"name": "items", "path": "items", "primary_keys": ["id"], **settings}


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("stream_maps", [{}, {"items": {"twice": "id * 2"}}])
def test_a_flattened_record_has_columns_of_its_schema_alone(api, tap, depth, stream_maps):
    """Every field of a flattened record is in its schema, also where an object is null."""
    api.serve("/items", ROWS)
    settings = {**FLAT, "flattening_max_depth": depth, "stream_maps": stream_maps}
    run = tap(api.config(stream(), **settings))
    assert run.status == 0, run.errors
    columns = run.schemas("items")[0]["properties"].keys()
    assert "due__at" in columns
    assert "due" not in columns
    for record in run.records("items"):
        assert record.keys() <= columns
    assert [r["id"] for r in run.records("items")] == [1, 2, 3, 4]
    assert run.records("items")[0]["due__at"] == "noon"


def test_a_value_without_a_flattened_column_ends_the_run(api, tap):
    """A text in a column that is declared as object or text has no place when flattened."""
    either = {"type": ["object", "string"], "properties": {"a": {"type": "integer"}}}
    schema = {"properties": {"id": {"type": "integer"}, "x": either}}
    api.serve("/items", [{"id": 1, "x": {"a": 1}}, {"id": 2, "x": "text-of-the-record"}])
    run = tap(api.config(stream(schema=schema), **FLAT))
    assert run.status == 1
    assert run.records("items") == [{"id": 1, "x__a": 1}]
    (line,) = run.error_lines
    assert "stream 'items'" in line
    assert "'x'" in line
    assert "text-of-the-record" not in line


def test_stream_maps_rename_filter_and_hide(api, tap):
    """A stream map renames a stream, leaves records out, adds a field and takes one away."""
    api.serve("/items", [{"id": 1, "secret": "s"}, {"id": 2, "secret": "t"}])
    mapped = {
        "__alias__": "things", "__filter__": "id > 1", "hidden": "md5(secret)", "secret": None,
    }  # fmt: skip
    run = tap(api.config(stream(), stream_maps={"items": mapped}))
    assert run.status == 0, run.errors
    (record,) = run.records("things")
    assert record == {"id": 2, "hidden": "e358efa489f58062f10dd7316b65649e"}
    assert run.schemas("things")[0]["properties"].keys() == record.keys()
    assert not run.records("items")
