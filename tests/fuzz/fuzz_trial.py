"""What both engines do with one input: run it, count it, and keep it if it breaks a law."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import time
from typing import TYPE_CHECKING, Any

from tests.fuzz.fuzz_laws import FaultError, Hang

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.fuzz_ground import Ground
    from tests.fuzz.fuzz_targets import Target

# What an input may fill of the memory; beyond that it ends in a MemoryError, which is a fault.
_MOST_BYTES = 6 * 2**30
_QUOTED = re.compile(r"'[^']*'|\d+")


class Trials:
    """Counts the inputs of one campaign, and writes the count where the campaign looks for it."""

    def __init__(self, target: Target, ground: Ground, tried: Path) -> None:
        self._target = target
        self._ground = ground
        self._tried = tried
        self._began = time.monotonic()
        self._known: set[str] = set()
        self.inputs = 0
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        self.count()

    @property
    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self._began

    def count(self) -> None:
        """Write down how far it is."""
        told = {"inputs": self.inputs, "seconds": self.seconds, "faults": len(self._known)}
        self._tried.write_text(json.dumps(told))

    def hold(self, case: dict[str, Any]) -> None:
        """Try one input."""
        last = self._tried.with_suffix(".last")
        last.write_text(json.dumps({**case, "target": self._target.name}))
        try:
            self._target.hold(case, self._ground)
        except FaultError as fault:
            self._keep(last, str(fault))
        except Hang as hang:
            self._keep(last, f"hang by {hang}")
        self.inputs += 1
        self.count()

    def _keep(self, last: Path, said: str) -> None:
        """Keep the first input of each fault, told apart by the last line that was said."""
        line = _QUOTED.sub("_", said.strip().splitlines()[-1].rpartition("|")[2])
        sign = hashlib.sha256(f"{said.partition(';')[0]}{line}".encode()).hexdigest()[:8]
        if sign not in self._known:
            self._known.add(sign)
            name = f"{self._target.name.replace(' ', '-')}-{sign}"
            faults = self._tried.parent / "faults"
            last.replace(faults / f"{name}.json")
            (faults / f"{name}.txt").write_text(said)
            self.count()
