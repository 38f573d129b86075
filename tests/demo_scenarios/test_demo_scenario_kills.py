"""Interrupted syncs of the demo, and the syncs that resume them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from itertools import islice

import pytest

STREAM = {
    "name": "changes",
    "path": "/changes/iso",
    "records_path": "changes",
    "pagination": {"style": "offset", "page_size_param": "limit", "page_size": 2},
    "schema": {"properties": {"id": {"type": "integer"}, "changed": {"type": "string"}}},
    "replication_key": "changed",
}


@pytest.mark.parametrize("order", ["none", "asc"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, None])
def test_interrupted_sync_loses_no_record(demo, tap, tmp_path, order, how):
    """By a signal, a kill or a closed stdout."""
    incremental = {"start_param": "since", "order": order}
    stream = {**STREAM, "params": {"order": order}, "incremental": incremental}
    path = tmp_path / "slow.json"
    path.write_text(json.dumps(demo.config(stream, requests_per_second=40)))
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", str(path)]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        lines += islice(process.stdout, 30)
        if how is None:
            process.stdout.close()
        else:
            process.send_signal(how)
            lines += process.stdout
    assert process.returncode != 0
    messages = [json.loads(line) for line in lines if line.endswith(b"\n")]
    taken = {m["record"]["id"] for m in messages if m["type"] == "RECORD"}
    states = [m["value"] for m in messages if m["type"] == "STATE"]
    assert len(taken) < 100
    again = tap.ok(demo.config(stream), state=states[-1] if states else {})
    found = {record["id"] for record in again.records("changes")}
    assert taken | found == set(range(100))
    assert (len(found) < 100) == (order == "asc")
