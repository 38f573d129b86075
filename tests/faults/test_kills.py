"""A sync with rotating tokens that is interrupted again and again, and resumed."""

from __future__ import annotations

import random
import signal

import pytest

from tests.kills.killed_runs import kill_jobs
from tests.kills.killed_writes import kill_imports, kill_studio
from tests.support.killed_syncs import ROWS_A_RUN, RotatingApi, Syncs

SLOW = pytest.mark.slow


@pytest.fixture
def server(api):
    server = RotatingApi()
    api.token, api.routes["/items"] = server.token, server.items
    return server


def assert_all_is_there(syncs, server):
    """An uninterrupted run reads the rest, and no refresh token was ever used twice."""
    assert 0 < len(syncs.ids) < server.rows
    assert syncs.run("the last run") == 0, syncs.errors
    assert syncs.ids == set(range(server.rows))
    assert syncs.twice == 0
    assert len(server.spent) == len(set(server.spent)) > 1


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=SLOW)])
def test_killed_and_resumed_sync_loses_no_record_and_no_token(api, server, tmp_path, kills):
    moments = random.Random(kills)  # noqa: S311 - the same moments in every test run
    server.rows = kills * ROWS_A_RUN
    syncs = Syncs(api, server, tmp_path)
    for number in range(kills):
        assert syncs.run(f"run {number}", signal.SIGKILL, moments) == -signal.SIGKILL
    assert_all_is_there(syncs, server)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("times", [3, pytest.param(50, marks=SLOW)])
def test_interrupted_and_resumed_sync_loses_no_record_and_no_token(
    api, server, tmp_path, signum, times
):
    """Each interrupted run ends with complete lines and one error line."""
    moments = random.Random(signum)  # noqa: S311 - the same moments in every test run
    server.rows = times * ROWS_A_RUN
    syncs = Syncs(api, server, tmp_path)
    for number in range(times):
        assert syncs.run(f"run {number}", signum, moments) == 1, syncs.errors
        (line,) = [line for line in syncs.errors.splitlines() if "| ERROR" in line]
        assert f"interrupted by {signal.Signals(signum).name}" in line
        assert "Traceback" not in syncs.errors
    assert syncs.cut_lines == 0
    assert_all_is_there(syncs, server)


@pytest.mark.parametrize("campaign", [kill_jobs, kill_imports, kill_studio])
def test_killed_job_import_or_save_leaves_nothing_lost_or_damaged(campaign, tmp_path):
    """A few of the kills of `make kill`."""
    assert campaign(2, tmp_path).is_good
