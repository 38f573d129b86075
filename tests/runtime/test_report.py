"""The run report: what it says of every kind of end, and how its file is written."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import threading
from pathlib import Path

import jsonschema
import pytest

from tap_oauth2_generic.cli.boundary import run_cleanly
from tap_oauth2_generic.runtime.report import REPORT
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tests.support.commands import PROGRAM, error_lines, run_program, send_signal, write_config
from tests.support.progress_lines import PAGED, lines, page, summary
from tests.support.server import Reply

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reference" / "run-report.schema.json"
FORMAT = json.loads(SCHEMA_FILE.read_text())
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
ROWS = [{"id": number, "at": f"2026-01-0{number}"} for number in range(1, 5)]
TOKEN = "tok-7f3a91c2d4"
SECRET = "s3cr3t-client-value"
OLD = '{\n  "tap": "tap-oauth2-generic"\n}\n'


def stream(name, **settings):
    fixed = {"name": name, "path": name, "schema": SCHEMA, "replication_key": "at"}
    return {**fixed, "primary_keys": ["id"], **settings}


def bookmark_of(name):
    """Return a state in which a stream has a bookmark."""
    entry = {"replication_key": "at", "replication_key_value": "2025-01-01"}
    return {"bookmarks": {name: entry}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "report.json"


@pytest.fixture
def report(path):
    """A function that returns the report, valid by its schema and alone in its folder."""

    def read(*streams):
        found = json.loads(path.read_text())
        jsonschema.validate(found, FORMAT)
        assert not list(path.parent.glob(".*.tmp"))
        if streams:
            by_name = {one["name"]: one for one in found["streams"]}
            return [by_name[name] for name in streams]
        return found

    return read


@pytest.fixture
def start(api, tmp_path, path):
    """Start a sync as a process; it is killed with the test."""
    started = []

    def popen(*streams, stdout=subprocess.PIPE, **settings):
        config = write_config(tmp_path, api.config(*streams, run_report=str(path), **settings))
        command = [*PROGRAM, "--config", config]
        started.append(subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE))
        return started[-1]

    yield popen
    for process in started:
        process.kill()
        process.communicate()


def statuses(found):
    return {one["name"]: one["status"] for one in found["streams"]}


def test_report_of_a_successful_run(api, tap, path, report):
    api.serve("/items", ROWS)
    before = {
        "bookmarks": {"items": {"replication_key": "at", "replication_key_value": "2025-01-01"}}
    }
    tap.ok(api.config(stream("items"), run_report=str(path)), state=before)
    found = report()
    assert (found["tap"], found["status"], found["exit_status"]) == (
        "tap-oauth2-generic", "success", 0,
    )  # fmt: skip
    assert found["connection"].startswith(f"{api.url}/token")
    assert found["started_at"] < found["ended_at"]
    assert found["requests"] == 1
    assert found["streams"] == [
        {
            "name": "items",
            "status": "success",
            "records": 4,
            "pages": 1,
            "requests": 1,
            "retries": 0,
            "waits": {},
            "contexts": 1,
            "failed_contexts": 0,
            "bookmark_before": "2025-01-01",
            "bookmark_after": "2026-01-04",
            "paging_ended": {"no pagination is configured": 1},
            "warnings": [],
            "errors": [],
        }
    ]


def test_numbers_equal_the_summary_line(api, tap, path, report):
    """Waits by reason and requests with their retries are those of the log."""
    limited = Reply({}, 429, {"Retry-After": "0.3"})
    api.serve("/items", page(1, 3), Reply({}, 503, {"Retry-After": "0.2"}), page(2, 3), limited,
              page(3, 3))  # fmt: skip
    config = api.config({**PAGED, "replication_key": "at"}, run_report=str(path), max_retries=2)
    line = summary(tap.ok(config))
    (items,) = report("items")
    waits = ", ".join(f"{seconds:.1f} s ({reason})" for reason, seconds in items["waits"].items())
    assert line == (
        f"{items['records']} records on {items['pages']} pages; {items['requests']} requests, "
        f"{items['retries']} retries; waited {waits}; bookmark {items['bookmark_after']}; "
        "paging ended: no next page"
    )
    assert set(items["waits"]) == {"retry", "rate limit"}
    assert report()["requests"] == items["requests"] == len(api.requests("/items")) == 5


def test_status_of_each_stream(api, tap, path, report):
    """A cut read is incomplete, a failed one failed; without a parent's record all was read."""
    api.serve("/whole", ROWS)
    api.serve("/cut", page(1, 3), page(2, 3))
    api.serve("/bad", Reply({"message": "no"}, 403))
    api.serve("/childless", [])
    cut = {**PAGED, "name": "cut", "path": "cut"}
    cut["pagination"] = {**PAGED["pagination"], "max_pages": 1}
    of_bad = stream("of_bad", parent={"stream": "bad", "keys": {"p": "id"}})
    of_none = stream("of_none", parent={"stream": "childless", "keys": {"p": "id"}})
    off = stream("off", selected=False)
    streams = [stream("whole"), cut, stream("bad"), of_bad, stream("childless"), of_none, off]
    run = tap(api.config(*streams, run_report=str(path)))
    found = report()
    assert (found["status"], found["exit_status"]) == ("failed", 1) == ("failed", run.status)
    assert statuses(found) == {
        "whole": "success",
        "cut": "incomplete",
        "bad": "failed",
        "of_bad": "skipped",
        "childless": "success",
        "of_none": "success",
    }
    bad, cut = report("bad", "cut")
    assert bad["errors"] == run.error_lines
    assert (bad["contexts"], bad["failed_contexts"]) == (1, 1)
    assert any("paging ended early" in line for line in cut["warnings"])


