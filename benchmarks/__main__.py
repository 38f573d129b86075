"""The command: measures the chosen parts and prints their figures."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import throughput
from benchmarks.figures import FULL, QUICK, Figure, Size
from benchmarks.processes import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTS: dict[str, Callable[[Size, Path], Iterator[Figure]]] = {
    "throughput": throughput.figures,
}


def main() -> int:
    """Measure; the exit status is 1 if a contender failed."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="less of everything")
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    status = 0
    for part in options.only:
        try:
            with tempfile.TemporaryDirectory() as folder:
                for figure in PARTS[part](size, Path(folder)):
                    sys.stdout.write(f"{figure}\n")
        except BenchmarkError as error:
            sys.stderr.write(f"{error}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
