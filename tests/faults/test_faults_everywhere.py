"""The same faults for children, partitions, every format, schema samples and previews."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from tap_oauth2_generic.cli.program import Program
from tests.faults.fault_kinds import PERMANENT, RETRIED, body, once
from tests.support.commands import write_config
from tests.support.server import Reply

PAGE_SIZE = 3
LISTS = ["a", "b", "c"]
ROWS = {(name, n): f"2024-01-{n:02}T00:00:00Z" for name in LISTS for n in range(1, 8)}
INNER = {
    "name": "items",
    "path": "lists/{parent.list}",
    "schema": {"properties": {"id": {}, "at": {"type": "string"}, "list": {"type": "string"}}},
    "replication_key": "at",
    "incremental": {"start_param": "since", "order": "asc"},
    "pagination": {"style": "page_number"},
}
OUTER = {
    "name": "lists",
    "path": "lists",
    "schema": {"properties": {"id": {"type": "string"}}},
}
PARTITIONED = {
    **INNER,
    "path": "lists/{partition.list}",
    "partitions": [{"list": name} for name in LISTS],
}
MODES = {
    "children": [OUTER, {**INNER, "parent": {"stream": "lists", "keys": {"list": "id"}}}],
    "partitions": [PARTITIONED],
    "decoded": [{**PARTITIONED, "keep": [{"path": "at", "matches": "."}]}],
    "jsonl": [{**PARTITIONED, "response_format": "jsonl"}],
    "csv": [{**PARTITIONED, "response_format": "csv"}],
}
PASSING = {name: RETRIED[name] for name in ("closed in the body", "half a chunk", "429")}
PASSING["truncated gzip"] = RETRIED["truncated gzip"]
LASTING = {
    "HTML with status 200": PERMANENT["HTML with status 200"],
    "invalid UTF-8": body(lambda content: content.replace(b"2024", b"\xff\xfe", 1)),
}
FAULTS = PASSING | LASTING


def render(rows, form):
    """Render records in a response format."""
    if form == "csv":
        return "".join(["id,at\n", *(f'"{row["id"]}",{row["at"]}\n' for row in rows)]).encode()
    if form == "jsonl":
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    return json.dumps(rows).encode()


@pytest.fixture(params=MODES)
def streams(request, api, proxy):
    """Serve three lists; the proxy injects faults into the second page of the second."""
    form = MODES[request.param][-1].get("response_format", "json")
    api.serve("/lists", [{"id": name} for name in LISTS])

    def answer(seen):
        name, first = seen.path[-1], (int(seen.query["page"]) - 1) * PAGE_SIZE
        rows = [
            {"id": n, "at": at}
            for (where, n), at in ROWS.items()
            if where == name and at >= seen.query.get("since", "")
        ]
        return Reply(render(rows[first : first + PAGE_SIZE], form))

    api.routes |= {f"/lists/{name}": answer for name in LISTS}
    proxy.is_faulty = lambda target: target.startswith("/lists/b?") and "page=2" in target
    return MODES[request.param]


@pytest.fixture
def config(api, proxy, streams):
    settings = {"timeout": 3, "max_retries": 1, "max_wait": 0.01}
    return api.config(*streams, base_url=f"http://{proxy.host}", **settings)


def taken(run):
    return {(record["list"], int(record["id"])): record["at"] for record in run.records("items")}


@pytest.mark.parametrize("fault", PASSING)
def test_transient_fault_is_retried(config, proxy, tap, fault):
    proxy.fault = once(FAULTS[fault])
    run = tap.ok(config)
    assert any("retry 1 of 1" in line for line in run.warnings)
    assert taken(run) == ROWS


@pytest.mark.parametrize("fault", FAULTS)
def test_lasting_fault_is_reported_and_loses_no_record(config, proxy, tap, fault):
    proxy.fault = FAULTS[fault]
    run = tap(config)
    assert run.status == 1
    (line,) = run.error_lines
    place = r"stream .items.( \((list|id|folder)=b\))?, page 2: GET http://127\.0\.0\.1:"
    assert re.match(place, line)
    assert "Traceback" not in run.errors
    first = taken(run)
    assert {key for key in first if key[0] == "b"} == {("b", n) for n in (1, 2, 3)}
    proxy.fault = None
    again = tap.ok(config, state=run.state)
    assert first | taken(again) == ROWS


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("option", ["--discover", "--test", None])
def test_fault_in_a_sample_is_reported(api, proxy, tap, tmp_path, option, fault):
    api.serve("/items", [{"at": "2024"}])
    proxy.is_faulty, proxy.fault = lambda _: True, FAULTS[fault]
    stream = {"name": "items", "path": "items"}
    config = api.config(stream, base_url=f"http://{proxy.host}", max_retries=1, max_wait=0.01)
    if option:
        run = tap(config, option)
        status, errors, (line,) = run.status, run.errors, run.error_lines
        assert not run.output
    else:
        path = write_config(tmp_path, config)
        done = CliRunner().invoke(Program().commands["preview"], ["--config", str(path), "--json"])
        status, errors = done.exit_code, done.stderr
        line = json.loads(done.stdout)[0]["error"]
    assert status == 1
    assert line.startswith("stream 'items', page 1: GET http://127.0.0.1:")
    assert "Traceback" not in errors
