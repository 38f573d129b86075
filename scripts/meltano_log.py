"""Read Meltano's log in JSON lines: the record counts of a run."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


def fetched_records(log: str) -> Counter[str]:
    """Return the number of records that the tap counted, by stream; skip a loader's counts."""
    fetched: Counter[str] = Counter()
    for line in log.splitlines():
        entry = parse_line(line)
        message = entry["event"].removeprefix("METRIC: ")
        # `metric_info` needs the capability structured-logging.
        metric = entry.get("metric_info") or parse_line(message)
        if metric.get("metric") == "record_count" and not entry.get("consumer"):
            fetched[metric["tags"]["stream"]] += metric["value"]
    return fetched


def parse_line(line: str) -> dict[str, Any]:
    """Parse a line of a log, JSON or not."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return {"event": line} | (entry if isinstance(entry, dict) else {})