def test_failed_partitions_are_counted(api, tap, path, report):
    """The bookmarks are those of the partition that is behind, which another run reads."""
    for name in "abcd":
        api.serve(f"/{name}", Reply({}, 500) if name == "b" else ROWS[: ord(name) - 96])
    items = stream("items", path="{partition.k}", partitions={"k": ["a", "b", "c", "d"]})
    was = [
        {"context": {"k": k}, "replication_key": "at", "replication_key_value": f"2025-0{n}-01"}
        for n, k in enumerate("abcd", 1)
    ]
    config = api.config(items, run_report=str(path), max_retries=0)
    run = tap(config, state={"bookmarks": {"items": {"partitions": was}}})
    (items,) = report("items")
    assert (items["contexts"], items["failed_contexts"]) == (4, 1)
    assert items["errors"] == run.error_lines
    assert (items["bookmark_before"], items["bookmark_after"]) == ("2025-02-01",) * 2
    assert items["paging_ended"] == {"no pagination is configured": 3}


def test_parent_of_a_failed_child_is_incomplete(api, tap, path, report):
    api.serve("/parents", ROWS)
    api.routes |= {f"/c/{n}": lambda _: [{"id": 1, "at": "2026-01-01"}] for n in (1, 3, 4)}
    child = stream("children", path="c/{parent.p}")
    child["parent"] = {"stream": "parents", "keys": {"p": "id"}}
    tap(api.config(stream("parents"), child, run_report=str(path)))
    parents, children = report("parents", "children")
    assert (parents["status"], parents["bookmark_after"]) == ("incomplete", None)
    assert (children["status"], children["failed_contexts"]) == ("failed", 1)


#: Failures of the connection and others that end the run, each with what it changes.
FATAL = {
    "no token": {"access_token_url": "{url}/none"},
    "unknown host": {"base_url": "https://no-such-host.invalid"},
    "closed port": {"base_url": "http://127.0.0.1:9"},
    "TLS": {"base_url": "https{rest}"},
    "proxy": {"proxy": "http://127.0.0.1:9"},
    "fail": {"on_error": "fail"},
}


@pytest.mark.parametrize("is_inferred", [False, True])
@pytest.mark.parametrize("kind", FATAL)
def test_failure_that_ends_the_run(api, tap, path, report, kind, is_inferred):
    """The stream that met it has the error, also before the sync; the others are skipped."""
    api.serve("/a", Reply({}, 403))
    parts = {"url": api.url, "rest": api.url.removeprefix("http")}
    changes = {name: value.format(**parts) for name, value in FATAL[kind].items()}
    streams = [stream(name, schema=None if is_inferred else SCHEMA) for name in "ab"]
    config = {**api.config(*streams, run_report=str(path), max_retries=0), **changes}
    run = tap(config)
    assert statuses(report()) == {"a": "failed", "b": "skipped"}
    assert report("a")[0]["errors"] == run.error_lines
    assert (report()["status"], report()["exit_status"], run.status) == ("failed", 1, 1)
    assert not api.requests("/b")


@pytest.mark.parametrize("option", ["state", "catalog"])
def test_unusable_file_is_reported(api, tap, path, report, option):
    """The configuration is read first, and with it where the report goes."""
    run = tap(api.config(stream("a"), run_report=str(path)), **{option: "{"})
    assert (run.status, report()["status"]) == (1, "failed")
    assert statuses(report()) == {"a": "skipped"}
    assert not api.seen


