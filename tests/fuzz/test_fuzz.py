"""Bad input of every kind: a short run of what `make fuzz` does at length.

The examples are the same in every run of the tests, so that a failure is of the change that is
tested and of nothing else. What is new is looked for by `make fuzz`; what that finds becomes a test
of its own, where the thing is tested that was at fault.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.fuzz_ground import Ground
from tests.fuzz.fuzz_laws import ERROR, FaultError, Hang, Outcome, judge
from tests.fuzz.fuzz_process import as_process, bounded
from tests.fuzz.fuzz_targets import TARGETS
from tests.fuzz.fuzz_values import SECRET


@pytest.fixture(scope="module")
def ground():
    with Ground() as made:
        yield made


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_not_changed_is_good(name, ground):
    """Every case to begin with is an input that the laws hold for."""
    for case in TARGETS[name].cases:
        TARGETS[name].hold(case, ground)


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_bad_input_is_one_clear_line(name, ground, data):
    """No input of the target ends in a traceback, an unexpected error, a hang or a secret shown."""
    target = TARGETS[name]
    case = data.draw(st.sampled_from(target.cases))
    dice = data.draw(st.randoms(use_true_random=False))
    target.hold(target.changed(case, dice), ground)


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_a_whole_process_holds_the_laws_too(name, ground, data):
    """As a process of its own the command ends with a status, in at most four lines of errors."""
    target = TARGETS[name]
    case = data.draw(st.sampled_from(target.cases))
    dice = data.draw(st.randoms(use_true_random=False))
    done = ground.hold(target.changed(case, dice), as_process)
    assert len(ERROR.findall(done.errors)) <= 4


LINE = "2026-01-01 | ERROR    | tap-oauth2-generic | "


@pytest.mark.parametrize(
    ("status", "errors", "broken"),
    [
        (1, f"{LINE}unexpected KeyError: 'a' (LOGLEVEL=DEBUG shows where)", "an unexpected error"),
        (1, f'Traceback (most recent call last):\n  File "x"\n{LINE}no', "a traceback"),
        (1, "", "a failure without a word"),
        (139, f"{LINE}no", "exit status 139"),
        (1, f"{LINE}no client {SECRET}7", "a secret is shown"),
        (1, f"{LINE}no \x1b]0;title\x07", "control characters"),
        (1, f"{LINE}{'no' * 2000}", "an error line without end"),
    ],
)
def test_a_broken_law_is_found(status, errors, broken):
    """Each law is broken by what it forbids, and by that alone."""
    judge(Outcome(1, b"", f"{LINE}one clear line"), {f"{SECRET}7"})
    with pytest.raises(FaultError, match=broken):
        judge(Outcome(status, b"", errors), {f"{SECRET}7"})


def test_what_takes_too_long_is_stopped():
    """An input that has used up its time of the processor is stopped, though it would go on."""

    def go_on():
        with bounded(cpu_seconds=0.05):
            while True:
                pass

    with pytest.raises(Hang):
        go_on()
