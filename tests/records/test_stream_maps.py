"""Records that a stream map or flattening changes."""

from __future__ import annotations

import pytest

from tests.support.batches import batch_settings, load_with_sdk, record_rows
from tests.support.server import Reply

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
def test_flattened_record_has_only_columns_of_its_schema(api, tap, depth, stream_maps):
    """Every field of a flattened record is in its schema, also if an object is null."""
    api.serve("/items", ROWS)
    settings = {**FLAT, "flattening_max_depth": depth, "stream_maps": stream_maps}
    run = tap.ok(api.config(stream(), **settings))
    columns = run.schemas("items")[0]["properties"].keys()
    assert "due__at" in columns
    assert "due" not in columns
    for record in run.records("items"):
        assert record.keys() <= columns
    assert [r["id"] for r in run.records("items")] == [1, 2, 3, 4]
    assert run.records("items")[0]["due__at"] == "noon"


def test_value_without_a_flattened_column_is_an_error(api, tap):
    """A string in a column declared as object or string has no column when flattened."""
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


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": 1, "x": {"n": 1}, "x__n": 2}],
        [{"id": 1, "x": {"n": 1}}, {"id": 2, "x": "a"}, {"id": 3, "x": {"string": "b"}}],
    ],
)
def test_fields_of_one_flattened_name_are_an_error_of_one_line(api, tap, rows):
    """Another separator keeps them apart, also if the column of a variant was there first."""
    api.routes["/items"] = lambda seen: rows[int(seen.query["page"]) - 1 :][:1]
    paging = {"style": "page_number"}
    items = stream(schema_sample_size=1, pagination=paging)
    run = tap(api.config(items, **FLAT))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items': Duplicate column name produced in schema: x__")
    assert "; choose another flattening_separator or " in line
    run = tap.ok(api.config(items, **FLAT, flattening_separator="."))
    assert [record["id"] for record in run.records("items")] == [row["id"] for row in rows]


def test_fields_of_one_shortened_name_are_an_error_of_one_line(api, tap):
    api.serve("/items", [{"id": 1, "first": {"second": 1, "seconds": 2}}])
    (line,) = tap(api.config(stream(), **FLAT, flattening_max_key_length=9)).error_lines
    assert line.endswith(" or a larger flattening_max_key_length")


def test_stream_maps_rename_filter_and_hide(api, tap):
    """A stream map renames a stream, filters records, adds a field and removes one."""
    api.serve("/items", [{"id": 1, "secret": "s"}, {"id": 2, "secret": "t"}])
    mapped = {
        "__alias__": "things", "__filter__": "id > 1", "hidden": "md5(secret)", "secret": None,
    }  # fmt: skip
    run = tap.ok(api.config(stream(), stream_maps={"items": mapped}))
    (record,) = run.records("things")
    assert record == {"id": 2, "hidden": "e358efa489f58062f10dd7316b65649e"}
    assert run.schemas("things")[0]["properties"].keys() == record.keys()
    assert not run.records("items")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stream_maps": [1]}, "stream_maps: must be an object, not an array"),
        ({"stream_maps": {"items": 5}}, "stream_maps.items: must be an object, or null"),
        ({"stream_maps": {"items": {"a": 5}}}, "stream_maps.items.a: must be a string"),
        ({"stream_maps": {"items": {"a": "float(("}}}, "stream_maps: Failed to parse"),
        ({"stream_maps": {"__all__": {}}}, "stream_maps: Option '__all__:{}' is not expected"),
        ({"stream_maps": {"__else__": "x"}}, "stream_maps.__else__: must be null, not a string"),
        (
            {"flattening_enabled": "false"},
            "flattening_enabled: must be true or false, not a string",
        ),
        ({**FLAT, "flattening_max_depth": "5"}, "flattening_max_depth: must be a whole number"),
        ({"flattening_enabled": True}, "flattening_max_depth is required"),
    ],
)
def test_mistake_in_maps_is_one_line(api, tap, change, said):
    """A setting that the SDK's maps or flattening refuse is one line that names it."""
    api.serve("/items", ROWS)
    run = tap(api.config(stream(), **change))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("nope * 2", "nope * 2. ('nope' is not defined"),
        ("price * 1.1", "float() makes a decimal a fraction"),
        ("int(name)", "ValueError"),
    ],
)
def test_failing_expression_is_one_line(api, tap, expression, said):
    """A map that fails while it runs ends the run with a line that names stream and cause."""
    rows = b'[{"id": 1, "price": 1.5, "name": "n"}]'
    api.serve("/items", Reply(rows))
    run = tap(api.config(stream(), stream_maps={"items": {"new": expression}}))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items': its stream map failed: ")
    assert said in line


def test_map_of_an_unknown_stream_is_a_warning(api, tap):
    """A stream map of a stream that is not configured is a warning with a suggestion."""
    api.serve("/items", ROWS)
    maps = {"itmes": {}, "it*": {}, "copies": {"__source__": "items"}, "gone": None}
    run = tap.ok(api.config(stream(), stream_maps=maps))
    assert [warning for warning in run.warnings if "stream_maps" in warning] == [
        "stream_maps.itmes: there is no stream 'itmes'; did you mean 'items'?",
        "stream_maps.gone: there is no stream 'gone'",
    ]
    assert len(run.records("copies")) == len(ROWS)


@pytest.mark.parametrize("kind", ["no record", "record after the sample"])
def test_map_of_a_stream_without_columns_yet_does_no_harm(api, tap, kind):
    """Its keys and expressions name columns that only records show."""
    bodies = [[], ROWS if kind == "record after the sample" else []]
    api.routes["/items"] = lambda _: bodies.pop(0)
    items = {"name": "items", "path": "items", "primary_keys": ["id"]}
    maps = {"items": {"__alias__": "things", "twice": "id * 2"}}
    run = tap.ok(api.config(items, stream_maps=maps))
    doubled = [2, 4, 6, 8] if kind == "record after the sample" else []
    assert [record["twice"] for record in run.records("things")] == doubled
    assert len(run.schemas("things")) == bool(doubled)


@pytest.mark.parametrize("flattening", [{}, FLAT])
@pytest.mark.parametrize("writes_files", [False, True])
def test_mapped_parents_follow_the_records_of_their_children(
    api, tap, tmp_path, flattening, writes_files
):
    """Copies, filters and names of a parent stream hold if its page is written in parts."""
    api.serve("/items", [{"id": n, "in": {"a": n * 1.5}} for n in (1, 2, 3)])
    for n in (1, 2, 3):
        api.serve(f"/items/{n}", [{"note": n}])
    child = {
        "name": "notes",
        "path": "items/{parent.item}",
        "parent": {"stream": "items", "keys": {"item": "id"}},
    }
    maps = {"items": {"__filter__": "id > 1"}, "copy": {"__source__": "items", "name": "id"}}
    batch = (
        {"batch_config": batch_settings(tmp_path, size=5)["batch_config"]} if writes_files else {}
    )
    run = tap.ok(api.config(stream(), child, stream_maps=maps, **flattening, **batch))
    rows = load_with_sdk(run.output) if writes_files else record_rows(run)
    inner = {"in__a": 1.5} if flattening else {"in": {"a": 1.5}}
    assert [row["id"] for row in rows["items"]] == [2, 3]
    assert rows["copy"][0] == {"id": 1, **inner, "name": 1}
    assert len(rows["copy"]) == len(rows["notes"]) == 3