def test_skipped_stream_keeps_its_bookmark(api, tap, path, report):
    api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    tap(api.config(stream("a"), stream("b"), run_report=str(path)), state=bookmark_of("b"))
    (skipped,) = report("b")
    assert (skipped["bookmark_before"], skipped["bookmark_after"]) == ("2025-01-01",) * 2


@pytest.mark.parametrize("times", [1, 2, 9])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_is_reported(api, start, report, signum, times):
    """Also a repeated one, which waits for nothing; further ones do not stop the report."""
    reached, opened = threading.Event(), threading.Event()

    def hold(_):
        reached.set()
        opened.wait(30)
        return []

    api.serve("/first", ROWS)
    api.routes["/held"] = hold
    process = start(stream("first"), stream("held"), stream("later"), max_in_flight=1)
    assert reached.wait(30)
    send_signal(process, signum, times=times)
    errors = process.communicate(timeout=30)[1].decode()
    opened.set()
    assert process.returncode == 1
    assert len(error_lines(errors)) == 1
    assert "Traceback" not in errors
    assert (report()["status"], report()["exit_status"]) == ("interrupted", 1)
    assert statuses(report()) == {"first": "success", "held": "incomplete", "later": "skipped"}
    assert report("first")[0]["bookmark_after"] == "2026-01-04"
    for one in report("first", "held", "later"):
        (line,) = lines(errors, f"stream {one['name']!r}: {one['records']} records on")
        assert f"; {one['requests']} request" in line


def test_signal_after_the_end_changes_nothing(path):
    """How the run ended is decided by then, and reported."""

    def make(status, exit_status):
        for _ in range(3):
            uninterrupted.handle(signal.SIGTERM)
        return {"status": status, "exit_status": exit_status}

    uninterrupted.begin_run()
    assert run_cleanly(lambda: REPORT.begin(str(path), make)) == 0
    assert json.loads(path.read_text()) == {"status": "success", "exit_status": 0}


def many(api, start, **options):
    """Start a run that writes more than a pipe holds."""
    api.serve("/many", [{"id": number, "at": "x" * 1000} for number in range(5000)])
    return start(stream("many", replication_key=None), stream("later"), **options)


def test_closed_stdout_is_reported(api, start, report):
    process = many(api, start)
    process.stdout.close()
    process.stdout = None
    process.communicate(timeout=60)
    assert (report()["status"], report()["exit_status"], process.returncode) == ("failed", 1, 1)
    assert statuses(report()) == {"many": "failed", "later": "skipped"}
    assert "stdout was closed" in report("many")[0]["errors"][0]


def test_full_disk_of_the_output_is_reported(api, start, report):
    with Path("/dev/full").open("w") as full:
        process = many(api, start, stdout=full)
        process.communicate(timeout=60)
    assert (report()["status"], report()["exit_status"], process.returncode) == ("failed", 1, 1)
    assert "No space left" in report("many")[0]["errors"][0]


def test_unexpected_error_is_reported(api, tap, path, report, monkeypatch):
    """A bug of a library, here of requests, ends in a report as well."""
    api.serve("/a", ROWS)
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", lambda *_, **__: 1 / 0)
    run = tap(api.config(stream("a"), run_report=str(path), access_token=TOKEN))
    assert run.status == 1
    assert report()["status"] == "failed"
    assert "ZeroDivisionError" in report("a")[0]["errors"][0]


def test_configuration_error_writes_no_report(api, tap, path):
    assert tap(api.config(stream("a", path=None), run_report=str(path))).status == 1
    assert not path.exists()


@pytest.mark.parametrize("encoding", ["RECORD", "BATCH"])
def test_records_are_counted_in_files_as_well(api, tap, path, tmp_path, report, encoding):
    api.serve("/a", ROWS)
    batch = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": (tmp_path / "files").as_uri()},
    }
    settings = {"batch_config": batch} if encoding == "BATCH" else {}
    run = tap.ok(api.config(stream("a"), run_report=str(path), **settings))
    assert encoding in {message["type"] for message in run.messages}
    assert report("a")[0]["records"] == 4


@pytest.mark.parametrize("option", ["--discover", "--test"])
def test_only_a_sync_writes_a_report(api, tap, path, option):
    api.serve("/a", ROWS)
    tap.ok(api.config(stream("a"), run_report=str(path)), option)
    assert not path.exists()


