"""Bad input of every kind: a short run of `make fuzz`.

Every run of the tests has the same examples, so that a failure is caused by the tested change. Only
`make fuzz` searches for new ones; each fault it finds gets a test next to the code at fault.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.fuzz_checks import ERROR, FaultError, Hang, Outcome, check_outcome
from tests.fuzz.fuzz_process import as_process, bounded, client_threads
from tests.fuzz.fuzz_sandbox import Sandbox
from tests.fuzz.fuzz_targets import TARGETS
from tests.fuzz.fuzz_values import SECRET


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


@pytest.mark.parametrize("name", TARGETS)
def test_initial_case_breaks_no_rule(name, sandbox):
    for case in TARGETS[name].cases:
        TARGETS[name].check(case, sandbox)


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=50,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_bad_input_ends_in_one_clear_line(name, sandbox, data):
    """No input leads to a traceback, an unexpected error, a hang or a shown secret."""
    target = TARGETS[name]
    case = data.draw(st.sampled_from(target.cases))
    dice = data.draw(st.randoms(use_true_random=False))
    target.check(target.mutate(case, dice), sandbox)


@pytest.mark.parametrize(
    "name", [one for one in TARGETS if not one.startswith(("import", "studio"))]
)
@settings(
    max_examples=2,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_bad_input_to_a_process_ends_in_at_most_four_lines(name, sandbox, data):
    target = TARGETS[name]
    case = data.draw(st.sampled_from(target.cases))
    dice = data.draw(st.randoms(use_true_random=False))
    done = sandbox.check(target.mutate(case, dice), as_process)
    assert len(ERROR.findall(done.errors)) <= 4


def test_run_ends_with_its_threads(sandbox):
    """A request still in flight would log into the next run, whose secrets are others."""
    case = {**TARGETS["schemas"].cases[0], "responses": [{"status": 400, "body": {}}]}
    (stream,) = case["config"]["streams"]
    streams = [{**stream, "partitions": [{"k": n} for n in range(8)]}]
    before = client_threads()
    done = sandbox.check({**case, "config": {**case["config"], "streams": streams}})
    assert done.status == 1
    assert client_threads() <= before


LINE = "2026-01-01 | ERROR    | tap-oauth2-generic | "


@pytest.mark.parametrize(
    ("status", "errors", "broken"),
    [
        (1, f"{LINE}unexpected KeyError: 'a' (LOGLEVEL=DEBUG shows where)", "an unexpected error"),
        (1, f'Traceback (most recent call last):\n  File "x"\n{LINE}no', "a traceback"),
        (1, "", "a failure without an error line"),
        (139, f"{LINE}no", "exit status 139"),
        (1, f"{LINE}no client {SECRET}7", "a secret is shown"),
        (1, f"{LINE}no \x1b]0;title\x07", "control characters"),
        (1, f"{LINE}{'no' * 2000}", "an error line without end"),
    ],
)
def test_each_broken_rule_is_detected(status, errors, broken):
    check_outcome(Outcome(1, b"", f"{LINE}one clear line"), {f"{SECRET}7"})
    with pytest.raises(FaultError, match=broken):
        check_outcome(Outcome(status, b"", errors), {f"{SECRET}7"})


def test_level_that_is_masked_as_a_secret_is_one():
    check_outcome(Outcome(1, b"", "***: unknown setting 'a'"), set())


def test_input_that_exceeds_its_cpu_time_is_stopped():

    def go_on():
        with bounded(cpu_seconds=0.05):
            while True:
                pass

    with pytest.raises(Hang):
        go_on()
