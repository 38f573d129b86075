"""Run every tool in every scenario, and keep the figures in `results.json`."""

from __future__ import annotations

import argparse
import platform
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from comparison.peer import Peer, compare, name, version
from comparison.peers import PEERS
from comparison.report import cell
from comparison.results import PATH, Results
from comparison.scenario import Scenario
from comparison.scenarios import SCENARIOS
from comparison.verdict import Verdict

AT_ONCE = 2


def main() -> None:
    """Run what the options select, and update its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="a tool", choices=[*map(name, PEERS)])
    parser.add_argument("--scenario", action="append", choices=[s.name for s in SCENARIOS])
    parser.add_argument("--keep", help="a new folder for output and logs of all runs", type=Path)
    options = parser.parse_args()
    peers = [peer for peer in PEERS if name(peer) in (options.only or [name(peer)])]
    scenarios = [s for s in SCENARIOS if s.name in (options.scenario or [s.name])]
    results = Results.load() if PATH.exists() else Results({}, {}, "")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as executor:
        root = (options.keep or Path(folder)).resolve()
        pairs = [*product(scenarios, peers)]
        found = executor.map(lambda pair: _run(pair[0], pair[1], root), pairs)
        for (scenario, peer), verdict in zip(pairs, found, strict=True):
            results.verdicts.setdefault(scenario.name, {})[name(peer)] = verdict
    results.versions.update({name(peer): version(peer) for peer in peers})
    results.machine = f"Python {platform.python_version()}, {platform.machine()}"
    results.save()


def _run(scenario: type[Scenario], peer: Peer, root: Path) -> Verdict | None:
    verdict = compare(peer, scenario, root / scenario.name / name(peer))
    print(f"{scenario.name:24} {name(peer):10} {cell(verdict)}", flush=True)  # noqa: T201
    return verdict


if __name__ == "__main__":
    main()
