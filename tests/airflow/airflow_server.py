"""A real Airflow in a folder of its own: scheduler, workers and API."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress

import requests

from tests.support import ROOT

PROGRAMS = ROOT / ".airflow" / "venv" / "bin"
INSTALLED = ROOT / ".airflow" / "meltano"
READY = ROOT / ".airflow" / ".installed"
START_SECONDS, RUN_SECONDS = 120, 300
ENDED = {"success", "failed"}


class Airflow:
    """Airflow with the recipe's DAG and pool while the ``with`` block runs."""

    def __init__(self, folder, environment):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        self.log = folder / "airflow.log"
        settings = {
            "API__PORT": str(port),
            "API__BASE_URL": self._url,
            "API__WORKERS": "1",
            "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple"
            ".simple_auth_manager.SimpleAuthManager",
            "CORE__DAGS_FOLDER": str(ROOT / "recipes" / "airflow"),
            "CORE__DEFAULT_TASK_RETRY_DELAY": "1",
            "CORE__EXECUTION_API_SERVER_URL": f"{self._url}/execution/",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__PARALLELISM": "8",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
        }
        self._environment = {
            **environment,
            "AIRFLOW_HOME": str(folder / "airflow"),
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        }
        self._http = requests.Session()
        self._http.trust_env = False

    def __enter__(self):
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(PROGRAMS / "airflow"), "standalone"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)

    def wait_until_ready(self, dag):
        """Wait until the API responds and knows the DAG, and log in."""
        self._until(lambda: self._answers("/api/v2/monitor/health"), START_SECONDS)
        answer = self._http.get(f"{self._url}/auth/token", timeout=10)
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._until(lambda: self._answers(f"/api/v2/dags/{dag}"), START_SECONDS)

    def command(self, *arguments):
        """Run an Airflow command."""
        command = [str(PROGRAMS / "airflow"), *arguments]
        subprocess.run(command, env=self._environment, check=True, capture_output=True)

    def ask(self, method, path, body=None):
        """Send a request to Airflow's API."""
        answer = self._http.request(method, f"{self._url}/api/v2{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def first_run(self, dag):
        """Unpause a DAG, and return the end of its first scheduled run."""
        self.ask("PATCH", f"/dags/{dag}", {"is_paused": False})
        path = f"/dags/{dag}/dagRuns"
        self._until(lambda: self.ask("GET", path)["total_entries"], START_SECONDS)
        return self._end(dag, self.ask("GET", path)["dag_runs"][0]["dag_run_id"])

    def run(self, dag):
        """Run a DAG now, and return its end."""
        run = self.ask("POST", f"/dags/{dag}/dagRuns", {"logical_date": None})
        return self._end(dag, run["dag_run_id"])

    def _end(self, dag, run):
        """Wait for the end of a run; returns its state and task instances."""
        path = f"/dags/{dag}/dagRuns/{run}"
        self._until(lambda: self.ask("GET", path)["state"] in ENDED, RUN_SECONDS)
        tasks = self.ask("GET", f"{path}/taskInstances")["task_instances"]
        return self.ask("GET", path)["state"], tasks

    def _answers(self, path):
        with suppress(requests.ConnectionError):
            return self._http.get(f"{self._url}{path}", timeout=10).ok
        return False

    def _until(self, is_so, seconds):
        deadline = time.monotonic() + seconds
        while not is_so():
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.5)
