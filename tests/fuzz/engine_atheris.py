"""Coverage-guided fuzzing: atheris keeps inputs that reach new branches, and mutates those.

Inputs are mutated as JSON, by the same function as those of hypothesis.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["tap_oauth2_generic"]):
    from tests.fuzz.fuzz_sandbox import Sandbox
    from tests.fuzz.fuzz_targets import TARGETS
    from tests.fuzz.fuzz_trial import Trials

_LONGEST = 60_000


def main(name: str, seconds: str, corpus: str, tried: str) -> None:
    """Fuzz a target for ``seconds``; libFuzzer ends the process."""
    warnings.simplefilter("error")
    target = TARGETS[name]
    sandbox = Sandbox().__enter__()
    trials = Trials(target, sandbox, Path(tried))

    def check(data: bytes) -> None:
        case = _decoded(data)
        if case is not None:
            trials.check(case)

    def change(data: bytes, most: int, number: int) -> bytes:
        dice = Random(number)  # noqa: S311 - no secret
        case = target.mutate(_decoded(data) or dice.choice(target.cases), dice)
        changed = json.dumps(case).encode()
        return changed if len(changed) <= most else data

    options = {
        "max_total_time": int(float(seconds)),
        "max_len": _LONGEST,
        "timeout": 0,
        "rss_limit_mb": 0,
        "detect_leaks": 0,
        # Inputs that were slow are written here, not into the current folder.
        "artifact_prefix": f"{corpus}-",
        "print_final_stats": 1,
    }
    flags = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, corpus], check, custom_mutator=change)
    atheris.Fuzz()


def _decoded(data: bytes) -> dict[str, object] | None:
    try:
        case = json.loads(data)
    except ValueError:
        return None
    return case if isinstance(case, dict) and "command" in case else None


if __name__ == "__main__":
    main(*sys.argv[1:])
