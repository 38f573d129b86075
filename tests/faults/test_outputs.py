"""Full and closed outputs of the subcommands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STREAM = {"name": "items", "path": "items", "partitions": [{"n": 1}, {"n": 2}]}
COMMANDS = {
    "preview": ["preview"],
    "preview as JSON": ["preview", "--json"],
    "shard": ["shard", "--shards", "2"],
    "login": ["login"],
}


@pytest.fixture
def arguments(api, tmp_path):
    """Give the arguments of a command of ours, with a configuration."""
    api.serve("/items", [{"id": 1}])
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.config(STREAM)))

    def given(name):
        return [sys.executable, "-m", "tap_oauth2_generic", *COMMANDS[name], "--config", path]

    return given


def assert_said(done):
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert line.startswith("ERROR: stdout ")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_said_by_every_command(arguments, name):
    """Where standard output takes no more, a command says so in one line and exits with 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(arguments(name), stdout=full, stderr=-1, text=True, check=False)
    assert_said(done)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_output_at_all_is_said_before_anything_is_sent(api, arguments, name):
    """A command that is started without a standard output sends nothing for nobody to see."""
    command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *arguments(name)]
    assert_said(subprocess.run(command, stderr=-1, text=True, check=False))
    assert not api.seen
