#!/usr/bin/env python3
"""The loader meltanolabs-target-csv 0.5.0 with one correction: objects and lists become JSON.

By itself it writes them as Python shows them, which nothing else reads; its own way out, unfolding
them into columns, fails where a whole object is null.

Meltano runs it, see meltano.yml, inside the environment that it installed the loader into.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from meltanolabs_target_csv.sinks import CSVSink
from meltanolabs_target_csv.target import TargetCSV


class JSONValuesSink(CSVSink):  # type: ignore[misc]  # it is not installed where types are checked
    """Writes a stream into files, nested values as JSON."""

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """Turn what is no plain value into JSON."""
        prepared = super().preprocess_record(record, context)
        return {name: written(value) for name, value in prepared.items()}


def written(value: Any) -> Any:
    """Give an object or a list as JSON, everything else as it is."""
    if not isinstance(value, dict | list):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


if __name__ == "__main__":
    TargetCSV.default_sink_class = JSONValuesSink
    sys.exit(TargetCSV.cli())
