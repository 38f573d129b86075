"""The command: measure the chosen parts and print the figures.

Only a full run updates the docs, their picture and README.md, and with --check none does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    baseline,
    bulk,
    children,
    growth,
    latency,
    loads,
    memory,
    report,
    startup,
    throughput,
)
from benchmarks.figures import FULL, QUICK, Figure, Size
from benchmarks.processes import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PARTS: dict[str, Callable[[Size, Path], Iterator[Figure]]] = {
    throughput.PART: throughput.figures,
    latency.PART: latency.figures,
    startup.PART: startup.figures,
    growth.PART: growth.figures,
    children.PART: children.figures,
    bulk.PART: bulk.figures,
    loads.PART: loads.figures,
    memory.PART: memory.figures,
}


def main() -> int:
    """Measure, and return exit status 1 if a contender failed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="only these parts")
    parser.add_argument("--quick", action="store_true", help="a smaller run")
    parser.add_argument(
        "--check", action="store_true", help="fail if a figure is worse than in the docs by a third"
    )
    options = parser.parse_args()
    if options.check and options.quick:
        parser.error("--check compares full runs: leave out --quick")
    measuring = options.only or list(PARTS)
    try:
        figures, errors = run(measuring, QUICK if options.quick else FULL)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was written\n")
        return 130
    report.print_table(figures)
    for error in errors:
        sys.stderr.write(f"{error}\n")
    if options.check:
        return 1 if compare(figures) or errors else 0
    if not (errors or options.only or options.quick):
        report.write_page(figures)
        report.write_readme(figures)
        report.draw(figures)
    return 1 if errors else 0


def run(parts: list[str], size: Size) -> tuple[list[Figure], list[BenchmarkError]]:
    """Measure these parts, each up to its first failure; return the figures of a part together."""
    figures: list[Figure] = []
    errors: list[BenchmarkError] = []
    for part in parts:
        began_at = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                figures.extend(PARTS[part](size, Path(folder)))
            except BenchmarkError as error:
                errors.append(error)
        sys.stderr.write(f"{part}: {time.monotonic() - began_at:.0f} s\n")
    order = list(dict.fromkeys(figure.part for figure in figures))
    return sorted(figures, key=lambda figure: order.index(figure.part)), errors


def compare(figures: Sequence[Figure]) -> list[str]:
    """Print and return what is worse than in the docs; print what cannot be compared, too."""
    before = baseline.committed()
    worse = sorted(baseline.worse(figures, before))
    for line in (*sorted(baseline.unmatched(figures, before)), *worse):
        sys.stderr.write(f"{line}\n")
    return worse


if __name__ == "__main__":
    sys.exit(main())
