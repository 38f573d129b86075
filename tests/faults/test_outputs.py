"""Full and closed outputs of the subcommands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.commands import PROGRAM, write_config

STREAM = {"name": "items", "path": "items", "partitions": [{"n": 1}, {"n": 2}]}
COMMANDS = {
    "preview": ["preview"],
    "preview as JSON": ["preview", "--json"],
    "shard": ["shard", "--shards", "2"],
    "login": ["login"],
}


@pytest.fixture
def arguments(api, tmp_path):
    """A function that returns a command line with a configuration."""
    api.serve("/items", [{"id": 1}])
    path = write_config(tmp_path, api.config(STREAM))

    def given(name):
        return [*PROGRAM, *COMMANDS[name], "--config", path]

    return given


def assert_one_error_line(done):
    """Assert exit status 1 and one error line about standard output."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert line.startswith("ERROR: stdout ")


@pytest.mark.parametrize("name", COMMANDS)
def test_full_stdout_is_one_error_line_of_every_command(arguments, name):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(arguments(name), stdout=full, stderr=-1, text=True, check=False)
    assert_one_error_line(done)


@pytest.mark.parametrize("name", COMMANDS)
def test_missing_stdout_fails_before_any_request(api, arguments, name):
    command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *arguments(name)]
    assert_one_error_line(subprocess.run(command, stderr=-1, text=True, check=False))
    assert not api.seen
