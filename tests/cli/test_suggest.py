"""Suggested definitions: pasted as printed, they read every row of each API once."""

from __future__ import annotations

import gzip
import json
import sys

import pytest

from tap_oauth2_generic.__main__ import run as run_tap
from tests.cli.shapes import SHAPES, Call
from tests.parsing.test_archive import tarred, zipped
from tests.parsing.test_xlsx import workbook
from tests.support.commands import run_program, write_config
from tests.support.server import Reply

ROWS = [{"id": n, "name": f"row {n}"} for n in range(45)]
XML = b"<r><orders><order><id>1</id></order><order><id>2</id></order></orders></r>"
SOME = [{"id": 1, "x": "a"}, {"id": 2, "x": "a"}]


@pytest.fixture
def suggest(tmp_path, capfdbinary):
    """A function that runs preview --suggest and returns the parsed report of each stream."""

    def run(config, *options):
        path = write_config(tmp_path, config)
        capfdbinary.readouterr()
        run_tap(["preview", "--config", path, "--suggest", "--json", *options])
        output, errors = capfdbinary.readouterr()
        assert output, errors.decode()
        return json.loads(output)

    return run


def ids_in(records):
    """Return the id of each row, wherever its record has it."""
    found = []
    for record in records:
        inner = (record.get(name) for name in ("attributes", "resource", "_source"))
        row = next((member for member in inner if member), record)
        found.append(row["id"])
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_pasted_suggestion_reads_every_row_once(api, suggest, tap, name):
    shape = SHAPES[name]
    rows = [{"id": n, "name": f"row {n}"} for n in range(shape.count)]
    api.routes["/items"] = lambda seen: shape.respond(Call(rows, seen, api.url))
    bare = {"name": "items", "path": "items", **shape.settings}
    (told,) = suggest(api.config(bare))
    suggestion = told["suggestion"]
    if shape.unsure:
        assert any(shape.unsure in remark for remark in suggestion["remarks"]), suggestion
        return
    assert any("second page" in remark for remark in suggestion["remarks"]), suggestion
    run = tap.ok(api.config(suggestion["stream"]))
    assert ids_in(run.records()) == [row["id"] for row in rows], suggestion
    assert not [line for line in run.warnings if "paging" in line]


@pytest.mark.parametrize(
    ("rows", "keys"),
    [
        ([{"line": 1, "sku": "a"}, {"line": 2, "sku": "a"}], ["order", "line"]),
        (
            [{"sku": "a", "line_number": 1}, {"sku": "b", "line_number": 2}],
            ["order", "line_number"],
        ),
        ([{"id": 1, "line": 1}, {"id": 2, "line": 2}], ["order", "id"]),
        ([{"sku": "a", "amount": 1}, {"sku": "b", "amount": 2}], None),
        ([{"line": 1}], None),
    ],
)
def test_child_that_is_numbered_within_its_parent_has_a_composite_key(
    api, suggest, tap, rows, keys
):
    """The keys of the parent and the position; of a single row nothing shows that it is one."""
    api.serve("/orders", [{"id": 1}, {"id": 2}])
    for number in (1, 2):
        api.serve(f"/orders/{number}/lines", rows)
    child = {"name": "lines", "path": "orders/{parent.order}/lines"}
    child["parent"] = {"stream": "orders", "keys": {"order": "id"}}
    told, run = pasted(api, suggest, tap, {"name": "orders", "path": "orders"}, child)
    assert told[1]["stream"].get("primary_keys") == keys
    assert len(run.records("lines")) == 2 * len(rows)


UNSURE = "no primary_keys, so each run appends its rows; set them if "


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"no": "a"}, {"no": "b"}], "'no', unique in 2 records, is the key"),
        ([{"x": 1, "no": "a"}, {"x": 1, "no": "b"}], "'no', unique in 2 records, is the key"),
        ([{"x": 1}, {"x": 1}], "there is a key"),
        ([{"no": "a"}], "there is a key"),
        ([{"id": 1}, {"id": 2}], None),
        ([], None),
    ],
)
def test_stream_without_a_sure_key_says_what_follows(api, suggest, rows, said):
    """A loader would merge the rows that a wrong key makes equal, and append them without one."""
    api.serve("/items", rows)
    (told,) = suggest(api.config({"name": "items", "path": "items"}))
    remarks = [one for one in told["suggestion"]["remarks"] if "primary_keys" in one]
    assert remarks == ([UNSURE + said] if said else [])
    own = {"name": "items", "path": "items", "primary_keys": ["x"]}
    (told,) = suggest(api.config(own))
    assert "primary_keys" not in " ".join(told["suggestion"]["remarks"])


