"""Run a Meltano pipeline in shards with Airflow: the tap's partitions on several workers.

Knows no API and no secret: those are in the Meltano project and in the workers' environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from airflow.sdk import dag, get_current_context, task

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTRACTOR, LOADER = "tap-oauth2-generic", "target-postgres"
SHARDS = 4
# Each slot of the pool is one concurrent request of a shard.
POOL, REQUESTS_A_SHARD = "api_requests", 2
RETRIES = 3

PROJECT = Path(os.environ.get("MELTANO_PROJECT_ROOT", "/opt/meltano"))
INSTALLED = Path(os.environ.get("MELTANO_SYS_DIR_ROOT", PROJECT / ".meltano"))
VARIABLE = EXTRACTOR.upper().replace("-", "_")


class Shard(TypedDict):
    """One element of the shard command's output."""

    state_id_suffix: str
    config: dict[str, Any]


@dag(
    schedule="@daily",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,  # two runs of one shard would share its bookmarks
    tags=["meltano"],
)
def meltano_shards() -> None:
    """Split the configuration, then run all shards, each retried by itself."""
    run.expand(shard=split())


@task(retries=RETRIES)
def split() -> list[Shard]:
    """Return the tap's shards; they hold no secrets, so Airflow may store them."""
    command = ["invoke", f"{EXTRACTOR}:shard", "--shards", str(SHARDS)]
    shards: list[Shard] = json.loads(meltano(*command, stdout=subprocess.PIPE))
    return shards


@task(
    retries=RETRIES,
    pool=POOL,
    pool_slots=REQUESTS_A_SHARD,
    map_index_template="{{ state_id_suffix }}",
)
def run(shard: Shard) -> None:
    """Extract and load one shard, from its own bookmarks on."""
    suffix = shard["state_id_suffix"]
    get_current_context()["state_id_suffix"] = suffix
    config = {**shard["config"], "max_in_flight": REQUESTS_A_SHARD}
    meltano("run", "--no-install", "--state-id-suffix", suffix, EXTRACTOR, LOADER, config=config)


def meltano(
    *arguments: str, config: dict[str, Any] | None = None, stdout: int | None = None
) -> str:
    """Run Meltano with settings of the tap in its environment; raise CalledProcessError."""
    settings = {
        f"{VARIABLE}_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in (config or {}).items()
    }
    with own_folder() as folder:
        done = subprocess.run(  # nosec B603 B607 # Meltano, as the worker finds it
            ["meltano", *arguments],
            cwd=PROJECT,
            env={**os.environ, **settings, "MELTANO_SYS_DIR_ROOT": folder},
            stdout=stdout,
            text=True,
            check=True,
        )
    return done.stdout


@contextmanager
def own_folder() -> Iterator[str]:
    """Create a folder for one Meltano run that shares the installed plugins.

    Meltano names the state and catalog files of a run after the plugin only: concurrent runs in
    one folder would read each other's.
    """
    with tempfile.TemporaryDirectory() as folder:
        for entry in INSTALLED.iterdir():
            if entry.name != "run":
                Path(folder, entry.name).symlink_to(entry)
        yield folder


meltano_shards()
