"""Many full records without latency: wall time relative to the limit, memory to an idle tap."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Measurement, measure, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PART = "throughput"
LIMIT = "limit: requests and msgspec alone"
OURS = "this tap"
OF_LIMIT = "times the limit"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure each contender right after the limit, under the same load."""
    with server(size.records) as api:
        limit = contenders.limit(api.address)
        runs = {
            f"{OURS}, schema declared": contenders.declared_schema(
                api.address, folder / "declared"
            ),
            f"{OURS}, schema inferred": contenders.inferred_schema(
                api.address, folder / "inferred"
            ),
            f"{OURS}, one field added, one deselected": contenders.decoded_records(
                api.address, folder / "general"
            ),
            "tap of the SDK's template": contenders.template_tap(api.address, folder / "template"),
        }
        idle = contenders.tap(api.address, folder / "idle", contenders.TINY)
        idle_bytes = measure(idle).peak_bytes
        paired = _measure_pairs(limit, runs, size.rounds)
    limits = [limited.seconds for pairs in paired.values() for limited, _ in pairs]
    yield Figure(PART, LIMIT, 1.0, OF_LIMIT, f"{min(limits):.2f} s, median {median(limits):.2f} s")
    for name, pairs in paired.items():
        yield _compare(name, pairs, min(limits))
    for name in (name for name in paired if name.startswith(OURS)):
        peak = max(run.peak_bytes for _, run in paired[name])
        above = (peak - idle_bytes) / 1e6
        yield Figure("memory", name, above, "MB above an idle tap", f"peak {peak / 1e6:.0f} MB")


def _measure_pairs(
    limit: Sequence[str], runs: Mapping[str, Sequence[str]], rounds: int
) -> dict[str, list[tuple[Measurement, Measurement]]]:
    measure(limit)  # warms file and bytecode caches
    paired: dict[str, list[tuple[Measurement, Measurement]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, arguments in runs.items():
            paired[name].append((measure(limit), measure(arguments)))
    return paired


def _compare(
    name: str, pairs: Sequence[tuple[Measurement, Measurement]], limit_seconds: float
) -> Figure:
    seconds = min(run.seconds for _, run in pairs)
    middle = median(run.seconds / limited.seconds for limited, run in pairs)
    detail = f"{seconds:.2f} s, median ratio {middle:.2f}"
    return Figure(PART, name, seconds / limit_seconds, OF_LIMIT, detail)
