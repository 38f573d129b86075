"""Many full records without latency: wall time over the limit, memory over an idle tap."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks import contenders
from benchmarks.figures import Figure, Size
from benchmarks.processes import Measured, measured, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PART = "throughput"
LIMIT = "limit: requests and msgspec alone"
OURS = "this tap"
OF_LIMIT = "times the limit"


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """Measure each contender right after the limit, so that both meet the same machine."""
    with server(size.records) as api:
        limit = contenders.limit(api.address)
        runs = {
            f"{OURS}, schema declared": contenders.declared(api.address, folder / "declared"),
            f"{OURS}, schema inferred": contenders.inferred(api.address, folder / "inferred"),
            f"{OURS}, one field added, one deselected": contenders.general(
                api.address, folder / "general"
            ),
            "tap of the SDK's template": contenders.template_tap(api.address, folder / "template"),
        }
        idle = contenders.tap(api.address, folder / "idle", contenders.TINY)
        idle_bytes = measured(idle).peak_bytes
        paired = _paired(limit, runs, size.rounds)
    limits = [limited.seconds for pairs in paired.values() for limited, _ in pairs]
    yield Figure(PART, LIMIT, 1.0, OF_LIMIT, f"{min(limits):.2f} s, median {median(limits):.2f} s")
    for name, pairs in paired.items():
        yield _compared(name, pairs, min(limits))
    for name in (name for name in paired if name.startswith(OURS)):
        peak = max(run.peak_bytes for _, run in paired[name])
        above = (peak - idle_bytes) / 1e6
        yield Figure("memory", name, above, "MB above an idle tap", f"peak {peak / 1e6:.0f} MB")


def _paired(
    limit: Sequence[str], runs: Mapping[str, Sequence[str]], rounds: int
) -> dict[str, list[tuple[Measured, Measured]]]:
    measured(limit)  # warms the caches of files and bytecode
    paired: dict[str, list[tuple[Measured, Measured]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, arguments in runs.items():
            paired[name].append((measured(limit), measured(arguments)))
    return paired


def _compared(
    name: str, pairs: Sequence[tuple[Measured, Measured]], limit_seconds: float
) -> Figure:
    seconds = min(run.seconds for _, run in pairs)
    middle = median(run.seconds / limited.seconds for limited, run in pairs)
    detail = f"{seconds:.2f} s, median ratio {middle:.2f}"
    return Figure(PART, name, seconds / limit_seconds, OF_LIMIT, detail)
