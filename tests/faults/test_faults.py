"""Every fault that an answer may have: overcome, or said in one sentence; nothing is lost."""

from __future__ import annotations

import pytest

from tests.faults.fault_bench import ROWS
from tests.faults.fault_kinds import CLOSED, HARMLESS, RETRIED, SAID, once

ALL = {row["id"]: row for row in ROWS}


def assert_said(run, cause=""):
    """One error line, which names stream, page and cause, and exit status 1."""
    assert run.status == 1
    assert "Traceback" not in run.errors
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 2: GET http://127.0.0.1:")
    assert cause in line


def assert_nothing_is_lost(bench):
    """The bookmark lies at what was read, and the next run brings the rest."""
    assert bench.bookmark == ROWS[1]["at"]  # the last one that no record to come may share
    assert bench.taken == {n: ALL[n] for n in (1, 2, 3)}
    bench.proxy.fault = None
    assert bench.run().status == 0
    assert bench.taken == ALL
    assert bench.bookmark == ROWS[-1]["at"]


@pytest.mark.parametrize("fault", RETRIED)
def test_a_passing_fault_is_overcome(bench, fault):
    """What may pass by itself is tried again, and a run does not fail over it."""
    bench.proxy.fault = once(RETRIED[fault])
    run = bench.run()
    assert run.status == 0, run.errors
    assert any("retry 1 of 1" in line for line in run.warnings)
    assert bench.taken == ALL
    assert bench.bookmark == ROWS[-1]["at"]


@pytest.mark.parametrize("fault", RETRIED)
def test_a_fault_that_stays_is_said(bench, fault):
    """What does not pass ends the run in one sentence, and the next run brings the rest."""
    bench.proxy.fault = RETRIED[fault]
    assert_said(bench.run(), "failed after 2 attempts; the last one")
    assert_nothing_is_lost(bench)


@pytest.mark.parametrize("fault", SAID)
def test_an_answer_that_cannot_be_used_is_said(bench, fault):
    """What another try would not mend ends the run at once, and the next run brings the rest."""
    bench.proxy.fault = once(SAID[fault])
    assert_said(bench.run(), " returned ")
    assert_nothing_is_lost(bench)


@pytest.mark.parametrize("fault", HARMLESS)
def test_an_odd_answer_is_read(bench, fault):
    """What is unusual and whole is read as it is, without another try."""
    bench.proxy.fault = HARMLESS[fault]
    run = bench.run()
    assert run.status == 0, run.errors
    assert not run.warnings
    assert {n: record["t"] for n, record in bench.taken.items()} == {
        n: r["t"] for n, r in ALL.items()
    }
    assert bench.bookmark == ROWS[-1]["at"]


@pytest.mark.parametrize("fault", CLOSED)
def test_a_connection_that_is_closed_after_an_answer_is_replaced(bench, fault):
    """What came whole is read; a request that meets the end of its connection is sent again."""
    bench.proxy.fault = CLOSED[fault]
    run = bench.run()
    assert run.status == 0, run.errors
    assert bench.taken == ALL
    assert bench.bookmark == ROWS[-1]["at"]
