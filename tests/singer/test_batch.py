"""BATCH: files hold the rows that RECORD messages would, and no STATE is ahead of them."""

from __future__ import annotations

import json
import os
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow.parquet import read_schema
from singer_sdk.helpers.capabilities import PluginCapabilities

from tap_oauth2_generic.singer.batch_files import BatchSettings
from tap_oauth2_generic.singer.batch_writer import BatchWriter
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support.batches import batch_settings, load_lines, load_with_sdk, record_rows
from tests.support.server import Reply
from tests.support.settings import valid_settings

AT = "2026-03-{:02}T10:00:00Z"
NUMBERS = b"""[
 {"id": 1, "price": 1.10, "big": 123456789012345678901234567890, "at": "2026-03-01T10:00:00Z"},
 {"id": 2, "price": 0.30000000000000004, "big": 7, "at": "2026-03-02T10:00:00.123456789Z"},
 {"id": 3, "price": 12345678901234567890.123456789, "big": 1e3, "at": null},
 {"id": 4, "price": 12345678901234567890.12345678901234567, "big": -0.5, "at": null}
]"""
ORDERS = [
    {"id": n, "name": f"n{n}", "at": AT.format(n), "owner": {"id": n, "tags": ["a", "b"]}}
    for n in range(1, 9)
]
DECLARED = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "at": {"type": "string", "format": "date-time"},
        "owner": {
            "type": ["object", "null"],
            "properties": {
                "id": {"type": "integer"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
}
NAMES = [{"id": n, "name": text} for n, text in enumerate(["a\u2028b", "c\x85d", "\n", "𝄞\u0000"])]
ITEMS = {"name": "items", "path": "items", "primary_keys": ["id"]}
CHILDREN = {
    "name": "lines",
    "path": "items/{parent.item}/lines",
    "parent": {"stream": "items", "keys": {"item": "id"}},
}
PAGES = {"pagination": {"style": "page_number"}}
#: The rows of ``/items``, page by page, or the bytes of the one page; streams; settings.
VARIANTS = {
    "declared": ([ORDERS], [{**ITEMS, "schema": DECLARED}], {}),
    "inferred": ([ORDERS], [ITEMS], {}),
    "exact numbers": (NUMBERS, [ITEMS], {}),
    "line breaks": ([NAMES], [ITEMS], {}),
    "added and kept": (
        [ORDERS],
        [
            {
                **ITEMS,
                "add_fields": {"owner_id": "owner.id"},
                "keep": [{"path": "owner.id", "in": [1, 2, 3, 4, 5]}],
            }
        ],
        {},
    ),
    "a new column on a later page": (
        [ORDERS[:2], ORDERS[2:4], [{"id": 5, "new": True}], [{"id": 6, "name": 1.5}]],
        [{**ITEMS, **PAGES, "schema_sample_size": 2}],
        {},
    ),
    "children": ([ORDERS], [ITEMS, CHILDREN], {}),
    "partitions": ([ORDERS], [{**ITEMS, "partitions": [{"p": 1}, {"p": "x"}]}], {}),
    "free-form objects": (
        [[{"id": 1, "o": {"a": 1}}]],
        [{**ITEMS, "schema": {"properties": {"id": {"type": "integer"}, "o": {"type": "object"}}}}],
        {},
    ),
    "stream maps": (
        [ORDERS],
        [ITEMS],
        {"stream_maps": {"items": {"__alias__": "orders", "up": "name.upper()", "name": None}}},
    ),
    "two maps of a stream": (
        [ORDERS],
        [ITEMS],
        {"stream_maps": {"items": {}, "few": {"__source__": "items", "__filter__": "id < 3"}}},
    ),
    "flattening": ([ORDERS], [ITEMS], {"flattening_enabled": True, "flattening_max_depth": 2}),
    "incremental": ([ORDERS], [{**ITEMS, "replication_key": "at"}], {}),
}


def serve(api, pages):
    def items(seen):
        if isinstance(pages, bytes):
            return Reply(pages)
        number = int(seen.query.get("page", 1)) - 1
        return pages[number] if number < len(pages) else []

    api.routes["/items"] = items
    for n in range(1, 9):
        api.serve(f"/items/{n}/lines", [{"line": i, "item_name": f"{n}-{i}"} for i in range(n)])


def plain(value):
    """Return a value as Parquet keeps it: null and absent are the same, numbers are exact."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and value.startswith("{"):
        return plain(json.loads(value, parse_float=Decimal))
    return value


@pytest.mark.parametrize("encoding", ["jsonl gzip", "jsonl none", "jsonl zstd", "parquet gzip"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_batch_rows_equal_record_rows(api, tap, tmp_path, variant, encoding):
    """Selection, conformance, maps and flattening are done; schemas and state are the same."""
    pages, streams, settings = VARIANTS[variant]
    serve(api, pages)
    kind, compression = encoding.split()
    config = api.config(*streams, **settings)
    in_files = batch_settings(tmp_path / "files", format=kind, compression=compression)
    expected, run = tap.ok(config), tap.ok({**config, **in_files})
    assert not record_rows(run)
    rows = record_rows(expected)
    if kind == "parquet":
        loaded = plain(load_with_sdk(run.output))
        rows = plain(rows)
    elif compression == "zstd":
        loaded = load_lines(run.messages, compression)
    else:
        loaded = load_with_sdk(run.output)
    assert loaded == rows
    for stream in rows:
        assert run.schemas(stream) == expected.schemas(stream)
    assert run.state == expected.state


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_deselected_columns_stay_out_of_the_files(api, tap, tmp_path, kind):
    serve(api, [ORDERS])
    config = api.config({**ITEMS, "schema": DECLARED})
    catalog = json.loads(tap.ok(config, "--discover").output)
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"] in (
            ["properties", "name"],
            ["properties", "owner", "properties", "id"],
        ):
            entry["metadata"]["selected"] = False
    run = tap.ok({**config, **batch_settings(tmp_path, format=kind)}, catalog=catalog)
    wanted = [{"id": r["id"], "at": r["at"], "owner": {"tags": ["a", "b"]}} for r in ORDERS]
    assert load_with_sdk(run.output) == {"items": wanted}


@pytest.mark.parametrize(("size", "cap"), [(3, 2), (4, 2), (2, 8), (100, 2)])
def test_no_state_is_ahead_of_the_files(paged_api, tap, tmp_path, size, cap):
    """At each STATE, the BATCH messages before it name all records up to its bookmark."""
    pages = paged_api(ORDERS, style="offset", cap=cap)
    config = pages.config(replication_key="at", incremental={"order": "asc"})
    run = tap.ok({**config, **batch_settings(tmp_path, size=size)})
    sizes, loaded, bookmarks = [], [], []
    for message in run.messages:
        if message["type"] == "BATCH":
            rows = load_with_sdk(as_output(run, message))["items"]
            sizes.append(len(rows))
            loaded += rows
        elif message["type"] == "STATE":
            (bookmark,) = [*message["value"]["bookmarks"].values()] or [{}]
            reached = bookmark.get("progress_markers", bookmark).get("replication_key_value", "")
            covered = [row for row in ORDERS if row["at"] <= reached]
            assert loaded[: len(covered)] == covered
            bookmarks.append(len(covered))
    assert loaded == ORDERS
    assert max(sizes) <= size
    if size == cap * 2:
        # Each file that is closed moves the bookmark, before the next one is begun.
        assert bookmarks[-2:] == [4, 8]


def as_output(run, batch):
    schemas = [m for m in run.messages if m["type"] == "SCHEMA"]
    return "".join(json.dumps(m) + "\n" for m in [*schemas, batch])


def test_file_is_complete_before_its_batch_and_has_its_final_name(api, tap, tmp_path):
    serve(api, [ORDERS])
    run = tap.ok(api.config(ITEMS, **batch_settings(tmp_path / "new" / "folder")))
    named = [url for m in run.messages if m["type"] == "BATCH" for url in m["manifest"]]
    files = sorted(f"file://{path}" for path in (tmp_path / "new" / "folder").iterdir())
    assert sorted(named) == files
    assert all(".part" not in name for name in named)


@pytest.mark.parametrize("encoding", ["jsonl none", "jsonl gzip", "jsonl zstd", "parquet gzip"])
def test_file_is_synced_under_another_name_and_then_renamed(
    api, tap, tmp_path, monkeypatch, encoding
):
    """After the rename the folder is synced; the file's own name begins with the prefix."""
    serve(api, [ORDERS])
    kind, compression = encoding.split()
    settings = batch_settings(tmp_path, size=8, format=kind, compression=compression)
    settings["batch_config"]["storage"]["prefix"] = "night-"
    synced, fsync = [], os.fsync

    def note(number):
        synced.append(
            (str(Path(f"/proc/self/fd/{number}").readlink()), [*tmp_path.glob("night-*")])
        )
        fsync(number)

    monkeypatch.setattr(os, "fsync", note)
    run = tap.ok(api.config(ITEMS, **settings))
    (named,) = [url for m in run.messages if m["type"] == "BATCH" for url in m["manifest"]]
    (path,) = tmp_path.glob("night-*")
    assert named == f"file://{path}"
    (temporary, before), (folder, after) = [one for one in synced if str(tmp_path) in one[0]]
    assert (temporary, before) == (str(path.with_name(f".{path.name}.part")), [])
    assert (folder, after) == (str(tmp_path), [path])


def test_sdk_batches_are_never_entered(api, tap, tmp_path):
    """The SDK would read the records before selection, conformance and maps."""
    serve(api, [ORDERS])
    settings = batch_settings(tmp_path / "files", size=8)
    run = tap.ok(api.config({**ITEMS, "schema": DECLARED}, **settings))
    assert PluginCapabilities.BATCH in TapOAuth2Generic.capabilities
    assert len(api.requests("/items")) == 1
    (batch,) = [m for m in run.messages if m["type"] == "BATCH"]
    assert batch["encoding"] == {"format": "jsonl", "compression": "gzip"}
    assert len(batch["manifest"]) == 1
    tap.ok(api.config(ITEMS, **settings), "--test")
    assert len([*(tmp_path / "files").iterdir()]) == 1


def test_schema_grows_only_after_the_file_of_the_old_one(api, tap, tmp_path):
    serve(api, [[{"id": 1}, {"id": 2}], [{"id": 3, "new": 1}]])
    stream = {**ITEMS, **PAGES, "schema_sample_size": 2}
    run = tap.ok(api.config(stream, **batch_settings(tmp_path, size=100)))
    kinds = [m["type"] for m in run.messages if m["type"] != "STATE"]
    assert kinds == ["SCHEMA", "BATCH", "SCHEMA", "BATCH"]


def test_stream_without_records_has_no_file(api, tap, tmp_path):
    serve(api, [[]])
    run = tap.ok(api.config({**ITEMS, "schema": DECLARED}, **batch_settings(tmp_path)))
    assert not [m for m in run.messages if m["type"] == "BATCH"]
    assert not [*tmp_path.glob("*.gz")]


def test_parquet_types_come_from_the_schema(api, tap, tmp_path):
    """A value that its type cannot hold ends the stream in one line; no bookmark passes it."""
    properties = {"id": {"type": "integer"}, "big": {"type": "integer"}}
    serve(api, [[{"id": 1, "big": 2**63 - 1}, {"id": 2, "big": 2**63}]])
    stream = {**ITEMS, "schema": {"properties": properties}, "replication_key": "id"}
    run = tap(api.config(stream, **batch_settings(tmp_path, format="parquet")))
    assert run.status == 1
    (line,) = run.error_lines
    assert "a value of 'big' does not fit the Parquet type int64; use the format jsonl" in line
    assert run.bookmark() is None


def test_parquet_types_do_not_depend_on_the_values(api, tap, tmp_path):
    """A file of whole numbers, one of fractions and one of nulls have the same columns."""
    kinds = {"id": "integer", "n": "number", "text": "string", "on": "boolean", "free": "object"}
    values = {"n": [1, 1.5, None], "text": ["1", "2026-01-01", None], "on": [True, False, None]}
    values |= {"id": [1, 2, 3], "free": [{"a": 1}, {"b": "x"}, None]}
    serve(api, [[{name: values[name][n] for name in kinds} for n in range(3)]])
    properties = {name: {"type": [kind, "null"]} for name, kind in kinds.items()}
    stream = {**ITEMS, "schema": {"properties": properties}}
    run = tap.ok(api.config(stream, **batch_settings(tmp_path, size=1, format="parquet")))
    files = [m["manifest"][0] for m in run.messages if m["type"] == "BATCH"]
    found = [read_schema(url.removeprefix("file://")) for url in files]
    types = {"id": "int64", "n": "decimal256(76, 38)", "text": "string", "on": "bool"}
    types["free"] = "string"
    assert [{one.name: str(one.type) for one in schema} for schema in found] == [types] * 3


@pytest.mark.parametrize(
    ("batch_config", "sentence"),
    [
        ({}, "batch_config: setting 'storage' is required"),
        ({"storage": {"root": "s3://bucket"}}, "batch_config.storage.root: must be a local folder"),
        ({"storage": {"root": "/data"}}, "batch_config.storage.root: must be a local folder"),
        ({"storage": {"root": "file:///a?b"}}, "batch_config.storage.root: must be a local folder"),
        ({"storage": {"root": "file:///d"}, "batch_size": 0}, "batch_config.batch_size: must be"),
        (
            {"storage": {"root": "file:///d"}, "encoding": {"format": "csv"}},
            "batch_config.encoding.format: must be one of jsonl, parquet, not 'csv'",
        ),
    ],
)
def test_wrong_batch_config_is_named(api, tap, batch_config, sentence):
    run = tap(api.config(ITEMS, batch_config=batch_config))
    assert run.status == 1
    assert any(sentence in line for line in run.error_lines), run.error_lines
    assert not api.seen


def test_unusable_folder_ends_the_run_before_a_request(api, tap, tmp_path):
    (tmp_path / "file").write_text("")
    schema = {"properties": {"id": {"type": "integer"}}}
    run = tap(api.config({**ITEMS, "schema": schema}, **batch_settings(tmp_path / "file" / "sub")))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("batch_config: cannot write to")
    assert not api.requests("/items")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_folder_that_turns_into_a_file_is_one_line(api, tap, tmp_path, kind):
    """And no STATE has the records that had an open file there."""
    folder = tmp_path / "files"

    def items(seen):
        if seen.query.get("page") == "2":
            folder.rename(tmp_path / "moved")
            folder.write_text("")
        return ORDERS

    api.routes["/items"] = items
    stream = {**ITEMS, **PAGES, "schema": {"properties": {"id": {"type": "integer"}}}}
    settings = batch_settings(folder, size=100, format=kind)
    run = tap(api.config(stream, max_in_flight=1, **settings))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("batch_config: cannot write to")
    assert "BATCH" not in run.output
    assert "STATE" not in run.output


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_memory_is_bounded_by_a_part_of_a_file(tmp_path, kind):
    """A file of any size takes what compression and a row group of it need."""
    settings = valid_settings(
        BatchSettings, batch_settings(tmp_path, size=10**6, format=kind)["batch_config"]
    )
    writer = BatchWriter(settings, lambda: None)
    writer._schemas["items"] = {"properties": {"x": {"type": "string"}}}
    page = [b'{"x":"%s"}' % os.urandom(500).hex().encode() for _ in range(200)]
    writer.write_records("items", page)
    tracemalloc.start()
    for _ in range(300):
        writer.write_records("items", page)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.close_files()
    assert writer.written_bytes > 60_000_000
    assert peak < 5_000_000
