"""Responses that are large, deep, ambiguous, or end without a clear sign."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zlib

import pytest

from tests.faults.fault_bench import MODES, ROWS, STREAM
from tests.support.commands import PROGRAM, write_config
from tests.support.server import Reply

DEEP = b"[" * 200 + b"]" * 200


def member(text):
    """Insert a member into the first record of a page."""

    def send(good, client):
        made = good.body.replace(b'"id"', text + b', "id"', 1)
        client.send(good.head(length=len(made)) + made)
        return True

    return send


def test_200_levels_of_nesting_are_read(bench):
    bench.proxy.fault = member(b'"x": ' + DEEP)
    run = bench.run()
    assert run.status == 0, run.errors
    assert bench.taken[7]["x"] == json.loads(DEEP)


def test_last_of_duplicate_keys_counts(bench):
    """In records, paging and bookmark alike."""
    bench.proxy.fault = member(b'"at": "2025-01-01T00:00:00Z", "id": 99')
    run = bench.run()
    assert run.status == 0, run.errors
    assert bench.taken == {row["id"]: row for row in ROWS}
    assert bench.bookmark == ROWS[-1]["at"]


def test_204_is_an_empty_page(bench):
    bench.proxy.is_faulty = lambda target: "page=5" in target
    bench.proxy.fault = lambda _, client: client.send(b"HTTP/1.1 204 No Content\r\n\r\n") or True
    run = bench.run()
    assert run.status == 0, run.errors
    assert not run.warnings
    assert bench.taken == {row["id"]: row for row in ROWS}


def test_malformed_head_is_not_the_last_page(api, proxy, tap):
    """It may hide a next link."""

    def send(good, client):
        client.send(good.head(**{"no header\r\nLink": '</items?page=2>; rel="next"'}) + good.body)

    proxy.is_faulty = lambda _: True
    proxy.fault = send
    stream = {**STREAM, "pagination": {"style": "link_header"}, "params": {"page": 1}}
    run = tap(api.config(stream, base_url=f"http://{proxy.host}"))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: GET ")
    assert "Traceback" not in run.errors
    assert run.bookmark("items") is None


def test_slow_steady_response_may_exceed_the_timeout(bench):
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
    assert bench.taken[7]["x"] == "x" * 3000


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("fault", ["head", "gzip", "deflate"])
def test_truncated_jsonl_or_csv_fails(api, proxy, tap, form, fault):
    """Even if it is cut between two lines."""
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

    proxy.is_faulty = lambda _: True
    proxy.fault = send
    stream = {"name": "items", "path": "items", "response_format": form}
    stream["schema"] = {"properties": {}}
    run = tap(api.config(stream, base_url=f"http://{proxy.host}"))
    assert run.status == 1
    assert "page 1" in run.error_lines[0]
    assert not run.records("items")


def test_long_csv_field_is_read(api, tap):
    api.serve("/items", Reply(b"id,t\n1," + b"x" * 200_000 + b"\n"))
    schema = {"properties": {"id": {"type": "string"}, "t": {"type": "string"}}}
    stream = {"name": "items", "path": "items", "response_format": "csv", "schema": schema}
    run = tap.ok(api.config(stream))
    assert run.records("items") == [{"id": "1", "t": "x" * 200_000}]


@pytest.mark.parametrize(("coding", "module"), [("gzip", "gzip"), ("zstd", "backports.zstd")])
def test_response_larger_than_memory_is_one_error_line(api, tmp_path, coding, module):
    # Packed to a thirtieth, so that it is no bomb.
    piece = b"".join(os.urandom(10**4) + b" " * 3 * 10**5 for _ in range(32))
    packed = pytest.importorskip(module).compress(piece) * 100
    api.serve("/items", Reply(packed, headers={"Content-Encoding": coding}))
    path = write_config(tmp_path, api.config({**STREAM, "pagination": {"style": "none"}}))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (6 * 10**8, 6 * 10**8))"
    then = "import runpy; runpy.run_module('tap_oauth2_generic', run_name='__main__')"
    command = [sys.executable, "-c", f"{limit}; {then}", "--config", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "| ERROR" in line]
    assert "stream 'items', page 1: the response needs more memory than there is" in line


def test_undecodable_last_record_names_stream_and_page(api, tap):
    api.serve("/items", Reply(b'{"rows": [{"id": 1, "at": "\xff"}]}'))
    paging = {"style": "last_record", "last_record_path": "id", "cursor_param": "after"}
    run = tap(api.config({**STREAM, "pagination": paging}))
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: ")
    assert "UTF-8" in line


@pytest.mark.parametrize("option", [[], ["--discover"], ["--test"]])
def test_fault_in_a_schema_sample_is_reported_without_output(api, proxy, tap, option):
    """But for the STATE of a sync, which is the one it was given."""
    proxy.is_faulty = lambda _: True
    proxy.fault = lambda _, client: client.reset()
    stream = {name: value for name, value in STREAM.items() if name != "schema"}
    bookmark = {"replication_key": "at", "replication_key_value": ROWS[0]["at"]}
    state = {"bookmarks": {"items": bookmark}}
    run = tap(api.config(stream, base_url=f"http://{proxy.host}"), *option, state=state)
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: GET ")
    expected = {"type": "STATE", "value": state}
    assert all(not option and message == expected for message in run.messages)


@pytest.mark.parametrize("way", MODES)
def test_page_of_100_mb_is_read(api, tmp_path, way):
    row = {**ROWS[0], "t": "x" * 50_000}
    rows = [{**row, "id": number} for number in range(2000)]
    api.serve("/items", Reply(json.dumps({"rows": rows}).encode()))
    stream = {**STREAM, **MODES[way], "pagination": {"style": "none"}}
    path = write_config(tmp_path, api.config(stream))
    command = [*PROGRAM, "--config", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        found = [line[:80].count(b'"RECORD"') * len(line) for line in process.stdout]
        assert process.wait() == 0
    assert sum(size > 50_000 for size in found) == 2000
