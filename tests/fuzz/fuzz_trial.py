"""Run one input, count it, and save it if it breaks a rule."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import time
from typing import TYPE_CHECKING, Any

from tests.fuzz.fuzz_checks import FaultError, Hang

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.fuzz_sandbox import Sandbox
    from tests.fuzz.fuzz_targets import Target

# Memory limit; an input that exceeds it ends in a MemoryError, which is a fault.
_MOST_BYTES = 6 * 2**30
_QUOTED = re.compile(r"'[^']*'|\d+")


class Trials:
    """Count the inputs of one campaign, and write the count to a file for it."""

    def __init__(self, target: Target, sandbox: Sandbox, tried: Path) -> None:
        self._target = target
        self._sandbox = sandbox
        self._tried = tried
        self._began = time.monotonic()
        self._known: set[str] = set()
        self.inputs = 0
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        self.count()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def count(self) -> None:
        """Write the count so far."""
        told = {"inputs": self.inputs, "seconds": self.seconds, "faults": len(self._known)}
        self._tried.write_text(json.dumps(told))

    def check(self, case: dict[str, Any]) -> None:
        """Run one input and record a fault."""
        last = self._tried.with_suffix(".last")
        last.write_text(json.dumps({**case, "target": self._target.name}))
        try:
            self._target.check(case, self._sandbox)
        except FaultError as fault:
            self._keep(last, str(fault))
        except Hang as hang:
            self._keep(last, f"hang by {hang}")
        self.inputs += 1
        self.count()

    def _keep(self, last: Path, said: str) -> None:
        """Save the first input of each fault, identified by its last line."""
        line = _QUOTED.sub("_", said.strip().splitlines()[-1].rpartition("|")[2])
        sign = hashlib.sha256(f"{said.partition(';')[0]}{line}".encode()).hexdigest()[:8]
        if sign not in self._known:
            self._known.add(sign)
            name = f"{self._target.name.replace(' ', '-')}-{sign}"
            faults = self._tried.parent / "faults"
            last.replace(faults / f"{name}.json")
            (faults / f"{name}.txt").write_text(said)
            self.count()