def pasted(api, suggest, tap, *streams):
    """Suggest, paste and sync; return the suggestions and the run."""
    told = [one["suggestion"] for one in suggest(api.config(*streams))]
    return told, tap.ok(api.config(*(one["stream"] for one in told)))


@pytest.mark.parametrize(
    "name",
    [
        "spring_short",
        "stripe",
        "drf_page_number",
        "jira_data_center",
        "github_rest",
        "slack",
        "notion",
        "linear",
        "cursor_in_header",
    ],
)
@pytest.mark.parametrize("count", [0, 1, 7])
def test_definition_that_is_right_is_left_as_it_is(api, suggest, name, count):
    """A definition that reads every page keeps each of its settings, also while one page is all."""
    shape = SHAPES[name]
    rows = ROWS
    api.routes["/items"] = lambda seen: shape.respond(Call(rows, seen, api.url))
    bare = {"name": "items", "path": "items", **shape.settings}
    right = suggest(api.config(bare))[0]["suggestion"]["stream"]
    assert "pagination" in right
    rows = ROWS[:count]
    for extra in ({}, {"keep": [{"path": "id", "in": [*range(45)]}], "max_pages": 9}):
        paging = right["pagination"] | {k: v for k, v in extra.items() if k == "max_pages"}
        definition = {**right, "pagination": paging, "headers": {"Accept": "application/json"}}
        definition |= {k: v for k, v in extra.items() if k != "max_pages"}
        assert suggest(api.config(definition))[0]["suggestion"]["stream"] == definition


@pytest.mark.parametrize("size", [{"page_size_param": "limit", "page_size": 10}, {}])
def test_wrong_pagination_is_replaced_and_its_page_size_kept(api, suggest, tap, size):
    shape = SHAPES["jira_data_center"] if not size else SHAPES["box_offset"]
    api.routes["/items"] = lambda seen: shape.respond(Call(ROWS, seen, api.url))
    wrong = {"style": "page_number", **size}
    definition = {"pagination": wrong, "path": "items", "name": "items", "headers": {"X-A": "1"}}
    (told,), run = pasted(api, suggest, tap, definition)
    assert told["stream"]["pagination"]["style"] == "offset"
    assert size.items() <= told["stream"]["pagination"].items()
    assert list(told["stream"])[:4] == ["pagination", "path", "name", "headers"]
    assert run.ids() == [row["id"] for row in ROWS]


def test_all_rows_on_one_page_are_asked_for_in_smaller_ones(api, suggest, tap):
    """Where everything fits on the first page, a size parameter shows how the API goes on."""
    rows = ROWS[:7]
    shape = SHAPES["drf_limit_offset"]
    api.routes["/items"] = lambda seen: shape.respond(Call(rows, seen, api.url))
    (told,), _ = pasted(api, suggest, tap, {"name": "items", "path": "items"})
    assert told["stream"]["pagination"] == {"style": "next_url", "next_url_path": "next"}
    rows = ROWS
    assert tap.ok(api.config(told["stream"])).ids() == [row["id"] for row in ROWS]


@pytest.mark.parametrize(
    ("body", "pagination"),
    [
        ({"rows": SOME, "next": None}, {"style": "next_url", "next_url_path": "next"}),
        (
            {"rows": SOME, "links": {"next": None}},
            {"style": "next_url", "next_url_path": "links.next"},
        ),
        (
            {"rows": SOME, "meta": {"next_cursor": ""}},
            {"style": "cursor", "cursor_path": "meta.next_cursor", "cursor_param": "cursor"},
        ),
        (
            {"rows": SOME, "offset": 0, "limit": 20},
            {"style": "offset", "offset_param": "offset"},
        ),
        (
            {"rows": SOME, "page": 0, "pages": 1},
            {"style": "page_number", "page_param": "page", "page_start": 0}
            | {"total_pages_path": "pages"},
        ),
    ],
)
def test_paging_of_which_no_page_shows_more_is_suggested_as_unsure(api, suggest, body, pagination):
    api.serve("/items", body)
    (told,) = suggest(api.config({"name": "items", "path": "items"}))
    assert told["suggestion"]["stream"]["pagination"] == pagination
    assert any("unsure of the pagination" in remark for remark in told["suggestion"]["remarks"])


