"""`make mutate`: change the code in one place at a time, and count the changes that a test notices.

Survivors are listed in .mutation.
"""

from __future__ import annotations

import argparse
import sys

from tests.mutation.mutation_report import FOLDER, print_table, write_page
from tests.mutation.mutation_run import mutate_package

#: The packages, and the tests that are to notice every change of them.
PACKAGES = {
    "pagination": ["tests/pagination"],
    "replication": ["tests/replication", "tests/runtime/test_report.py"],
    "oauth2": ["tests/oauth2"],
    "records": ["tests/records"],
}


def main() -> int:
    """Mutate packages and print the result."""
    parser = argparse.ArgumentParser(prog="make mutate ARGS=…", description=main.__doc__)
    parser.add_argument("packages", nargs="*", help=f"some of {', '.join(PACKAGES)} (all)")
    parser.add_argument("--sample", type=int, help="try only so many mutants of each package")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--only", default="", help="try only mutants whose line has this text")
    wanted = parser.parse_args()
    if unknown := set(wanted.packages) - set(PACKAGES):
        parser.error(f"unknown package {min(unknown)!r}")
    results = []
    for name in wanted.packages or PACKAGES:
        result = mutate_package(name, PACKAGES[name], wanted.sample, wanted.seed, wanted.only)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.txt").write_text("".join(f"{one}\n" for one in result.survivors))
        results.append(result)
    print_table(results)
    if not wanted.only:
        write_page(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
