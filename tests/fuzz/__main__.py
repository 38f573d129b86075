"""`make fuzz`: bad input tried at length, target by target, by both engines.

Each pair of engine and target has a process of its own, so that one that hangs or dies is only one.
What breaks a law is kept in .fuzz/faults, as the case that breaks it; `--again FILE` tries it anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.fuzz_report import print_table, write_page
from tests.fuzz.fuzz_run import ENGINES, FOLDER, Figure, campaign
from tests.fuzz.fuzz_targets import TARGETS


def main() -> int:
    """Fuzz, and say what came of it; the exit status is 1 where a law was broken."""
    wanted = _arguments()
    if wanted.again:
        return _again(wanted.again)
    figures: list[Figure] = []
    engines = [*(wanted.engine or ENGINES)]
    if "atheris" in engines and find_spec("atheris") is None:
        print("atheris is not to be had for this Python or machine; hypothesis alone is run")
        engines.remove("atheris")
    for target in wanted.target or TARGETS:
        for engine in engines:
            figures.append(campaign(engine, target, wanted.seconds))
            print(figures[-1].line, flush=True)
    print_table(figures)
    if not wanted.target and not wanted.engine:
        write_page(figures)
    faults = sum(figure.faults for figure in figures)
    if faults:
        print(f"{faults} inputs broke a law; they are in {FOLDER / 'faults'}", file=sys.stderr)
    return 1 if faults else 0


def _again(path: Path) -> int:
    from tests.fuzz.fuzz_ground import Ground

    case = json.loads(path.read_text())
    with Ground() as ground:
        TARGETS[case.pop("target")].hold(case, ground)
    print("no law is broken")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=main.__doc__)
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one")
    parser.add_argument("--seconds", type=float, default=60, help="for each engine and target (60)")
    parser.add_argument("--again", type=Path, help="try one case of .fuzz/faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