def test_children_are_looked_at_until_one_goes_on(api, suggest, tap):
    """Of five parents only the last has more than one page; bare definitions of both suffice."""
    counts = {1: 2, 2: 0, 3: 2, 4: 1, 5: 45}
    api.serve("/lists", {"data": [{"key": n, "name": f"list {n}"} for n in counts]})

    def answer(number):
        def respond(seen):
            rows = [{"id": n, "title": "x"} for n in range(counts[number])]
            return SHAPES["drf_limit_offset"].respond(Call(rows, seen, f"{api.url}/lists/{number}"))

        return respond

    for number in counts:
        api.routes[f"/lists/{number}/items"] = answer(number)
    child = {"name": "tasks", "path": "lists/{parent.list}/items",
             "parent": {"stream": "lists", "keys": {"list": "key"}}}  # fmt: skip
    told, run = pasted(api, suggest, tap, child, {"name": "lists", "path": "lists"})
    assert [one["stream"]["name"] for one in told] == ["tasks", "lists"]
    assert told[0]["stream"]["pagination"] == {"style": "next_url", "next_url_path": "next"}
    assert told[0]["stream"]["parent"] == child["parent"]
    assert told[0]["stream"]["primary_keys"] == ["list", "id"]
    assert [row["id"] for row in run.records("tasks")] == [
        n for c in counts.values() for n in range(c)
    ]


def test_printed_list_is_complete_and_in_file_order(api, tmp_path):
    """Without --json the definitions are one list, ready to replace the streams."""
    api.serve("/a", {"data": SOME})
    api.serve("/b", SOME)
    streams = [{"name": "z", "path": "a", "selected": False}, {"path": "b", "name": "b"}]
    streams.append({"name": "c", "path": "gone", "primary_keys": ["id"]})
    path = write_config(tmp_path, api.config(*streams))
    done = run_program("preview", "--config", path, "--suggest")
    printed = json.loads(done.stdout.partition("streams to paste:")[2])
    assert printed == [
        {
            "name": "z",
            "path": "a",
            "selected": False,
            "records_path": "data",
            "primary_keys": ["id"],
        },
        {"path": "b", "name": "b", "primary_keys": ["id"]},
        streams[2],
    ]
    done = run_program("preview", "--config", path, "--suggest", "--stream", "b")
    assert json.loads(done.stdout.partition("definition to paste:")[2]) == printed[1]


def test_secret_headers_are_masked_and_the_others_kept(api, suggest):
    api.serve("/items", SOME)
    headers = {"X-Api-Key": "key-of-the-test", "Accept": "text/json", "X-Token": "{token.a}"}
    headers |= {"X-Version": 2, "X-Beta": True, "X-Unset": None}
    api.token = lambda _: {"access_token": "t-of-the-test", "token_type": "Bearer", "a": "bc"}
    (told,) = suggest(api.config({"name": "items", "path": "items", "headers": headers}))
    assert "key-of-the-test" not in json.dumps(told)
    assert told["suggestion"]["stream"]["headers"] == headers | {"X-Api-Key": "***"}
    assert any("put your own values" in remark for remark in told["suggestion"]["remarks"])


