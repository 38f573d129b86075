"""A bad response in any format is one line, and the bookmark stays."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from tests.parsing.test_archive import tarred, zipped
from tests.parsing.test_xlsx import workbook
from tests.support.server import Reply

ROWS = [{"id": str(n), "at": f"2026-0{n}-01T00:00:00Z"} for n in (2, 3)]
BEFORE = "2026-01-01T00:00:00Z"
STATE = {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": BEFORE}}}
SCHEMA = {"properties": {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}
CSV = "".join(f"{','.join(row)}\n" for row in [["id", "at"], *(row.values() for row in ROWS)])
XML = "".join(f"<d><id>{row['id']}</id><at>{row['at']}</at></d>" for row in ROWS)
FILES = {"a.csv": CSV.encode(), "b.csv": b"id,at\n"}
ARCHIVE = {"response_format": "csv", "archive_member": "*.csv"}
#: The settings of each format, and a response in it.
GOOD = {
    "json": ({"records_path": "d"}, json.dumps({"d": ROWS}).encode()),
    "a list": ({}, json.dumps(ROWS).encode()),
    "jsonl": ({"response_format": "jsonl"}, "".join(f"{json.dumps(r)}\n" for r in ROWS).encode()),
    "csv": ({"response_format": "csv"}, CSV.encode()),
    "csv.gz": ({"response_format": "csv"}, gzip.compress(CSV.encode())),
    "xml": ({"response_format": "xml", "records_path": "d"}, f"<r>{XML}</r>".encode()),
    "xlsx": (
        {"response_format": "xlsx"},
        workbook(a=[["id", "at"], *([*row.values()] for row in ROWS)]),
    ),
    "zip": (ARCHIVE, zipped(FILES)),
    "tar": (ARCHIVE, tarred(FILES, "w:")),
    "tar.gz": (ARCHIVE, tarred(FILES)),
    "tar.bz2": (ARCHIVE, tarred(FILES, "w:bz2")),
    "tar.xz": (ARCHIVE, tarred(FILES, "w:xz")),
}
#: Formats whose responses another one reads, too: these are no wrong ones.
ALIKE = [{"csv", "csv.gz"}, {"json", "a list", "jsonl"}, {n for n in GOOD if GOOD[n][0] == ARCHIVE}]
PAGE = b"<!DOCTYPE html>\n<html><body>Sorry<br></body></html>"


def bad_responses(form):
    """Yield responses that are no page of a format, each with what it is and what is said of it."""
    good = GOOD[form][1]
    for other, (_, content) in GOOD.items():
        if other != form and not any({form, other} <= alike for alike in ALIKE):
            yield other, content, "it is no|not UTF-8|not utf-8|values for|matches no file"
    yield "a web page", PAGE, "it is no|it has a DTD"
    yield "a message", b"Sorry, too busy", "it is no|without the column 'at'"
    yield "a word", b"busy", "it is no|without the column 'at'"
    # A cut table may have only whole rows; files may be missing in a cut archive.
    if form != "csv":
        part = good[:2048] if form == "tar" else good[: len(good) * 3 // 4]
        yield "a part", part, "it is no|corrupt|truncated|cannot be read"
    if form.startswith(("json", "a list", "csv", "xml")):
        spoiled = gzip.decompress(good) if form == "csv.gz" else good
        yield "other bytes", spoiled.replace(b"02-01", b"\xff"), "(?i)its bytes are not utf-8"
    closed = {"Content-Length": str(len(good) + 1), "Connection": "close"}
    yield "a cut transfer", Reply(good, headers=closed), "closed before|truncated"
    packed = {"Content-Encoding": "gzip"}
    yield (
        "a cut coding",
        Reply(gzip.compress(good)[:-9], headers=packed),
        "truncated or corrupt response",
    )
    bomb = gzip.compress(b" " * (2**27 + 1))
    yield "a bomb", Reply(bomb, headers=packed), "it unpacks to more than 134,217,728 bytes"


CASES = [(form, *case) for form in GOOD for case in bad_responses(form)]


@pytest.mark.parametrize("form", GOOD)
def test_good_response_of_each_format_is_read(api, tap, form):
    more, content = GOOD[form]
    api.serve("/items", Reply(content))
    stream = {"name": "items", "path": "items", "schema": SCHEMA, "replication_key": "at", **more}
    run = tap.ok(api.config(stream), state=STATE)
    assert run.records() == ROWS
    assert run.bookmark() == ROWS[-1]["at"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]} as {case[0]}")
def test_bad_response_is_one_line_and_the_bookmark_stays(api, tap, case):
    form, _, sent, says = case
    api.serve("/items", sent if isinstance(sent, Reply) else Reply(sent))
    more = GOOD[form][0]
    stream = {"name": "items", "path": "items", "schema": SCHEMA, "replication_key": "at", **more}
    run = tap(api.config(stream), state=STATE)
    assert run.status == 1
    (line,) = run.error_lines
    assert re.match(r"stream 'items'(, page 1: |: paging ended early: )", line)
    assert re.search(says, line), line
    assert not run.records()
    assert not run.states or run.bookmark() == BEFORE
