"""`make fuzz`: try bad input of each target with both engines.

Each pair of engine and target runs in a process of its own, so that a hang or crash stops only one.
Failing inputs are saved to .fuzz/faults; `--again FILE` runs one of them again.
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
    """Fuzz and print the result; exit with 1 if a rule was broken."""
    wanted = _arguments()
    if wanted.again:
        return _again(wanted.again)
    figures: list[Figure] = []
    engines = [*(wanted.engine or ENGINES)]
    if "atheris" in engines and find_spec("atheris") is None:
        print("atheris is not available for this Python or machine; running hypothesis only")
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
        print(f"{faults} inputs broke a rule; see {FOLDER / 'faults'}", file=sys.stderr)
    return 1 if faults else 0


def _again(path: Path) -> int:
    from tests.fuzz.fuzz_sandbox import Sandbox

    case = json.loads(path.read_text())
    with Sandbox() as sandbox:
        TARGETS[case.pop("target")].check(case, sandbox)
    print("no rule is broken")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=main.__doc__)
    parser.add_argument("--target", action="append", choices=TARGETS, help="run only this one")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="run only this one")
    parser.add_argument(
        "--seconds", type=float, default=60, help="seconds for each engine and target (60)"
    )
    parser.add_argument("--again", type=Path, help="run one case of .fuzz/faults again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
