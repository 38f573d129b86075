"""An Airbyte connector of one declarative manifest, run by the CDK's own command.

Between two runs this does what Airbyte's platform does: it keeps the last STATE of each stream, and
the configuration that the connector returns in a CONTROL message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from comparison.peer import ENVIRONMENTS, Task, read_messages, write_json
from comparison.scenario import Row
from comparison.world import CLIENT_SECRET

TITLE = "Airbyte CDK"
PACKAGE = "airbyte-cdk"
PYTHON = ENVIRONMENTS / "airbyte" / "bin" / "python"
#: What the form of the connector asks its user for.
CONFIG = {
    "client_id": "comparison",
    "client_secret": CLIENT_SECRET,
    "refresh_token": "refresh-1",
    "access_token": "",
    "token_expiry_date": "",
}


def command(task: Task) -> Sequence[str | Path]:
    """Return the command with its manifest, and what the platform kept of the runs before."""
    config, state = _load_kept(task)
    manifest = yaml.safe_load(task.configuration.read_text())
    return [
        PYTHON.with_name("source-declarative-manifest"),
        "read",
        *("--manifest-path", task.configuration),
        *("--config", write_json(task.folder / f"config-{task.run}.json", config)),
        *("--catalog", write_json(task.folder / "catalog.json", _catalog(manifest))),
        *("--state", write_json(task.folder / f"state-{task.run}.json", state)),
    ]


def rows(task: Task) -> Iterator[tuple[str, Row]]:
    """Yield stream and data of each RECORD message."""
    for message in read_messages(task.output, parse_float=Decimal):
        if message["type"] == "RECORD":
            yield message["record"]["stream"], message["record"]["data"]


def _catalog(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the catalog of a connection that reads every stream incrementally if it can."""
    return {
        "streams": [
            {
                "stream": {
                    "name": stream["name"],
                    "json_schema": {},
                    "supported_sync_modes": ["full_refresh", "incremental"],
                },
                "sync_mode": "incremental" if "incremental_sync" in stream else "full_refresh",
                "destination_sync_mode": "append",
            }
            for stream in manifest["streams"]
        ]
    }


def _load_kept(task: Task) -> tuple[dict[str, Any], list[Any]]:
    """Return the newest configuration and the newest state of each stream."""
    config, state = CONFIG, {}
    for run in range(1, task.run):
        for message in read_messages(replace(task, run=run).output):
            if message["type"] == "CONTROL":
                config = message["control"]["connectorConfig"]["config"]
            if message["type"] == "STATE":
                stream = message["state"]["stream"]["stream_descriptor"]["name"]
                state[stream] = message["state"]
    return config, list(state.values())