@pytest.mark.parametrize("place", ["none/report.json", "", "\0", "/dev/null", "x" * 300])
def test_impossible_path_fails_before_any_request(api, tap, tmp_path, place):
    """Also one of no regular file, which would be replaced."""
    run = tap(api.config(stream("a"), run_report=str(tmp_path / place)))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert run.error_lines[0].startswith("run_report: ")
    assert not api.seen


@pytest.mark.parametrize("content", ["", OLD, "{}", '{"tap": 1}', "SQLite format 3"])
@pytest.mark.parametrize("is_linked", [False, True])
def test_file_of_something_else_is_not_replaced(api, tap, path, content, is_linked):
    """Such as the configuration or the token store; an empty file may be there for it."""
    api.serve("/a", ROWS)
    path.write_text(content)
    named = path.with_name("link.json") if is_linked else path
    if is_linked:
        named.symlink_to(path)
    run = tap(api.config(stream("a"), run_report=str(named)))
    if content in {"", OLD}:
        assert run.status == 0
        assert json.loads(path.read_text())["status"] == "success"
    else:
        assert run.error_lines == [
            f"run_report: {str(named)!r} is no file of a report; name another one"
        ]
        assert path.read_text() == content
        assert not api.seen


def test_report_that_cannot_be_written_fails_the_run(api, tap, tmp_path):
    """The records and their STATE are sent all the same."""
    folder = tmp_path / "reports"
    folder.mkdir()

    def respond(_):
        folder.rmdir()
        return ROWS

    api.routes["/a"] = respond
    run = tap(api.config(stream("a"), run_report=str(folder / "report.json")))
    assert run.status == 1
    assert [line.split(":")[0] for line in run.error_lines] == ["run_report"]
    assert run.bookmark("a") == "2026-01-04"
    assert run.ids("a") == [1, 2, 3, 4]


def test_full_disk_keeps_the_report_of_the_run_before(api, tmp_path, path):
    """A limit on the size of files fails the write in its middle."""
    api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    path.write_text(OLD)
    config = api.config(*(stream(f"s{n}") for n in range(400)), run_report=str(path))
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731
    done = run_program("--config", write_config(tmp_path, config), preexec_fn=limit)
    assert done.returncode == 1
    unwritten, failure = error_lines(done.stderr)
    assert "File too large" in unwritten
    assert "token endpoint" in failure
    assert path.read_text() == OLD
    assert not list(tmp_path.glob(".*.tmp"))


def test_report_replaces_the_one_before_with_the_usual_mode(api, tap, path, report):
    """A link to it stays a link."""
    api.serve("/a", ROWS)
    path.write_text(OLD)
    path.chmod(0o600)
    link = path.with_name("link.json")
    link.symlink_to(path)
    umask = os.umask(0o022)
    try:
        tap.ok(api.config(stream("a"), run_report=str(link)))
    finally:
        os.umask(umask)
    assert report()["status"] == "success"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o644


def test_failed_run_keeps_secrets_out_of_its_report(api, tap, path, report):
    """Also in a response that repeats them, in what ended paging, and in a context."""
    api.serve("/a", Reply({"message": f"bad token {TOKEN} of {SECRET}"}, 403))
    api.serve("/b", Reply({"error": f"busy {SECRET}"}))
    parts = stream("c", path="a", partitions=[{"k": SECRET}])
    config = api.config(stream("a"), stream("b"), parts, client_secret=SECRET, run_report=str(path))
    api.token = lambda _: {"access_token": TOKEN, "expires_in": 3600}
    assert tap(config).status == 1
    assert report()["status"] == "failed"
    assert "***" in path.read_text()
    assert not re.search(f"{TOKEN}|{SECRET}", path.read_text())


def test_lines_of_a_stream_are_limited_to_the_last_hundred(api, tap, path, report):
    keys = [f"k{number:03}" for number in range(240)]
    for number, key in enumerate(keys):
        api.serve(f"/{key}", Reply({}, 403) if number % 2 else ROWS)
    items = stream("items", path="{partition.k}", partitions={"k": keys})
    tap(api.config(items, run_report=str(path)))
    (items,) = report("items")
    assert items["failed_contexts"] == 120
    assert len(items["errors"]) == 100
    assert "(k=k239)" in items["errors"][-1]


def test_each_program_of_a_pipeline_reports(api, tmp_path, path, report):
    """A relative path counts from the working directory."""
    api.serve("/a", ROWS)
    config = write_config(tmp_path, api.config(stream("a"), run_report="report.json"))
    assert run_program("--config", config, cwd=tmp_path).returncode == 0
    assert report()["status"] == "success"
