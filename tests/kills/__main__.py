"""`make kill`: kill runs of each kind by SIGKILL at random moments, and resume them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.kills.figures import table, write_page
from tests.kills.killed_runs import kill_jobs, kill_syncs
from tests.kills.killed_writes import kill_imports, kill_studio

KINDS = {"syncs": kill_syncs, "jobs": kill_jobs, "imports": kill_imports, "studio": kill_studio}


def main() -> int:
    """Kill runs and update the docs; exit with 1 if anything was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="make kill ARGS=…", description=main.__doc__)
    parser.add_argument("--kills", type=int, default=300, help="kills of all kinds (300)")
    parser.add_argument("--kind", choices=KINDS, help="run only this one; the docs stay")
    wanted = parser.parse_args()
    figures = []
    for name in [wanted.kind] if wanted.kind else KINDS:
        share = wanted.kills if wanted.kind else max(wanted.kills // len(KINDS), 1)
        with tempfile.TemporaryDirectory() as folder:
            figures.append(KINDS[name](share, Path(folder)))
    sys.stdout.writelines(table(figures))
    if not wanted.kind:
        write_page(figures)
    return 0 if all(figure.is_good for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
