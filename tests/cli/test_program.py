"""The program and its subcommands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.commands import run_program

SUBCOMMANDS = ("connections", "demo", "import", "login", "mcp", "preview", "shard", "studio")


def test_help_lists_singer_options_and_subcommands():
    """--help shows the Singer options and one sentence about each subcommand."""
    done = run_program("--help")
    assert done.returncode == 0
    options, _, commands = done.stdout.partition("Commands:\n")
    for option in ("--config", "--discover", "--catalog", "--state", "--test", "--about"):
        assert option in options
    for line, name in zip(commands.splitlines(), SUBCOMMANDS, strict=True):
        assert line.split()[0] == name
        assert line.endswith(".")


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_each_subcommand_has_its_own_help(name):
    """The help of a subcommand names it and shows its own options."""
    done = run_program(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"tap-oauth2-generic {name} [" in done.stdout
    assert {"demo": "--port", "import": "--output"}.get(name, "--config") in done.stdout
    assert "--discover" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["logn"], "No such command 'logn'"),
        (["login", "--confg", "x"], "No such option"),
        (["demo", "--port", "x"], "--port"),
        (["--config", "sample_config.json", "login"], "put the options after 'login'"),
    ],
)
def test_a_wrong_subcommand_or_option_is_a_usage_error(arguments, message):
    """A subcommand that does not exist, or an option in the wrong place, exits with 2."""
    done = run_program(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_subcommand_imports_neither_the_others_nor_the_demo():
    """Only the subcommand that is called is imported."""
    probe = (
        "import sys; from tap_oauth2_generic.__main__ import run; "
        "run(sys.argv[1:]); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, "shard", "--shards", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.split()
    assert "tap_oauth2_generic.cli.shard" in loaded
    for other in ("cli.login", "cli.preview", "cli.suggest", "demo"):
        assert f"tap_oauth2_generic.{other}" not in loaded
