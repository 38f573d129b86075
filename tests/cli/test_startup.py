"""What a run imports: nothing slow that it does not need."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

SUBCOMMANDS = ("", "login", "preview", "shard")
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


def test_version_imports_nothing_slow():
    """--version imports no library that only some runs need."""
    assert not imported("--version") & set(HEAVY)


def test_lasting_token_imports_no_store(api, tmp_path):
    """A run with a lasting access token imports no database and no cryptography."""
    lasting = {"access_token": "lasting", "access_token_url": None, "grant_type": None}
    path = config(api, tmp_path, **lasting, client_id=None, client_secret=None)
    assert not imported("--config", path) & set(HEAVY)


@pytest.mark.parametrize("name", ["cryptography", "rich", "jwt", "psycopg"])
def test_stored_token_imports_only_the_store(api, tmp_path, name):
    """A run with a stored token imports the database library, and nothing for other grants."""
    there = imported("--config", config(api, tmp_path))
    assert "sqlalchemy" in there
    assert name not in there


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_interrupted_import_prints_no_traceback(command):
    """Ctrl-C while a command is being imported ends it with one word and exit status 1."""
    module = [sys.executable, "-X", "importtime", "-m", "tap_oauth2_generic"]
    telling = [*module, *command.split()]
    with subprocess.Popen(telling, stderr=subprocess.PIPE, text=True) as process:
        assert any("msgspec" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = [line for line in process.stderr if not line.startswith("import time:")]
    assert (process.returncode, said) == (1, ["interrupted\n"])
