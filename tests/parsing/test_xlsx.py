"""Sheets of Excel workbooks are read by their rows, or refused with a reason."""

from __future__ import annotations

import io
import sys
import zipfile
from xml.sax.saxutils import escape

import pytest

from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.fields import read as read_settings
from tests.support.server import Reply

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
# The second style of a cell is a date with its time.
STYLES = f"""<styleSheet xmlns="{MAIN}"><fonts><font/></fonts><fills><fill/></fills>
<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>"""
DAY = ("date", 46023.5)  # noon of 2026-01-01


def cell(column, number, value):
    place = f'r="{chr(65 + column)}{number}"'
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c {place} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, tuple):
        return f'<c {place} s="1"><v>{value[1]}</v></c>'
    return f"<c {place}><v>{value}</v></c>"


def sheet(rows):
    made = "".join(
        f'<row r="{n}">{"".join(cell(c, n, value) for c, value in enumerate(row))}</row>'
        for n, row in enumerate(rows, 1)
    )
    return f'<worksheet xmlns="{MAIN}"><sheetData>{made}</sheetData></worksheet>'


def workbook(**sheets):
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    named = [(f'name="{name}" sheetId="{n}" r:id="r{n}"') for n, name in enumerate(sheets, 1)]
    files = {
        "[Content_Types].xml": f"""<Types
xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="{kind}.worksheet+xml"/></Types>""",
        "_rels/.rels": f"""<Relationships xmlns="{PACKAGE}"><Relationship Id="r1"
Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
        "xl/workbook.xml": f"""<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>
{"".join(f"<sheet {one}/>" for one in named)}</sheets></workbook>""",
        "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{PACKAGE}">
<Relationship Id="r0" Type="{OFFICE}/styles" Target="styles.xml"/>"""
        + "".join(
            f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        + "</Relationships>",
        "xl/styles.xml": STYLES,
    }
    files |= {f"xl/worksheets/s{n}.xml": sheet(rows) for n, rows in enumerate(sheets.values(), 1)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


NAMES = ["id", "name", "amount", "at", "ok"]
ROWS = [[1, "Zoë & Co", 10.25, DAY, True], [2, None, 7, None, False]]
RECORDS = [
    {"id": 1, "name": "Zoë & Co", "amount": 10.25, "at": "2026-01-01T12:00:00", "ok": True},
    {"id": 2, "name": None, "amount": 7, "at": None, "ok": False},
]
STREAM = {"name": "items", "path": "items", "response_format": "xlsx"}
SCHEMA = {"schema": {"properties": {name: {} for name in NAMES}}}
books = {
    "the first sheet": ({}, workbook(a=[NAMES, *ROWS], b=[["x"], [1]])),
    "a named sheet": ({"xlsx_sheet": "b"}, workbook(a=[["x"], [1]], b=[NAMES, *ROWS])),
    "rows before the names": ({"xlsx_skip_rows": 2}, workbook(a=[["Report"], [], NAMES, *ROWS])),
    "rows that are empty": ({}, workbook(a=[NAMES, ROWS[0], [], ROWS[1], []])),
    "many rows": ({}, workbook(a=[NAMES, *ROWS * 1500])),
}


@pytest.mark.parametrize("schema", [{}, SCHEMA])
@pytest.mark.parametrize(("raw", "content"), books.values(), ids=books)
def test_rows_are_records(api, tap, raw, content, schema):
    api.serve("/items", Reply(content))
    records = tap.ok(api.config(STREAM | raw | schema)).records()
    assert [{**one, "amount": float(one["amount"])} for one in records[:2]] == RECORDS
    assert len(records) == (3000 if raw == {} and len(content) > 10_000 else 2)


def test_column_without_a_name_is_there_where_it_has_a_value(api, tap):
    rows = [["id", None, "id", None], [1, "x", 2, None], [3, None, 4, None]]
    api.serve("/items", Reply(workbook(a=rows)))
    assert tap.ok(api.config(STREAM)).records() == [
        {"id": 1, "column_2": "x", "id_2": 2},
        {"id": 3, "id_2": 4},
    ]


def test_workbooks_of_an_archive_are_read(api, tap):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("b.xlsx", workbook(a=[["id"], [2]]))
        archive.writestr("a.xlsx", workbook(a=[["id"], [1]]))
    api.serve("/items", Reply(made.getvalue()))
    assert tap.ok(api.config(STREAM | {"archive_member": "*.xlsx"})).ids() == [1, 2]


def bomb():
    made = io.BytesIO(workbook(a=[["id"], [1]]))
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b" " * 2**28)
    return made.getvalue()


bad = {
    "a bomb": (bomb, {}, "it unpacks to more than 134,217,728 bytes; is it a bomb?"),
    "a cut workbook": (lambda: workbook(a=[["id"], [1]])[:-60], {}, "the archive is corrupt"),
    "another format": (lambda: b"id\n1\n", {}, "it is no xlsx file"),
    "no workbook": (lambda: _zip_of("a.txt"), {}, "it is no readable xlsx file"),
    "another sheet": (lambda: workbook(a=[["id"]]), {"xlsx_sheet": "A"},
                      "xlsx_sheet 'A' is not in it; it has ['a']"),
    "nothing": (lambda: b"", {}, "an empty body is not XLSX"),
}  # fmt: skip


def _zip_of(name):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "")
    return made.getvalue()


@pytest.mark.parametrize(("content", "raw", "says"), bad.values(), ids=bad)
def test_workbook_that_cannot_be_read_is_one_line_and_the_bookmark_stays(
    api, tap, content, raw, says
):
    api.serve("/items", Reply(content()))
    bookmark = {"replication_key": "id", "replication_key_value": 0}
    schema = {"schema": {"properties": {"id": {"type": "integer"}}}, "replication_key": "id"}
    config = api.config(STREAM | schema | {"initial_value": 0} | raw)
    run = tap(config, state={"bookmarks": {"items": bookmark}})
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: ")
    assert says in line
    assert not run.states or run.bookmark() == 0


def test_missing_package_is_an_error_that_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    collector = ErrorCollector()
    read_settings(RecordSettings, {"response_format": "xlsx"}, collector)
    (line,) = collector.errors
    assert line.endswith("run pip install 'tap-oauth2-generic[xlsx]'")
