"""Property-based fuzzing: hypothesis draws what is changed, in rounds of ever new seeds."""

from __future__ import annotations

import random
import sys
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.fuzz_ground import Ground
from tests.fuzz.fuzz_targets import TARGETS
from tests.fuzz.fuzz_trial import Trials

_ROUND = 200


def main(name: str, seconds: str, _: str, tried: str) -> None:
    """Fuzz a target for some seconds."""
    warnings.simplefilter("error")
    target = TARGETS[name]
    with Ground() as ground:
        trials = Trials(target, ground, Path(tried))

        @settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(target.cases), st.randoms(use_true_random=False))
        def held(case, dice):
            changed = target.changed(case, dice)
            # Drawn in any case: hypothesis holds that the same draws are made again.
            if trials.seconds < float(seconds):
                trials.hold(changed)

        while trials.seconds < float(seconds):
            seed(random.getrandbits(64))(held)()
        trials.count()


if __name__ == "__main__":
    main(*sys.argv[1:])
