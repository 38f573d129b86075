"""The figures of the last run of each tool in each scenario, kept in `results.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparison.verdict import Verdict

PATH = Path(__file__).resolve().parent / "results.json"


@dataclass
class Results:
    """By scenario and tool the verdict, None where it is not possible; by tool its version."""

    verdicts: dict[str, dict[str, Verdict | None]]
    versions: dict[str, str]
    machine: str

    @classmethod
    def load(cls) -> Results:
        """Read the file."""
        found: dict[str, Any] = json.loads(PATH.read_text())
        verdicts = {
            scenario: {peer: values and _verdict(values) for peer, values in by_peer.items()}
            for scenario, by_peer in found["verdicts"].items()
        }
        return cls(verdicts, found["versions"], found["machine"])

    def save(self) -> None:
        """Write the file."""
        verdicts = {
            scenario: {peer: verdict and verdict.to_json() for peer, verdict in by_peer.items()}
            for scenario, by_peer in self.verdicts.items()
        }
        content = {"machine": self.machine, "versions": self.versions, "verdicts": verdicts}
        PATH.write_text(json.dumps(content, indent=1) + "\n")


def _verdict(values: dict[str, Any]) -> Verdict:
    return Verdict(**{**values, "statuses": tuple(values["statuses"])})
