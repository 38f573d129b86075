"""Runs of contenders, each right after a run of its limit, so that both meet the same machine."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.processes import Measurement, measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OF_LIMIT = "times the limit"


@dataclass(frozen=True)
class Pair:
    """Arguments of a limit and of the contender that it is compared with."""

    limit: Sequence[str]
    contender: Sequence[str]


@dataclass(frozen=True)
class Result:
    """All paired runs of a contender."""

    runs: Sequence[tuple[Measurement, Measurement]]

    @property
    def limit_seconds(self) -> float:
        """The shortest run of the limit."""
        return min(limit.seconds for limit, _ in self.runs)

    @property
    def seconds(self) -> float:
        """The shortest run of the contender."""
        return min(run.seconds for _, run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The largest resident size of the contender."""
        return max(run.peak_bytes for _, run in self.runs)

    def figure(self, part: str, name: str, unit: str = OF_LIMIT, **more: bool) -> Figure:
        """Return the ratio of the shortest runs, with the median ratio of all pairs."""
        middle = median(run.seconds / limit.seconds for limit, run in self.runs)
        detail = f"{self.seconds:.2f} s of {self.limit_seconds:.2f} s, median ratio {middle:.2f}"
        return Figure(part, name, self.seconds / self.limit_seconds, unit, detail, **more)


def measure_pairs(pairs: Mapping[str, Pair], rounds: int) -> dict[str, Result]:
    """Measure every pair once a round, so that a slow minute meets all of them."""
    for limit in {tuple(pair.limit) for pair in pairs.values()}:
        measure(limit)  # warms file and bytecode caches, and builds the API's pages
    runs: dict[str, list[tuple[Measurement, Measurement]]] = {name: [] for name in pairs}
    for _ in range(rounds):
        for name, pair in pairs.items():
            runs[name].append((measure(pair.limit), measure(pair.contender)))
    return {name: Result(measured) for name, measured in runs.items()}


def most_memory(results: Mapping[str, Result], idle_bytes: int, name: str) -> Figure:
    """Return the largest resident size of these contenders, less that of an idle tap."""
    which, most = max(results.items(), key=lambda item: item[1].peak_bytes)
    above = (most.peak_bytes - idle_bytes) / 1e6
    detail = f"peak {most.peak_bytes / 1e6:.0f} MB: {which}"
    return Figure("memory", name, above, "MB above an idle tap", detail)
