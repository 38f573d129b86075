"""recipes/airflow unchanged, with real Airflow, Meltano, PostgreSQL and demo API."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from itertools import chain
from typing import Any

import psycopg
import pytest
import requests

from tap_oauth2_generic.demo.server import DemoServer
from tests.airflow.airflow_server import INSTALLED, PROGRAMS, READY, ROOT, Airflow
from tests.support.postgres import postgres, programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (READY.exists() and programs()), reason="needs make test-airflow and PostgreSQL"
    ),
]

DAG = "meltano_shards"
PROJECT = ROOT / "recipes" / "airflow"
STATE_ID = "prod:tap-oauth2-generic-to-target-postgres"
SHARDS = 4
# So short that every worker finds the connection's token at its end.
TOKEN_LIFETIME_SECONDS = 3
CLIENT = {"client_id": "demo-client", "client_secret": "demo-secret"}
USER = {"grant_type": "password", "username": "demo", "password": "demo-password"}
ROWS = "select id, region, year, status, currency, cents, ordered_at from shop.orders order by id"


@dataclass
class Scenario:
    """Results of one run without Airflow, and of two runs of the DAG after it."""

    one_run: list[Any]
    rows: list[list[Any]]
    outcomes: list[str]
    tasks: list[list[dict[str, Any]]]
    states: dict[str, str]
    tokens: list[Any]
    written: bytes
    secrets: list[str]

    def runs(self, number):
        """Return the mapped tasks of a DAG run."""
        return [task for task in self.tasks[number] if task["task_id"] == "run"]


def login(demo):
    """Return the refresh token of a connection."""
    answer = requests.post(f"{demo.url}/oauth/token", data={**USER, **CLIENT}, timeout=10)
    return answer.json()["refresh_token"]


def environment(demo, store, refresh_token):
    """Return the environment of all workers: paths and secrets."""
    ours = ("AIRFLOW", "MELTANO_", "TAP_OAUTH2_GENERIC_", "TARGET_POSTGRES_")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(ours)}
    database = store.replace("postgresql:", "postgresql+psycopg:")
    return {
        **kept,
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "MELTANO_PROJECT_ROOT": str(PROJECT),
        "MELTANO_SYS_DIR_ROOT": str(INSTALLED),
        "MELTANO_DATABASE_URI": database,
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "TARGET_POSTGRES_SQLALCHEMY_URL": database,
        "TAP_OAUTH2_GENERIC_BASE_URL": f"{demo.url}/api/v1",
        "TAP_OAUTH2_GENERIC_ACCESS_TOKEN_URL": f"{demo.url}/oauth/token",
        "TAP_OAUTH2_GENERIC_CLIENT_SECRET": CLIENT["client_secret"],
        "TAP_OAUTH2_GENERIC_REFRESH_TOKEN": refresh_token,
        "TAP_OAUTH2_GENERIC_TOKEN_STORE": store,
    }


def run_once(variables):
    """Run the pipeline of the recipe in one process, without Airflow."""
    command = [str(PROGRAMS / "meltano"), "run", "--no-install"]
    command += ["tap-oauth2-generic", "target-postgres"]
    done = subprocess.run(
        command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def plan_fault(demo):
    """Let the second page of one partition fail once, with an error that is not retried."""
    fault = {"having": "year=2024", "after": 1, "times": 1, "status": 400}
    fault["path"] = "/regions/Nord%2FS%C3%BCd/orders"
    requests.post(f"{demo.url}/demo/faults", json=fault, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """One run, then the DAG with a fault for one shard, then the DAG with half of the pool."""
    folder = tmp_path_factory.mktemp("airflow")
    with postgres() as store, DemoServer(port=0, token_lifetime=TOKEN_LIFETIME_SECONDS) as demo:
        refresh_token = login(demo)
        variables = environment(demo, store, refresh_token)
        with psycopg.connect(store, autocommit=True) as database:
            run_once(variables)
            one_run = database.execute(ROWS).fetchall()
            database.execute("truncate shop.orders")
            plan_fault(demo)
            rows, runs = [], []
            with Airflow(folder, variables) as airflow:
                airflow.wait_until_ready(DAG)
                airflow.command("pools", "set", "api_requests", "8", "Requests under way")
                runs.append(airflow.first_run(DAG))
                rows.append(database.execute(ROWS).fetchall())
                airflow.command("pools", "set", "api_requests", "4", "Requests under way")
                runs.append(airflow.run(DAG))
                rows.append(database.execute(ROWS).fetchall())
            found = database.execute("select state_id, completed_state from state").fetchall()
        tokens = [*demo._server.app._issued._refresh.values()]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Scenario(
        one_run=one_run,
        rows=rows,
        outcomes=[outcome for outcome, _ in runs],
        tasks=[tasks for _, tasks in runs],
        states={state_id.removeprefix(STATE_ID): state for state_id, state in found},
        tokens=tokens,
        written=b"".join(path.read_bytes() for path in files),
        secrets=[CLIENT["client_secret"], refresh_token, store.split(":")[2].split("@")[0]],
    )


def at_once(tasks):
    """Return the most tasks that ran at one time."""
    return max(
        sum(other["start_date"] <= task["start_date"] < other["end_date"] for other in tasks)
        for task in tasks
    )


def test_four_shards_load_the_rows_of_one_run(scenario):
    """Even though one of them failed once."""
    assert scenario.outcomes[0] == "success"
    assert len(scenario.runs(0)) == SHARDS
    assert len(scenario.one_run) == 270
    assert scenario.rows[0] == scenario.one_run


def test_only_the_failed_shard_is_retried(scenario):
    tries = {task["rendered_map_index"]: task["try_number"] for task in scenario.runs(0)}
    (faulty,) = [
        f"shard-{number}"
        for number in range(1, SHARDS + 1)
        if {"region": "Nord/Süd", "year": 2024} in contexts(scenario.states[f":shard-{number}"])
    ]
    assert tries == {f"shard-{n}": 1 for n in range(1, SHARDS + 1)} | {faulty: 2}


def test_workers_never_reuse_a_refresh_token(scenario):
    spent = [token.spent for token in scenario.tokens]
    assert len(spent) > SHARDS
    assert (spent[:-1], spent[-1]) == ([True] * (len(spent) - 1), False)
    assert not any(token.family.revoked for token in scenario.tokens)
    assert scenario.outcomes == ["success", "success"]


def test_each_bookmark_is_in_the_state_of_one_shard(scenario):
    names = ["", *(f":shard-{number}" for number in range(1, SHARDS + 1))]
    assert sorted(scenario.states) == names
    of_one_run, *of_shards = [bookmarks(scenario.states[name]) for name in names]
    assert sorted(map(str, chain(*of_shards))) == sorted(map(str, of_one_run))


def test_second_dag_run_changes_no_row(scenario):
    assert scenario.rows[1] == scenario.one_run
    assert [task["try_number"] for task in scenario.runs(1)] == [1] * SHARDS


def test_pool_limits_concurrent_shards(scenario):
    """With four slots, of which each shard takes two, two run at a time."""
    assert at_once(scenario.runs(0)) >= SHARDS - 1
    assert at_once(scenario.runs(1)) == 2


def test_airflow_stores_and_logs_no_secret(scenario):
    assert b"shard-1" in scenario.written
    for secret in scenario.secrets:
        assert secret.encode() not in scenario.written


def bookmarks(state):
    """Return the bookmarks in a state that Meltano saved."""
    partitions = json.loads(state)["singer_state"]["bookmarks"]["orders"]["partitions"]
    return [(one["context"], one["replication_key_value"]) for one in partitions]


def contexts(state):
    return [context for context, _ in bookmarks(state)]
