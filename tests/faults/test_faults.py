"""Every fault of a response is overcome or reported in one line, and no record is lost."""

from __future__ import annotations

import pytest

from tests.faults.fault_bench import ROWS
from tests.faults.fault_kinds import CLOSED, HARMLESS, PERMANENT, RETRIED, once

ALL = {row["id"]: row for row in ROWS}


def assert_one_error_line(run, cause=""):
    """Assert exit status 1 and one error line that names stream, page and cause."""
    assert run.status == 1
    assert "Traceback" not in run.errors
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 3: GET http://127.0.0.1:")
    assert cause in line


def assert_nothing_is_lost(bench):
    """The bookmark is at the last safe record, and the next run reads the rest."""
    assert bench.bookmark == ROWS[1]["at"]  # passed on the first page, as the second one showed
    assert bench.taken == {n: ALL[n] for n in range(1, 7)}
    bench.proxy.fault = None
    assert bench.run().status == 0
    assert bench.taken == ALL
    assert bench.bookmark == ROWS[-1]["at"]


@pytest.mark.parametrize("fault", RETRIED)
def test_transient_fault_is_retried(bench, fault):
    bench.proxy.fault = once(RETRIED[fault])
    run = bench.run()
    assert run.status == 0, run.errors
    assert any("retry 1 of 1" in line for line in run.warnings)
    assert bench.taken == ALL
    assert bench.bookmark == ROWS[-1]["at"]


@pytest.mark.parametrize("fault", RETRIED)
def test_lasting_fault_is_reported_after_the_last_retry(bench, fault):
    bench.proxy.fault = RETRIED[fault]
    assert_one_error_line(bench.run(), "failed after 2 attempts; the last one")
    assert_nothing_is_lost(bench)


@pytest.mark.parametrize("fault", PERMANENT)
def test_permanent_fault_fails_without_retry(bench, fault):
    bench.config["max_in_flight"] = 1  # else a refused page is sent again, alone
    bench.proxy.fault = once(PERMANENT[fault])
    assert_one_error_line(bench.run(), " returned ")
    assert_nothing_is_lost(bench)


@pytest.mark.parametrize("fault", HARMLESS)
def test_unusual_complete_response_is_read_without_retry(bench, fault):
    bench.proxy.fault = HARMLESS[fault]
    run = bench.run()
    assert run.status == 0, run.errors
    assert not run.warnings
    assert {n: record["t"] for n, record in bench.taken.items()} == {
        n: r["t"] for n, r in ALL.items()
    }
    assert bench.bookmark == ROWS[-1]["at"]


@pytest.mark.parametrize("fault", CLOSED)
def test_connection_closed_after_a_response_is_replaced(bench, fault):
    bench.proxy.fault = CLOSED[fault]
    run = bench.run()
    assert run.status == 0, run.errors
    assert bench.taken == ALL
    assert bench.bookmark == ROWS[-1]["at"]
