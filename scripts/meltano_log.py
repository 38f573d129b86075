"""What a log of Meltano in JSON lines tells; how the pipeline was run is not known here."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


def fetched_records(log: str) -> Counter[str]:
    """Add up the record counts that the tap reported, by stream; a loader may count, too."""
    fetched: Counter[str] = Counter()
    for line in log.splitlines():
        entry = parsed(line)
        text = entry["event"].removeprefix("METRIC: ")
        metric = entry.get("metric_info") or parsed(text)  # the former with structured logging
        if metric.get("metric") == "record_count" and not entry.get("consumer"):
            fetched[metric["tags"]["stream"]] += metric["value"]
    return fetched


def parsed(line: str) -> dict[str, Any]:
    """Read a line of a log, be it JSON or plain text."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return {"event": line} | (entry if isinstance(entry, dict) else {})
