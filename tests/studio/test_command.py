"""The command: what it imports, and what it says without its extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import sys
from tap_oauth2_generic.__main__ import run
{before}
status = run(sys.argv[1:])
sys.stderr.write("\\nIMPORTED " + " ".join(sorted(sys.modules)))
sys.exit(status)
"""


def probe(*arguments, before=""):
    command = [sys.executable, "-c", PROBE.format(before=before), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--version"], ["preview", "--help"], ["studio", "--help"]])
def test_nothing_but_the_studio_imports_its_packages(arguments):
    done = probe(*arguments)
    assert done.returncode == 0
    there = set(done.stderr.rpartition("IMPORTED ")[2].split())
    assert not there & {"starlette", "uvicorn", "sse_starlette"}


@pytest.mark.parametrize("package", ["dotenv", "jinja2", "sse_starlette", "starlette", "uvicorn"])
def test_missing_extra_is_one_line(package):
    done = probe("studio", before=f"sys.modules[{package!r}] = None")
    assert done.returncode == 1
    line = done.stderr.partition("\n\nIMPORTED")[0].strip()
    assert "\n" not in line
    assert f"not installed ({package}" in line
    assert line.endswith("); run pip install 'tap-oauth2-generic[studio]'")
