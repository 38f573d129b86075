"""Read BATCH files as a target does, and compare them with RECORD messages."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk import Target
from singer_sdk.sinks import BatchSink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.runs import Run

Rows = dict[str, list[dict[str, Any]]]


def load_with_sdk(output: str) -> Rows:
    """Return the rows that a target of the SDK gets from the BATCH messages of an output."""
    rows: Rows = {}

    class Sink(BatchSink):
        def process_batch(self, context: dict[str, Any]) -> None:
            rows.setdefault(self.stream_name, []).extend(context["records"])

    class MemoryTarget(Target):
        name = "target-memory"
        default_sink_class = Sink

    MemoryTarget(config={}).listen(io.StringIO(output))
    return rows


def load_lines(messages: Iterable[dict[str, Any]], compression: str = "none") -> Rows:
    """Return the rows of JSON Lines files, also of those that the SDK cannot read."""
    rows: Rows = {}
    for message in messages:
        for url in message["manifest"] if message["type"] == "BATCH" else ():
            content = Path(url.removeprefix("file://")).read_bytes()
            if compression == "zstd":
                content = import_module("backports.zstd").decompress(content)
            lines = content.decode().splitlines()  # as a careless reader would
            found = [json.loads(line, parse_float=Decimal) for line in lines]
            rows.setdefault(message["stream"], []).extend(found)
    return rows


def record_rows(run: Run) -> Rows:
    """Return the rows of the RECORD messages of a run."""
    streams = {m["stream"] for m in run.messages if m["type"] == "RECORD"}
    return {stream: run.records(stream) for stream in streams}


def batch_settings(folder: Path, *, size: int = 3, **encoding: Any) -> dict[str, Any]:
    """Return the setting ``batch_config`` for files in a folder."""
    return {
        "batch_config": {
            "storage": {"root": f"file://{folder}"},
            "batch_size": size,
            **({"encoding": encoding} if encoding else {}),
        }
    }
