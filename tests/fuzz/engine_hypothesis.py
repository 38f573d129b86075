"""Property-based fuzzing: hypothesis draws the mutations, with a new seed each round."""

from __future__ import annotations

import random
import sys
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.fuzz_sandbox import Sandbox
from tests.fuzz.fuzz_targets import TARGETS
from tests.fuzz.fuzz_trial import Trials

_ROUND = 200


def main(name: str, seconds: str, _: str, tried: str) -> None:
    """Fuzz a target for ``seconds``."""
    warnings.simplefilter("error")
    target = TARGETS[name]
    with Sandbox() as sandbox:
        trials = Trials(target, sandbox, Path(tried))

        @settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(target.cases), st.randoms(use_true_random=False))
        def try_one(case, dice):
            changed = target.mutate(case, dice)
            # Drawn in any case: hypothesis requires the same draws when it repeats an example.
            if trials.seconds < float(seconds):
                trials.check(changed)

        while trials.seconds < float(seconds):
            seed(random.getrandbits(64))(try_one)()
        trials.count()


if __name__ == "__main__":
    main(*sys.argv[1:])
