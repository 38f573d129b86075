"""`make demo`: the embedded API through Meltano into DuckDB, twice, with every number checked.

The Makefile installs Meltano and the plugins first. This stops every process that it started, and
exits with status 1 if a run fails or any number disagrees.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.request import ProxyHandler, Request, build_opener

import duckdb
from meltano_log import fetched_records, parse_line

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".demo" / "last"
API_LOG = WORK / "api.log"
MELTANO_LOG = WORK / "meltano.log"
DATABASE = WORK / "demo.duckdb"

MELTANO = ROOT / ".demo/venv/bin/meltano"
TAP = ROOT / ".meltano/extractors/tap-oauth2-generic/venv/bin/tap-oauth2-generic"
SAMPLE_CONFIG = ROOT / "sample_config.json"

SAMPLE_ADDRESS = "http://127.0.0.1:8765"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
OURS = ("TAP_OAUTH2_GENERIC_", "TARGET_DUCKDB_", "MELTANO_")
START_SECONDS = 30
RUN_SECONDS = 600


class DemoError(Exception):
    """A step failed; `log` is the file with details."""

    def __init__(self, message: str, log: Path) -> None:
        """Keep the log file with the message."""
        super().__init__(message)
        self.log = log


def main() -> int:
    """Run the five steps, and return exit status 0 if all numbers agree."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        with demo_api() as address:
            agreed = pipeline_twice(address)
    except DemoError as error:
        echo(f"\nfailed: {error}. The end of {error.log.relative_to(ROOT)}:\n")
        for line in error.log.read_text().splitlines()[-25:]:
            echo(f"   {parse_line(line)['event']}")
        return 1
    except KeyboardInterrupt:
        echo("\nInterrupted; everything is stopped.")
        return 130
    echo("5. " + ("All numbers agree." if agreed else "The numbers marked ! disagree."))
    echo(f"   Tables: {DATABASE.relative_to(ROOT)}   Log: {MELTANO_LOG.relative_to(ROOT)}")
    return 0 if agreed else 1


def interrupt(_number: int, _frame: object) -> NoReturn:
    """Handle SIGTERM like Ctrl-C, so that all started processes stop."""
    raise KeyboardInterrupt


def pipeline_twice(address: str) -> bool:
    """Load everything, change some rows, load again; return whether all numbers agree."""
    echo(f"1. The demo API is running at {address}")
    config = json.loads(SAMPLE_CONFIG.read_text().replace(SAMPLE_ADDRESS, address))
    streams = [stream["name"] for stream in config["streams"]]
    incremental = {stream["name"] for stream in config["streams"] if "replication_key" in stream}
    environment = environment_for(config)

    echo("2. First `meltano run tap-oauth2-generic target-duckdb`: loads everything")
    fetched = run_meltano(environment, "--refresh-catalog")
    counts = demo_numbers(f"{address}/demo/counts", streams)
    first = table({"in the API": counts, "fetched": fetched, "table rows": row_counts()})

    changed = demo_numbers(f"{address}/demo/change", streams, method="POST")
    echo(f"3. The API changed or added {sum(changed.values())} rows")

    echo("4. Second run: fetches only those rows. `lists` has no bookmark and is fetched in full,")
    echo("   because a task can change while its list does not")
    fetched = run_meltano(environment)
    counts = demo_numbers(f"{address}/demo/counts", streams)
    due = {name: (changed if name in incremental else counts)[name] for name in streams}
    second = table(
        {"changed": changed},
        {"to fetch": due, "fetched": fetched},
        {"in the API": counts, "table rows": row_counts()},
    )
    return first and second


@contextmanager
def demo_api() -> Iterator[str]:
    """Run the embedded API on a free port; yield its address."""
    process = start([str(TAP), "demo", "--port", "0"], os.environ, API_LOG)
    try:
        yield wait_for_address(process)
    finally:
        stop(process)


def wait_for_address(process: subprocess.Popen[bytes]) -> str:
    """Return the address that the API prints when it is ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := ADDRESS.search(API_LOG.read_text()):
            return found.group()
        time.sleep(0.05)
    raise DemoError("the demo API did not start", API_LOG)


def environment_for(config: Mapping[str, object]) -> dict[str, str]:
    """Return an environment with this configuration and none of the caller's settings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    for name, value in config.items():
        plain = value if isinstance(value, str) else json.dumps(value)
        environment[f"TAP_OAUTH2_GENERIC_{name.upper()}"] = plain
    return environment | {
        "TAP_OAUTH2_GENERIC_TOKEN_STORE": f"sqlite:///{WORK / 'tokens.db'}",
        "TARGET_DUCKDB_FILEPATH": str(DATABASE),
        "MELTANO_PROJECT_ROOT": str(ROOT),
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_RUN_STATE_ID_SUFFIX": f"demo-{time.time_ns()}",  # starts with an empty state
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def run_meltano(environment: Mapping[str, str], *options: str) -> Counter[str]:
    """Run the pipeline once; return the number of records that the tap fetched, by stream."""
    command = [str(MELTANO), "--env-file", os.devnull, "--log-format", "json", "run"]
    command += ["--no-install", *options, "tap-oauth2-generic", "target-duckdb"]
    beginning = MELTANO_LOG.stat().st_size if MELTANO_LOG.exists() else 0
    process = start(command, environment, MELTANO_LOG)
    try:
        status = process.wait(RUN_SECONDS)
    except subprocess.TimeoutExpired:
        raise DemoError(f"Meltano took longer than {RUN_SECONDS} s", MELTANO_LOG) from None
    finally:
        stop(process)
    if status != 0:
        raise DemoError(f"Meltano exited with status {status}", MELTANO_LOG)
    return fetched_records(MELTANO_LOG.read_bytes()[beginning:].decode())


def row_counts() -> dict[str, int]:
    """Count the rows of every loaded table."""
    with duckdb.connect(str(DATABASE), read_only=True) as database:
        database.execute("select table_schema, table_name from information_schema.tables")
        return {
            name: database.table(f'"{schema}"."{name}"').count("*").fetchall()[0][0]
            for schema, name in database.fetchall()
        }


def table(*groups: Mapping[str, Mapping[str, int]]) -> bool:
    """Print one line per stream; return whether the columns of each group agree."""
    columns = {title: numbers for group in groups for title, numbers in group.items()}
    names = sorted(set().union(*columns.values()))
    width = max(map(len, (*names, "stream")))
    echo("\n     " + "stream".ljust(width) + "".join(title.rjust(12) for title in columns))
    wrong = {name for name in names if any(differ(group, name) for group in groups)}
    for name in names:
        numbers = "".join(f"{column.get(name, 0):12,}" for column in columns.values())
        echo(f"     {name.ljust(width)}{numbers}{'  !' if name in wrong else ''}")
    echo("")
    return bool(names) and not wrong


def differ(group: Mapping[str, Mapping[str, int]], name: str) -> bool:
    """Return whether the columns of a group disagree about one stream."""
    return len({column.get(name, 0) for column in group.values()}) > 1


def demo_numbers(url: str, names: Collection[str], method: str = "GET") -> dict[str, int]:
    """Return the numbers that the demo API reports for some collections."""
    request = Request(url, method=method)  # noqa: S310 - loopback only
    with build_opener(ProxyHandler({})).open(request, timeout=30) as response:
        numbers = json.load(response)
    return {name: numbers[name] for name in names}


def start(command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command in its own process group; append its output to a log."""
    with log.open("ab") as output:
        return subprocess.Popen(  # nosec B603 # commands of this file
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a command and its children: SIGTERM first, then SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def echo(line: str) -> None:
    """Print a line and flush it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
