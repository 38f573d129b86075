"""The files of an archive are read in order of their names, or refused with a reason."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile

import pytest

from tests.support.server import Reply

STREAM = {"name": "items", "path": "items", "schema": {"properties": {"id": {"type": "string"}}}}


def zipped(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def tarred(files, mode="w:gz"):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def damaged(content):
    place = content.index(b"a.csv") + len("a.csv")
    return content[:place] + b"\xff" + content[place + 1 :]


PACK = {
    "zip": zipped,
    "tar": lambda files: tarred(files, "w:"),
    "tar.gz": tarred,
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
}


def serve(api, content):
    api.serve("/items", Reply(content, headers={"Content-Type": "application/octet-stream"}))


def files_of(format_):
    write = {
        "csv": lambda ids: "id\n" + "".join(f"{one}\n" for one in ids),
        "jsonl": lambda ids: "".join(json.dumps({"id": one}) + "\n" for one in ids),
        "json": lambda ids: json.dumps({"d": [{"id": one} for one in ids]}),
        "xml": lambda ids: f"<r>{''.join(f'<d><id>{one}</id></d>' for one in ids)}</r>",
    }[format_]
    return {
        f"out/b.{format_}": write(["3", "4"]).encode(),
        "readme.txt": b"about",
        f"out/a.{format_}": write(["1", "2"]).encode(),
        f"out/c.{format_}.gz": gzip.compress(write(["5"]).encode()),
        f"out/d.{format_}.bz2": bz2.compress(write(["6"]).encode()),
        f"out/e.{format_}.xz": lzma.compress(write(["7"]).encode()),
    }


@pytest.mark.parametrize("path", ["bare", "json path"])
@pytest.mark.parametrize("format_", ["csv", "jsonl", "json", "xml"])
@pytest.mark.parametrize("kind", PACK)
def test_files_are_read_in_order_of_their_names(api, tap, kind, format_, path):
    serve(api, PACK[kind](files_of(format_)))
    where = "d" if format_ in {"json", "xml"} else "$"
    where = where if path == "bare" else f"$.{where}[*]" if where == "d" else "$[*]"
    stream = STREAM | {"response_format": format_, "records_path": where}
    run = tap.ok(api.config(stream | {"archive_member": f"*.{format_}*"}))
    assert run.ids() == [*"1234567"]


def test_large_file_is_read_line_by_line(api, tap):
    rows = "".join(f"{n};{'x' * 200}\r\n" for n in range(60_000))
    serve(api, zipped({"a.csv": f"sep=;\r\n# about\r\nid;x\r\n{rows}"}))
    table = {"response_format": "csv", "archive_member": "a.csv", "csv_skip_lines": 1}
    run = tap.ok(api.config(STREAM | table))
    assert run.ids() == [str(n) for n in range(60_000)]


def test_no_body_means_no_records(api, tap):
    api.serve("/items", Reply(b"", 204))
    assert not tap.ok(api.config(STREAM | {"archive_member": "*"})).records()


CSV = {"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"}
STATED = {"bookmarks": {"items": {"replication_key": "id", "replication_key_value": "0"}}}
bad = {
    "a bomb": (zipped({"a.csv": b"id\n" + b"0" * 2**28}), "it unpacks to more than 134,217,728"),
    "a tar bomb": (tarred({"a.csv": b"id\n" + b"0" * 2**28}), "it unpacks to more than"),
    "a bzip2 bomb": (bz2.compress(b"0" * (2**27 + 1)), "it unpacks to more than"),
    "an xz bomb": (lzma.compress(b"0" * (2**27 + 1), preset=0), "it unpacks to more than"),
    "a cut bzip2": (tarred(CSV, "w:bz2")[:-20], "it is a corrupt bzip2 file"),
    "a cut xz": (tarred(CSV, "w:xz")[:-20], "it is a corrupt xz file"),
    "a changed xz": (lzma.compress(b"x" * 99)[:12] + b"x" * 80, "it is a corrupt xz file"),
    "a cut zip": (zipped(CSV)[:-40], "the archive is corrupt or cannot be read"),
    "a cut tar": (tarred(CSV)[:-20], "it is a corrupt gzip file"),
    "a changed zip": (damaged(zipped(CSV)), "the archive is corrupt or cannot be read"),
    "another format": (b'{"error": 1}', "it is no zip or tar archive"),
    "nothing": (b"", "an empty body is not CSV"),
    "another name": (zipped({"a.txt": b"", "x/b.txt": b""}),
                     "archive_member '*.csv' matches no file; it has a.txt, x/b.txt"),
    "no files": (zipped({}), "archive_member '*.csv' matches no file; it has no files"),
    "a bad file": (zipped({"a.csv": b"id\n1\n", "b.csv": b"id\n1,2\n"}),
                   "'b.csv' in the archive: row 2 has 2 values for 1 columns"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "says"), bad.values(), ids=bad)
def test_archive_that_cannot_be_read_is_one_line_and_the_bookmark_stays(api, tap, content, says):
    serve(api, content)
    stream = STREAM | {"response_format": "csv", "archive_member": "*.csv"}
    run = tap(api.config(stream | {"replication_key": "id"}), state=STATED)
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: ")
    assert says in line
    assert not run.states or run.bookmark() == "0"


def test_path_that_matches_nothing_in_a_file_is_an_error(api, tap):
    serve(api, zipped({"a.json": b'{"d": []}', "b.json": b'{"e": [1]}'}))
    run = tap(api.config(STREAM | {"records_path": "d", "archive_member": "*"}))
    assert run.status == 1
    assert "'b.json' in the archive: records_path 'd' matched nothing" in run.error_lines[0]
