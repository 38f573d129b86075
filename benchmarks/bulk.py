"""Records sent as BATCH: the tap alone, then into PostgreSQL, each compared with RECORD."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.pairs import Pair, measure_pairs
from benchmarks.processes import ROOT, BenchmarkError, server
from tests.support.postgres import postgres, programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PART = "batch"
LOADER = ROOT / ".meltano/loaders/target-postgres/venv/bin/target-postgres"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Compare the tap with the limit, then the loads of target-postgres."""
    if programs() is None or not LOADER.exists():
        raise BenchmarkError(
            "needs PostgreSQL and target-postgres: make .meltano/.installed-target-postgres"
        )
    with server(size.records) as api:
        limit = contenders.limit(api.address)
        for format_ in ("jsonl", "parquet"):
            ours = contenders.batches(api.address, folder / format_, format=format_)
            result = measure_pairs({format_: Pair(limit, ours)}, size.rounds)[format_]
            yield result.figure(PART, f"{format_} files")
    with server(size.records) as api, postgres() as url:
        records = contenders.declared_schema(api.address, folder / "records")
        batches = contenders.batches(api.address, folder / "loads")
        slow = _load(records, url, folder, "as_record")
        fast = _load(batches, url, folder, "as_batch")
    detail = f"{fast:.1f} s instead of {slow:.1f} s for {size.records:,} records"
    yield Figure(PART, "into target-postgres", slow / fast, "times the speed of RECORD", detail)


def _load(arguments: Sequence[str], url: str, folder: Path, schema: str) -> float:
    """Run the tap into the loader; return the seconds until both have ended."""
    address = url.replace("postgresql:", "postgresql+psycopg:")
    settings: dict[str, Any] = {"sqlalchemy_url": address, "default_target_schema": schema}
    # Both loads by COPY: else the INSERTs of 10,000 rows are what bounds them.
    settings["use_copy"] = True
    config = contenders.write_json(folder / f"{schema}.json", settings)
    with (folder / f"{schema}.log").open("wb") as log:
        began_at = time.monotonic()
        with subprocess.Popen(  # nosec B603 # this Python, our own arguments
            [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=log, cwd=ROOT
        ) as tap:
            loaded = subprocess.run(  # nosec B603 # the loader of this project
                [str(LOADER), "--config", config],
                stdin=tap.stdout, stdout=subprocess.DEVNULL, stderr=log, check=False,
            )  # fmt: skip
        seconds = time.monotonic() - began_at
    if tap.returncode or loaded.returncode:
        raise BenchmarkError(f"batch: {(folder / f'{schema}.log').read_text()[-1000:]}")
    return seconds