@pytest.mark.parametrize(
    ("content", "settings", "count"),
    [
        (SOME, {}, 2),
        ({"id": 1, "name": "one"}, {}, 1),
        ({"id": 1, "lines": SOME}, {}, 1),
        ({"id": 1, "_links": {"self": {"href": "x"}, "next": {"href": "y"}}}, {}, 1),
        ({"data": SOME, "included": {"a": SOME[0], "b": SOME[1]}}, {"records_path": "data"}, 2),
        (
            {"all": {"a": {"net": 1, "tax": 2, "at": [{"n": 1}]}, "b": {"net": 1, "tax": 2}}},
            {"records_path": "all", "records_are_values": True, "records_key_field": "key"},
            2,
        ),
        (
            {"A": {"key": "x", "sku": "A", "net": 1}, "B": {"key": "y", "sku": "B", "net": 2}},
            {"records_are_values": True},
            2,
        ),
        (b'{"id": 1}\n{"id": 2}\n', {"response_format": "jsonl"}, 2),
        (b"id,name\r\n1,one\r\n", {"response_format": "csv"}, 1),
        (gzip.compress(b"id,name\n1,one\n", mtime=0), {"response_format": "csv"}, 1),
        (b"id;name\n1;one,two\n", {"response_format": "csv", "csv_separator": ";"}, 1),
        (XML, {"response_format": "xml", "records_path": "orders.order"}, 2),
        (
            gzip.compress(XML, mtime=0),
            {"response_format": "xml", "records_path": "orders.order"},
            2,
        ),
        (
            XML.decode().encode("utf-16"),
            {"response_format": "xml", "records_path": "orders.order"},
            2,
        ),
        (workbook(a=[["id", "name"], [1, "one"]]), {"response_format": "xlsx"}, 1),
        (
            workbook(a=[["Report", None], [None, None], ["id", "name"], [1, "one"]]),
            {"response_format": "xlsx", "xlsx_skip_rows": 1},
            1,
        ),
        (
            tarred({"a.jsonl.gz": gzip.compress(b'{"id":1}\n{"id":2}', mtime=0), "about.txt": b""}),
            {"archive_member": "*.jsonl.gz", "response_format": "jsonl"},
            2,
        ),
        (
            zipped(
                {"out/a.csv": b"id\tname\n1\tx\n", "out/b.csv": b"id\tname\n2\tx\n", "m.json": b""}
            ),
            {"archive_member": "*.csv", "response_format": "csv", "csv_separator": "\t"},
            2,
        ),
        (
            zipped({"a.json": json.dumps({"d": SOME}).encode()}),
            {"archive_member": "*.json", "records_path": "d"},
            2,
        ),
        (
            tarred({"a": XML}),
            {"archive_member": "a", "response_format": "xml", "records_path": "orders.order"},
            2,
        ),
        (
            zipped({"a.xlsx": workbook(a=[["id"], [1], [2]])}),
            {"archive_member": "*.xlsx", "response_format": "xlsx"},
            2,
        ),
    ],
)
def test_records_and_format_of_a_response(api, suggest, tap, content, settings, count):
    """The suggestion finds format and records, and reads every record."""
    api.serve("/items", Reply(content))
    (told,), run = pasted(api, suggest, tap, {"name": "items", "path": "items"})
    starts = ("rec", "res", "csv", "xlsx", "archive")
    found = {name: value for name, value in told["stream"].items() if name.startswith(starts)}
    assert found == settings
    assert len(run.records()) == count


@pytest.mark.parametrize(
    "content",
    [
        b"<html>no</html>", b"<?xml?><!-- a -->\n<HTML>no</HTML>", b"No, and\nno again",
        b"\x00\xff", b"5", zipped({"a": b"", "b": b""}), zipped({}), zipped({"a.csv": b"x"})[:-9],
    ],
)  # fmt: skip
def test_unknown_format_leaves_the_definition(api, suggest, content):
    api.serve("/items", Reply(content))
    (told,) = suggest(api.config({"name": "items", "path": "items"}))
    assert told["suggestion"]["stream"] == {"name": "items", "path": "items"}
    (remark,) = told["suggestion"]["remarks"]
    assert remark == "unsure of the format: set response_format, or archive_member too"


def test_xml_without_a_list_is_said(api, suggest):
    api.serve("/items", Reply(b"<r><order><id>1</id></order></r>"))
    (told,) = suggest(api.config({"name": "items", "path": "items"}))
    assert told["suggestion"]["stream"]["response_format"] == "xml"
    assert any("no element of the XML came twice" in one for one in told["suggestion"]["remarks"])


def test_excel_without_its_package_is_said(api, suggest, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    api.serve("/items", Reply(workbook(a=[["id"], [1]])))
    (told,) = suggest(api.config({"name": "items", "path": "items"}))
    assert told["suggestion"]["stream"]["response_format"] == "xlsx"
    assert "pip install 'tap-oauth2-generic[xlsx]'" in told["suggestion"]["remarks"][0]


def test_wrong_records_path_is_corrected(api, suggest, tap):
    api.serve("/items", {"data": SOME, "note": "n"})
    stream = {"name": "items", "path": "items", "records_path": "note"}
    (told,), run = pasted(api, suggest, tap, stream)
    assert told["stream"]["records_path"] == "data"
    assert run.ids() == [1, 2]


def test_time_of_the_last_change_becomes_the_replication_key(api, suggest):
    times = {"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-02T00:00:00Z"}
    api.serve("/items", [row | times for row in SOME])
    (told,) = suggest(api.config({"name": "items", "path": "items"}))
    assert told["suggestion"]["stream"]["replication_key"] == "updated_at"
    assert any("incremental.start_param" in remark for remark in told["suggestion"]["remarks"])
