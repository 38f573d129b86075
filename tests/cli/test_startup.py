"""What a run imports: nothing slow that it does not need."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.support.commands import run_program

COMMANDS = ("", "login", "preview", "shard --shards 2")
SHOWN = ("", "login", "connections", "preview", "shard", "demo")
#: What importing the SDK brings along, and no run uses.
UNUSED = (
    "fsspec",
    "upath",
    "importlib_metadata",
    "joblib",
    "asyncio",
    "multiprocessing.pool",
    "singer_sdk.target_base",
)
HEAVY = ("sqlalchemy", "cryptography", "rich", "oauthlib", "requests_oauthlib", "jwt", "psycopg")
PROBE = """
import sys
from tap_oauth2_generic.__main__ import run
status = run(sys.argv[1:])
sys.stderr.write("\\nIMPORTED " + " ".join(sorted(sys.modules)))
sys.exit(status)
"""


def imported(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("IMPORTED ")[2].split())


def config(api, tmp_path, **settings):
    api.serve("/items", {"d": [{"id": 1, "at": "2024-01-01T00:00:00Z"}]})
    stream = {"name": "items", "path": "items", "records_path": "d", "replication_key": "at"}
    whole = api.config(stream, **settings)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({n: value for n, value in whole.items() if value is not None}))
    return str(path)


@pytest.mark.parametrize("command", ["--version", *(f"{name} --help" for name in SHOWN)])
def test_version_and_help_import_no_sdk(command):
    """--version and every --help import neither the SDK nor any library of a run."""
    of_run = {"singer_sdk", "requests", "msgspec", "jsonschema", "http.server", "asyncio"}
    assert not imported(*command.split()) & {*HEAVY, *of_run}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_program_shows_what_the_sdk_would(option):
    """--version and --help, without the SDK, print what its own options print."""
    # With another option, the program takes all of them from the SDK.
    of_sdk = run_program(option, "--about")
    shown = run_program(option)
    assert (shown.returncode, shown.stdout) == (0, of_sdk.stdout)


def test_lasting_token_imports_no_store(api, tmp_path):
    """A run with a lasting access token imports no database and no cryptography."""
    lasting = {"access_token": "lasting", "access_token_url": None, "grant_type": None}
    path = config(api, tmp_path, **lasting, client_id=None, client_secret=None)
    assert not imported("--config", path) & {*HEAVY, *UNUSED}


def test_stored_token_imports_only_the_store(api, tmp_path):
    """A run that stores tokens in a SQLite file imports nothing for other stores and grants."""
    there = imported("--config", config(api, tmp_path))
    assert "sqlite3" in there
    assert not there & {*HEAVY, *UNUSED}


@pytest.mark.parametrize("command", COMMANDS)
def test_interrupted_import_prints_no_traceback(command):
    """Ctrl-C while a command is being imported ends it with one line and exit status 1."""
    module = [sys.executable, "-X", "importtime", "-m", "tap_oauth2_generic"]
    telling = [*module, *command.split()]
    with subprocess.Popen(telling, stderr=subprocess.PIPE, text=True) as process:
        assert any("msgspec" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = [line for line in process.stderr if not line.startswith("import time:")]
    # click ends the line of a terminal's ^C first.
    assert (process.returncode, "".join(said).strip()) in {
        (1, "interrupted"), (1, "ERROR: interrupted"),
    }  # fmt: skip


IGNORED = """
import sys
from tap_oauth2_generic.__main__ import main

class Finalized:
    def __del__(self):
        raise KeyboardInterrupt

class Finder:
    def find_spec(self, name, *_):
        if name == "click":
            Finalized()

sys.meta_path.insert(0, Finder())
main()
"""


def test_interrupt_that_python_ignores_ends_the_import():
    """Ctrl-C may come in a finalizer, and importlib has some."""
    ended = subprocess.run(
        [sys.executable, "-c", IGNORED, "--version"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "interrupted\n")
