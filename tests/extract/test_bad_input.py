"""Bad input of each kind: one line that names the stream and the cause; the bookmark stays.

Bombs are in the tests of what unpacks them.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.parsing.test_xlsx import workbook
from tests.support.server import ApiServer, Reply

BOOKMARK = "2025-01-01T00:00:00Z"
STATE = {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": BOOKMARK}}}
SCHEMA = {"properties": {"id": {"type": "string"}, "at": {"type": "string"}}}
ROW = b'{"id": "1", "at": "2026-01-01T00:00:00Z"}'
TABLE = b"id,at\n1,2026-01-01T00:00:00Z\n"
XML = b"<r><i><id>1</id><at>2026-01-01T00:00:00Z</at></i></r>"
ENTITY_BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><i><id>&b;</id></i></r>'


def zipped(content: bytes, name: str = "a.csv") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def tarred(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def of(format_: str, **settings: Any) -> dict[str, Any]:
    return {"response_format": format_, **settings}


ARCHIVE = of("csv", archive_member="*.csv")
# With a bookmark, records_path has matched before, and is a warning by default.
FAILS = {"on_missing_records": "fail"}
GZIP = {"Content-Encoding": "gzip"}
RESPONSES: dict[str, tuple[dict[str, Any], Reply, str]] = {
    "an entity bomb": (of("xml", records_path="i"), Reply(ENTITY_BOMB), "DTD"),
    "cut JSON": ({}, Reply(b"[" + ROW[:-4]), "its status is 200 and it begins with"),
    "cut JSON Lines": (of("jsonl"), Reply(ROW + b"\n" + ROW[:-4]), "unusable response"),
    "cut CSV": (of("csv"), Reply(TABLE + b"2"), "1 values for 2 columns"),
    "cut XML": (of("xml", records_path="i"), Reply(XML[:-6]), "unusable response"),
    "a cut workbook": (of("xlsx"), Reply(workbook(a=[["id"], [1]])[:-60]), "archive is corrupt"),
    "a cut zip": (ARCHIVE, Reply(zipped(TABLE)[:-30]), "the archive is corrupt"),
    "a cut tar": (ARCHIVE, Reply(tarred(TABLE)[:-20]), "it is a corrupt gzip file"),
    "a cut gzip": ({}, Reply(gzip.compress(b"[" + ROW + b"]")[:-9], headers=GZIP), "corrupt"),
    "a cut response": ({}, Reply(b"[" + ROW, headers={"Content-Length": "999"}), "timed out"),
    "HTML for JSON": ({}, Reply(b"<html>"), "check path and response_format"),
    "HTML for JSON Lines": (of("jsonl"), Reply(b"<html>"), "check path and response_format"),
    "JSON for XML": (of("xml", records_path="i"), Reply(ROW), "unusable response"),
    "JSON for Excel": (of("xlsx"), Reply(ROW), "it is no xlsx file"),
    "JSON for an archive": (ARCHIVE, Reply(ROW), "it is no zip or tar archive"),
    "another charset": (of("csv"), Reply(b"id,at\n\xff,\xfe\n"), "not UTF-8"),
    "another name of a file": (ARCHIVE, Reply(zipped(TABLE, "a.txt")), "matches no file"),
    "another name of a sheet": (of("xlsx", xlsx_sheet="b"), Reply(workbook(a=[["id"]])), "'b'"),
    "another name of a list": (
        {"records_path": "data", **FAILS},
        Reply({"items": []}),
        "did you mean",
    ),
    "another key": ({"primary_keys": ["uid"]}, Reply(b"[" + ROW + b"]"), "'uid'"),
    "another replication key": ({"replication_key": "when"}, Reply(b"[" + ROW + b"]"), "'when'"),
    "columns that do not fit": ({"record_columns": ["id"]}, Reply([["1", "2"]]), "columns"),
    "an error in a GraphQL response": (
        {"graphql": {"query": "{ items { id } }"}, "records_path": "data.items"},
        Reply({"data": {"items": []}, "errors": [{"message": "no such field"}]}),
        "no such field",
    ),
}


def with_job(api: ApiServer, poll: dict[str, Any]) -> dict[str, Any]:
    """Return a stream whose job was created, and says at each poll the same."""
    api.serve("/jobs", {"id": "1"})
    api.serve("/jobs/1", poll)
    ways = {"create": {"path": "jobs"}, "poll": {"path": "jobs/1"}, "status_path": "state"}
    ends = {"done": ["Done"], "failed": ["Failed"], "error_path": "why", "interval": 0.01}
    job = {**ways, **ends, "timeout": 0.05, "download": {"url_path": "url"}}
    return {"job": job, "path": None}


JOBS = {
    "a job that never ends": ({"state": "Running"}, "was still 'Running' after 0.05 seconds"),
    "a job that fails": ({"state": "Failed", "why": "too many rows"}, "too many rows"),
    "another name of a status": ({"status": "Done"}, "job.status_path 'state' finds nothing"),
    "another name of a result": ({"state": "Done", "link": "x"}, "job.download.url_path"),
}


def stream(**changes: Any) -> dict[str, Any]:
    known = {"name": "items", "path": "items", "schema": SCHEMA, "primary_keys": ["id"]}
    return {k: v for k, v in {**known, "replication_key": "at", **changes}.items() if v is not None}


@pytest.fixture
def refuses(api: ApiServer, tap: Any) -> Callable[..., str]:
    """Sync a stream that must fail, and return its error line."""

    def refused(definition: dict[str, Any], **settings: Any) -> str:
        run = tap(api.config(definition, **settings), state=STATE)
        assert run.status == 1
        assert not run.states or run.bookmark() == BOOKMARK
        (line,) = run.error_lines
        assert "Traceback" not in run.errors
        return line

    return refused


@pytest.mark.parametrize("case", RESPONSES)
def test_unusable_response_is_one_line_and_the_bookmark_stays(api, refuses, case):
    changes, reply, said = RESPONSES[case]
    api.serve("/items", reply)
    line = refuses(stream(**changes), timeout=0.5)
    assert "stream 'items'" in line
    assert said in line


@pytest.mark.parametrize("case", JOBS)
def test_job_without_a_result_is_one_line_and_the_bookmark_stays(api, refuses, case):
    poll, said = JOBS[case]
    line = refuses(stream(**with_job(api, poll)))
    assert "stream 'items', export job" in line
    assert said in line


EXCHANGES = {
    "refuses": (Reply({"error": "access_denied"}, 403), "access_denied"),
    "another name": ({"token": "x"}, "set token_exchange.access_token_path"),
    "HTML": (Reply(b"<html>"), "no JSON object"),
}


@pytest.mark.parametrize("case", EXCHANGES)
def test_exchange_without_a_token_is_one_line_and_the_bookmark_stays(api, refuses, case):
    reply, said = EXCHANGES[case]
    api.serve("/exchange", reply)
    line = refuses(stream(), token_exchange={"url": f"{api.url}/exchange"})
    assert said in line
    assert "/exchange" in line
    assert not api.requests("/items")


def test_download_elsewhere_is_one_line_and_the_bookmark_stays(api, other_api, refuses):
    api.serve("/items", Reply(b"", 302, headers={"Location": f"{other_api.url}/file"}))
    line = refuses(stream())
    assert "stream 'items', page 1" in line
    assert "not in allowed_hosts" in line
    assert not other_api.seen
