"""Logging in through Meltano, where `make demo` has installed it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from login_process import Person, config

from tap_oauth2_generic.demo import DemoServer

ROOT = Path(__file__).parent.parent.parent
MELTANO = ROOT / ".demo" / "venv" / "bin" / "meltano"
PLUGIN = ROOT / ".meltano" / "extractors" / "tap-oauth2-generic" / "venv"

pytestmark = pytest.mark.skipif(
    not (MELTANO.exists() and PLUGIN.exists()), reason="needs what make demo installs"
)


def test_the_login_command_runs_before_there_is_any_token(tmp_path):
    """`meltano invoke tap-oauth2-generic:login` logs in, though a catalog is asked for first."""
    with DemoServer(port=0) as demo:
        settings = config(demo.url, token_store=f"sqlite:///{tmp_path}/tokens.sqlite")
        variables = {
            f"TAP_OAUTH2_GENERIC_{name.upper()}": v if isinstance(v, str) else json.dumps(v)
            for name, v in settings.items()
        }
        kept = {n: v for n, v in os.environ.items() if n not in {"BROWSER", "DISPLAY"}}
        process = subprocess.Popen(
            [str(MELTANO), "invoke", "tap-oauth2-generic:login"],
            cwd=ROOT,
            env={**kept, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = ""
        with process:
            for line in process.stdout:
                said += line
                if found := re.search(r"(http://\S+/oauth/authorize\?\S+)", line):
                    person = Person()
                    person.visit(person.decide(found[1]))
        assert process.returncode == 0, said
    assert "is logged in" in said
