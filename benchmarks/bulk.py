"""Records sent as BATCH: the tap alone, then into PostgreSQL, each compared with RECORD."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.pairs import Pair, measure_pairs, most_memory
from benchmarks.processes import ROOT, BenchmarkError, measure_pipe, server
from tests.support.postgres import postgres, programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PART = "batch"
#: Fields that target-postgres writes into columns JSONB[], element by element.
LISTS = ("lines", "labels")
LOADER = ROOT / ".meltano/loaders/target-postgres/venv/bin/target-postgres"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Compare the tap with the limit, then the loads of target-postgres."""
    if programs() is None or not LOADER.exists():
        raise BenchmarkError(
            "needs PostgreSQL and target-postgres: make .meltano/.installed-target-postgres"
        )
    with server(size.records) as api:
        limit = contenders.limit(api.address)
        pairs = {
            f"{kind} files": Pair(
                limit, contenders.batches(api.address, folder / kind, format=kind)
            )
            for kind in ("jsonl", "parquet")
        }
        idle_bytes = contenders.idle_bytes(api.address, folder)
        results = measure_pairs(pairs, size.rounds)
    for name, result in results.items():
        yield result.figure(PART, name)
        yield most_memory({name: result}, idle_bytes, f"BATCH, {name}")
    with server(size.bulk_records) as api, postgres() as url:
        for deselected in ((), LISTS):
            runs = folder / f"deselected_{len(deselected)}"
            yield _compare_loads(api.address, url, runs, deselected, size.bulk_records)


def _compare_loads(
    address: str, url: str, folder: Path, deselected: Sequence[str], count: int
) -> Figure:
    """Load the records without some of their fields, as RECORD and as BATCH."""
    seconds = []
    for way, arguments in (
        ("record", contenders.declared_schema(address, folder / "record")),
        ("batch", contenders.batches(address, folder / "batch")),
    ):
        breadcrumbs = [[name] for name in deselected]
        reads = contenders.deselect(arguments, folder / way, *breadcrumbs)
        seconds.append(_load(reads, url, folder / f"{folder.name}_{way}", count))
    slow, fast = seconds
    shape = f" without {' and '.join(deselected)}" if deselected else ""
    name = f"{count:,} records{shape} into target-postgres"
    detail = f"{fast:.1f} s instead of {slow:.1f} s"
    return Figure(
        PART, name, slow / fast, "times the speed of RECORD", detail, higher_is_better=True
    )


def _load(arguments: Sequence[str], url: str, folder: Path, count: int) -> float:
    """Run the tap into a schema of the folder's name; return the seconds until both have ended."""
    folder.mkdir()
    address = url.replace("postgresql:", "postgresql+psycopg:")
    settings: dict[str, Any] = {"sqlalchemy_url": address, "default_target_schema": folder.name}
    # Both loads by COPY: else the INSERTs of 10,000 rows are what bounds them.
    settings["use_copy"] = True
    config = contenders.write_json(folder / "target.json", settings)
    commands = [[sys.executable, *arguments], [str(LOADER), "--config", config]]
    seconds = measure_pipe(commands, folder / "log").seconds
    check(url, folder.name, count)
    return seconds


def check(url: str, schema: str, count: int) -> None:
    """Raise BenchmarkError unless a table has each of the first ``count`` records once."""
    import psycopg  # here, because a measured process starts with the memory of this one

    query = b"select count(*), count(distinct id), sum(id) from orders"
    with psycopg.connect(url, options=f"-c search_path={schema}") as connection:
        found = connection.execute(query).fetchone()
    if found != (expected := (count, count, sum(range(count)))):
        raise BenchmarkError(f"{schema}: the table has {found}, not {expected}")
