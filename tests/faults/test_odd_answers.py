"""Answers that are large, deep or ambiguous, and those whose end only their bytes can tell."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib

import pytest

from tests.faults.fault_bench import ROWS, STREAM, WAYS
from tests.support.server import Reply

DEEP = b"[" * 200 + b"]" * 200
COMMAND = [sys.executable, "-m", "tap_oauth2_generic"]


def member(text):
    """A fault that puts a member into the first record of a page."""

    def send(good, client):
        made = good.body.replace(b'"id"', text + b', "id"', 1)
        client.send(good.head(length=len(made)) + made)
        return True

    return send


def test_two_hundred_levels_of_nesting_are_read(bench):
    """A record nested 200 levels deep comes out as it is."""
    bench.proxy.fault = member(b'"x": ' + DEEP)
    run = bench.run()
    assert run.status == 0, run.errors
    assert bench.taken[4]["x"] == json.loads(DEEP)


def test_of_keys_that_are_there_twice_the_last_counts(bench):
    """A key that is there twice has one value for records, paging and bookmark: the last."""
    bench.proxy.fault = member(b'"at": "2025-01-01T00:00:00Z", "id": 99')
    run = bench.run()
    assert run.status == 0, run.errors
    assert bench.taken == {row["id"]: row for row in ROWS}
    assert bench.bookmark == ROWS[-1]["at"]


def test_no_content_is_a_page_without_records(bench):
    """A 204 ends the pages as an empty list does, with no warning."""
    bench.proxy.spoils = lambda target: "page=4" in target
    bench.proxy.fault = lambda _, client: client.send(b"HTTP/1.1 204 No Content\r\n\r\n") or True
    run = bench.run()
    assert run.status == 0, run.errors
    assert not run.warnings
    assert bench.taken == {row["id"]: row for row in ROWS}


def test_a_next_link_is_not_missed_in_a_head_that_cannot_be_read(api, proxy, tap):
    """Behind a line that is no header a link may stand: such an answer is not the last page."""

    def send(good, client):
        client.send(good.head(**{"no header\r\nLink": '</items?page=2>; rel="next"'}) + good.body)

    proxy.spoils = lambda _: True
    proxy.fault = send
    stream = {**STREAM, "pagination": {"style": "link_header"}, "params": {"page": 1}}
    run = tap(api.config(stream, base_url=f"http://{proxy.host}"))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: GET ")
    assert "Traceback" not in run.errors
    assert run.bookmark("items") is None


def test_an_answer_that_keeps_flowing_is_not_cut(bench):
    """An answer may take far longer than timeout, as long as it comes at a decent rate."""
    filling = json.dumps("x" * 3000).encode()

    def steadily(good, client):
        made = good.body.replace(b'"id"', b'"x": ' + filling + b', "id"', 1)
        client.send(good.head(length=len(made)))
        client.drip([made[at : at + 100] for at in range(0, len(made), 100)], 0.03)
        return True

    bench.proxy.fault = steadily
    run = bench.run()
    assert run.status == 0, run.errors
    assert not run.warnings
    assert bench.taken[4]["x"] == "x" * 3000


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("fault", ["head", "gzip", "deflate"])
def test_lines_that_are_cut_do_not_pass_for_all_of_them(api, proxy, tap, form, fault):
    """Where each line stands for itself, an answer that is cut between two is no whole answer."""
    api.serve("/items", Reply({"jsonl": b'{"id": 1}\n', "csv": b"id\n1\n"}[form]))

    def send(good, client):
        if fault == "gzip":
            good.body = gzip.compress(good.body)[:-8]
        if fault == "deflate":
            good.body = zlib.compress(good.body)[:-4]
        if fault == "head":
            client.send(good.head()[:32])
        else:
            client.send(good.whole(Content_Encoding=fault))

    proxy.spoils = lambda _: True
    proxy.fault = send
    stream = {"name": "items", "path": "items", "response_format": form}
    stream["schema"] = {"properties": {}}
    run = tap(api.config(stream, base_url=f"http://{proxy.host}"))
    assert run.status == 1
    assert "page 1" in run.error_lines[0]
    assert not run.records("items")


def test_a_long_field_of_csv_is_read(api, tap):
    """A field of CSV may be longer than Python's csv takes by itself."""
    api.serve("/items", Reply(b"id,t\n1," + b"x" * 200_000 + b"\n"))
    schema = {"properties": {"id": {"type": "string"}, "t": {"type": "string"}}}
    stream = {"name": "items", "path": "items", "response_format": "csv", "schema": schema}
    run = tap.ok(api.config(stream))
    assert run.records("items") == [{"id": "1", "t": "x" * 200_000}]


def test_an_answer_that_memory_cannot_hold_is_said(api, tmp_path):
    """A packed answer that would need more memory than there is ends the run in one sentence."""
    packed = gzip.compress(b" " * 10**7) * 100
    api.serve("/items", Reply(packed, headers={"Content-Encoding": "gzip"}))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.config({**STREAM, "pagination": {"style": "none"}})))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (6 * 10**8, 6 * 10**8))"
    then = "import runpy; runpy.run_module('tap_oauth2_generic', run_name='__main__')"
    command = [sys.executable, "-c", f"{limit}; {then}", "--config", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "| ERROR" in line]
    assert "stream 'items', page 1: the response needs more memory than there is" in line


def test_a_last_record_that_is_no_text_is_said(api, tap):
    """Where paging looks into a record that cannot be decoded, stream and page are named."""
    api.serve("/items", Reply(b'{"rows": [{"id": 1, "at": "\xff"}]}'))
    paging = {"style": "last_record", "last_record_path": "id", "cursor_param": "after"}
    run = tap(api.config({**STREAM, "pagination": paging}))
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: ")
    assert "UTF-8" in line


@pytest.mark.parametrize("option", [[], ["--discover"], ["--test"]])
def test_a_fault_in_a_sample_is_said(api, proxy, tap, option):
    """Where the schema is looked for, a fault is said as it is anywhere else, with no output."""
    proxy.spoils = lambda _: True
    proxy.fault = lambda _, client: client.reset()
    stream = {name: value for name, value in STREAM.items() if name != "schema"}
    run = tap(api.config(stream, base_url=f"http://{proxy.host}"), *option)
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: GET ")
    assert not run.output


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_100_megabytes_is_read(api, tmp_path, way):
    """A page of 100 MB comes out whole."""
    row = {**ROWS[0], "t": "x" * 50_000}
    rows = [{**row, "id": number} for number in range(2000)]
    api.serve("/items", Reply(json.dumps({"rows": rows}).encode()))
    path = tmp_path / "config.json"
    stream = {**STREAM, **WAYS[way], "pagination": {"style": "none"}}
    path.write_text(json.dumps(api.config(stream)))
    command = [*COMMAND, "--config", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        found = [line[:80].count(b'"RECORD"') * len(line) for line in process.stdout]
        assert process.wait() == 0
    assert sum(size > 50_000 for size in found) == 2000
