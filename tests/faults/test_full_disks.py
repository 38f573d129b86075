"""Full disks: one error line, before a refresh token is spent, and no truncated output line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.commands import write_config
from tests.support.server import Reply

STREAM = {
    "name": "items",
    "path": "items",
    "schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}},
    "replication_key": "at",
    "incremental": {"order": "asc"},
    "pagination": {"style": "page_number"},
}
# Root can write to a read-only folder unless it drops these capabilities.
READ_ONLY = "import ctypes; [ctypes.CDLL(None).prctl(24, one, 0, 0, 0) for one in (1, 2)]"
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
THEN = "; import os, sys; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
TAP = ["-m", "tap_oauth2_generic", "--config"]


def run(first, *arguments, stdout=subprocess.PIPE):
    """Run a Python program after other statements in the same process."""
    command = [sys.executable, "-c", first + THEN, *arguments]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )


def error_line(done):
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "| ERROR" in line]
    return line


@pytest.fixture
def config(api, tmp_path):
    """A configuration file whose stored token the API no longer accepts."""
    folder = tmp_path / "folder"
    folder.mkdir()
    taken = ["first"]

    def token(_):
        return {"access_token": taken[0], "refresh_token": f"after-{taken[0]}", "expires_in": 3600}

    def items(seen):
        return [] if seen.headers["Authorization"] == f"Bearer {taken[0]}" else Reply({}, 401)

    api.token, api.routes["/items"] = token, items
    seeded = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
    store = f"sqlite:///{folder}/tokens.sqlite"
    path = write_config(tmp_path, api.config(STREAM, token_store=store, **seeded))
    assert run("0", *TAP, path).returncode == 0
    taken[0] = "second"
    api.seen.clear()
    yield path
    folder.chmod(0o700)


@pytest.mark.parametrize("fault", ["a full disk", "a read-only folder"])
def test_unwritable_store_fails_before_a_refresh_token_is_spent(api, config, fault):
    folder = config.parent / "folder"
    if fault == "a full disk":
        done = run(FULL.format(size=0), *TAP, config)
    else:
        folder.chmod(0o500)
        probe = run(READ_ONLY, "-c", f"import os; print(os.access({str(folder)!r}, os.W_OK))")
        if probe.stdout != "False\n":
            pytest.skip("needs a user for whom a folder can be read-only")
        done = run(READ_ONLY, *TAP, config)
    assert "token_store" in error_line(done)
    assert not api.requests("/token")
    folder.chmod(0o700)
    assert run("0", *TAP, config).returncode == 0
    assert [seen.form["refresh_token"] for seen in api.requests("/token")] == ["after-first"]


def test_full_stdout_fails_and_its_last_state_is_valid(api, tmp_path):
    rows = [{"id": n, "at": f"2024-01-01T00:{n // 60:02}:{n % 60:02}Z"} for n in range(3000)]
    api.routes["/items"] = lambda seen: rows[int(seen.query["page"]) * 20 - 20 :][:20]
    path = write_config(tmp_path, api.config(STREAM))
    with (tmp_path / "output").open("w") as output:
        done = run(FULL.format(size=100_000), *TAP, path, stdout=output)
    assert "stdout" in error_line(done)
    lines = (tmp_path / "output").read_bytes().split(b"\n")
    messages = [json.loads(line) for line in lines[:-1]]
    taken = [m["record"]["at"] for m in messages if m["type"] == "RECORD"]
    bookmarks = [m["value"]["bookmarks"] for m in messages if m["type"] == "STATE"]
    states = [known["items"] for known in bookmarks if known]
    assert 0 < len(taken) < 3000
    assert "2024" < states[-1]["replication_key_value"] <= taken[-1]
