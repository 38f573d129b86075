"""A page too large to be decoded as a whole is processed in parts, and is one page all the same."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import tracemalloc
import zipfile

import pytest

from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.parsing.json_list import LARGE_BYTES, JsonList
from tests.support.server import Reply

ROWS = [{"id": n, "text": "x" * 10_000} for n in range(LARGE_BYTES // 9_000)]
SCHEMA = {"properties": {"id": {"type": ["integer", "string"]}, "text": {"type": "string"}}}
BODIES = {
    "json": json.dumps(ROWS, separators=(",", ":")),
    "jsonl": "".join(f"{json.dumps(row)}\n" for row in ROWS),
    "csv": "id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in ROWS),
}


@pytest.mark.parametrize(
    "more", [{}, {"schema": SCHEMA}, {"keep": [{"path": "text", "matches": "x"}]}]
)
@pytest.mark.parametrize("form", BODIES)
def test_each_record_of_a_large_page_arrives_once(api, tap, form, more):
    api.serve("/items", Reply(BODIES[form].encode()))
    stream = {"name": "items", "path": "items", "response_format": form, "replication_key": "id"}
    run = tap.ok(api.config({**stream, **more}))
    ids = [record["id"] for record in run.records("items")]
    assert ids == ([str(row["id"]) for row in ROWS] if form == "csv" else [r["id"] for r in ROWS])


def test_last_record_of_a_large_page_may_change_the_schema(api, tap):
    """The schema grows between two parts of a page."""
    api.serve("/items", Reply(json.dumps([*ROWS, {"id": -1, "new": 1}]).encode()))
    run = tap.ok(api.config({"name": "items", "path": "items"}))
    assert run.records("items") == [*ROWS, {"id": -1, "new": 1}]


@pytest.mark.parametrize("more", [{}, {"keep": [{"path": "text", "matches": "x"}]}], ids=str)
def test_schema_grows_once_for_all_parts_of_a_large_page(api, tap, more):
    """Each part may have new fields, and values that join the types of others."""
    rows = [dict(row) for row in ROWS]
    rows[len(rows) // 2]["middle"] = 1
    rows[-1] |= {"last": "1", "middle": 1.5}
    api.serve("/items", Reply(json.dumps(rows).encode()))
    stream = {"name": "items", "path": "items", **more}
    run = tap.ok(api.config({**stream, "on_type_change": "widen"}))
    before, after = run.schemas("items")
    assert before["properties"].keys() == {"id", "text"}
    assert after["properties"].keys() == {"id", "text", "middle", "last"}
    assert run.records("items") == rows


@pytest.mark.parametrize("size", [1, 1000, LARGE_BYTES // 2, 2 * LARGE_BYTES])
def test_parts_of_a_list_are_its_members_in_order(size):
    members = [b'"%s"' % (b"%d" % n * (size // 2)) for n in range(4)]
    parts = list(JsonList(members).parts())
    assert [one for part in parts for one in part.members] == members
    assert [text for part in parts for text in decode(part.text)] == [*map(decode, members)]
    assert (len(parts) == 1) == (sum(map(len, members)) <= LARGE_BYTES)


@pytest.mark.parametrize("paging", [{}, {"total_pages_path": "pages"}], ids=str)
def test_large_pages_in_a_row_take_the_memory_of_one(api, tap, paging):
    """None is requested before the previous one is gone."""
    rest = ",".join([json.dumps(row, separators=(",", ":")) for row in ROWS])
    peaks = []
    for count in (1, 5):
        bodies = [
            b'{"pages":%d,"d":[{"id":%d},%s]}' % (count, page, rest.encode())
            for page in range(count)
        ]
        replies = [*map(Reply, bodies), Reply({"pages": count, "d": []})]
        api.routes["/items"] = lambda seen, pages=replies: pages[int(seen.query["page"]) - 1]
        stream = {"name": "items", "path": "items", "records_path": "d", "schema": SCHEMA}
        stream |= {"pagination": {"style": "page_number", **paging}}
        # Without output, which the test would keep.
        stream |= {"keep": [{"path": "id", "equals": "none"}]}
        tracemalloc.start()
        tap.ok(api.config(stream, max_in_flight=4))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < 2.5 * len(bodies[0])
    assert peaks[1] < peaks[0] + len(bodies[0]) / 2


SHORT = [{"id": n, "text": "x" * 150} for n in range(3 * LARGE_BYTES // 170)]
SPACED = {
    "spaces": ({"records_path": "d"}, json.dumps({"d": SHORT})),
    "indent": ({"records_path": "d"}, json.dumps({"d": SHORT}, indent=1)),
    "lines": ({"response_format": "jsonl"}, "".join(f"{json.dumps(row)}\n" for row in SHORT)),
}


@pytest.mark.parametrize("form", SPACED)
def test_spaces_on_a_large_page_take_no_second_copy_of_it(api, tap, form):
    """Short records with the spaces of ``json.dumps``."""
    more, body = SPACED[form]
    api.serve("/items", Reply(body.encode()))
    stream = {"name": "items", "path": "items", "schema": SCHEMA, **more}
    tracemalloc.start()
    run = tap.ok(api.config({**stream, "keep": [{"path": "id", "equals": "none"}]}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"{len(SHORT):,}" in run.errors
    assert peak < 2.5 * len(body)


@pytest.mark.parametrize("depth", [400, 900, 950, 100_000])
def test_deep_record_on_a_large_spaced_page_is_read_or_one_error(api, tap, depth):
    deep = '{"id": 1, "text": ' + "[" * depth + "]" * depth + "}"
    rest = ", ".join(map(json.dumps, ROWS))
    api.serve("/items", Reply(f'{{"d": [{deep}, {rest}]}}'.encode()))
    run = tap(api.config({"name": "items", "path": "items", "records_path": "d", "schema": SCHEMA}))
    if run.status:
        (line,) = run.error_lines
        assert "nested too deep" in line
    else:
        assert len(run.records("items")) == len(ROWS) + 1


@pytest.mark.parametrize("keys", [[], ["id"]])
def test_large_page_that_comes_again_ends_paging(api, tap, keys):
    """With keys also if a value of its records is another one each time."""
    rest = ",".join([json.dumps(row) for row in ROWS])
    times = iter(range(9))

    def respond(_):
        text = f"{next(times)}" if keys else ""
        return Reply(f'{{"d":[{{"id":-1,"text":"{text}"}},{rest}]}}'.encode())

    api.routes["/items"] = respond
    stream = {"name": "items", "path": "items", "records_path": "d", "schema": SCHEMA}
    run = tap(api.config({**stream, "pagination": {"style": "page_number"}, "primary_keys": keys}))
    assert "repeats the previous page" in run.errors
    assert len(run.records("items")) == len(ROWS) + 1


def _zipped(content):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", content)
    return made.getvalue()


FROM_DISK = {
    "xml": ({"records_path": "i"}, b"<r>%s</r>" % (b"<i><a>%s</a></i>" % (b"x" * 1000) * 40_000)),
    "csv": ({"archive_member": "*.csv"}, _zipped(b"a\n" + (b"x" * 1000 + b"\n") * 40_000)),
}


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("form", FROM_DISK)
def test_response_that_is_kept_on_disk_takes_little_memory(api, tap, form, coding):
    """One of 40 MB takes less than half of it."""
    more, body = FROM_DISK[form]
    # Of bytes that hardly shrink, or they would be a bomb.
    content = gzip.compress(body, 0) if coding else body
    api.serve("/items", Reply(content, headers={"Content-Encoding": coding} if coding else {}))
    none = {"keep": [{"path": "a", "equals": "none"}], "schema": {"properties": {"a": {}}}}
    stream = {"name": "items", "path": "items", "response_format": form, **more, **none}
    tracemalloc.start()
    run = tap.ok(api.config(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "40,000" in run.errors
    assert peak < len(body) / 2


def test_folder_that_takes_no_temporary_file_is_one_error(api, tap, tmp_path):
    more, body = FROM_DISK["xml"]
    api.serve("/items", Reply(body))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        run = tap(api.config({"name": "items", "path": "items", "response_format": "xml", **more}))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: cannot write a temporary file to ")
    assert line.endswith("make space there, or set TMPDIR to another folder")
