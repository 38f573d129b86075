"""End to end into DuckDB: this tap, the SDK template's tap and dlt, and the rows they load.

All are compared with the run of this tap in the same round, and that with the loader alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import contenders, loaded_rows
from benchmarks.pairs import Result
from benchmarks.processes import ROOT, BenchmarkError, Measurement, measure, measure_pipe, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Figure, Size

PART = "end-to-end"
LOADER = ROOT / ".meltano/loaders/target-duckdb/venv/bin"
DLT_PROGRAMS = ROOT / ".bench/dlt/bin"
SCHEMA = "loaded"
ALONE, OURS = "target-duckdb alone", "this tap into target-duckdb"
TEMPLATE = "tap of the SDK's template into target-duckdb"
DLT, FASTEST_DLT = "dlt rest_api", "dlt rest_api, its files as JSON Lines"
TIMES_OURS = "times this tap"


@dataclass(frozen=True)
class Load:
    """Commands that load the records into a database, and the Python that can read it.

    The folder of the database has all that a run leaves for the next one.
    """

    commands: Sequence[Sequence[str]]
    database: Path
    python: Path

    def measure(self, log: Path) -> Measurement:
        """Measure the load into a new database."""
        shutil.rmtree(self.database.parent, ignore_errors=True)
        self.database.parent.mkdir(parents=True)
        return measure_pipe(self.commands, log)


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Load with each, check the rows, and compare the times."""
    for needed in (LOADER, DLT_PROGRAMS):
        if not needed.exists():
            raise BenchmarkError(
                f"{PART}: needs {needed}: make .meltano/.installed .bench/.installed"
            )
    with server(size.loaded_records) as api:
        loads = _loads(api.address, folder)
        runs: dict[str, list[Measurement]] = {name: [] for name in loads}
        for _ in range(size.rounds):
            for name, load in loads.items():
                runs[name].append(load.measure(folder / "log"))
                check(name, load, size.loaded_records)
    ours = runs[OURS]
    yield _result(runs[ALONE], ours).figure(PART, OURS, f"times {ALONE}")
    for name in (name for name in loads if name not in {ALONE, OURS}):
        yield _result(ours, runs[name]).figure(PART, name, TIMES_OURS, higher_is_better=True)


def _result(limits: Sequence[Measurement], runs: Sequence[Measurement]) -> Result:
    return Result(list(zip(limits, runs, strict=True)))


def _loads(address: str, folder: Path) -> Mapping[str, Load]:
    tap = contenders.tap(address, folder / "tap", contenders.ORDERS)
    template = contenders.template_tap(address, folder)
    messages = folder / "messages.jsonl"
    measure(tap, output=messages)
    return {
        ALONE: _into_target(folder / "alone", ["cat", str(messages)]),
        OURS: _into_target(folder / "ours", [sys.executable, *tap]),
        TEMPLATE: _into_target(folder / "template", [sys.executable, *template]),
        DLT: _with_dlt(address, folder / "dlt"),
        FASTEST_DLT: _with_dlt(address, folder / "fastest", "--file-format=jsonl"),
    }


def _into_target(folder: Path, source: Sequence[str]) -> Load:
    database = folder / "loaded" / "warehouse.duckdb"
    settings = {
        "filepath": str(database),
        "default_target_schema": SCHEMA,
        "add_metadata_columns": True,  # as in meltano.yml
    }
    config = contenders.write_json(folder / "target.json", settings)
    target = [str(LOADER / "target-duckdb"), "--config", config]
    return Load([source, target], database, LOADER / "python")


def _with_dlt(address: str, folder: Path, *options: str) -> Load:
    database = folder / "warehouse.duckdb"
    paths = [f"--database={database}", f"--folder={folder}", f"--dataset={SCHEMA}"]
    program = [
        str(DLT_PROGRAMS / "python"),
        "-m",
        "benchmarks.dlt_pipeline",
        f"--address={address}",
    ]
    return Load([[*program, *paths, *options]], database, DLT_PROGRAMS / "python")


def check(name: str, load: Load, count: int) -> None:
    """Raise BenchmarkError unless the table has the records, each column the same."""
    program = [str(load.python), "-m", "benchmarks.loaded_rows", str(load.database), SCHEMA]
    found = subprocess.run(  # nosec B603 # a program of this project
        program, cwd=ROOT, capture_output=True, check=False
    )
    if found.returncode:
        raise BenchmarkError(f"{name}: {found.stderr.decode(errors='replace')[-500:]}")
    expected, loaded = loaded_rows.expected(count), json.loads(found.stdout)
    if wrong := [column for column in expected if loaded[column] != expected[column]]:
        raise BenchmarkError(f"{name}: the rows of {count:,} records differ in {wrong}")
