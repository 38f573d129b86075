"""What the operations guide says of files, bad nights and backups, after real runs.

Its commands are run by test_tutorials.py.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from fnmatch import fnmatch

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.support.commands import PROGRAM, write_config
from tests.support.rotation import RotatingProvider
from tests.support.server import Reply

PAGE = DOCS / "guides" / "operations.md"
FILES = {
    block.note.removeprefix("file: "): block.text
    for block in blocks(PAGE)
    if block.note.startswith("file: ")
}
SCHEMA = {"properties": {"id": {"type": ["string", "integer"]}}}


def section(name):
    """Return the table between two comments of the page, as cells."""
    text = PAGE.read_text(encoding="utf-8").split(f"<!-- {name} -->")[1].split("<!-- /")[0]
    rows = [line.strip("|").split("|") for line in text.strip().splitlines()[2:]]
    return [[cell.strip() for cell in row] for row in rows]


def python(name, *arguments):
    """Run a program of the page."""
    return subprocess.run(
        [sys.executable, "-c", FILES[name], *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(state_home):
    """The tap's state directory."""
    return state_home / "tap-oauth2-generic"


def test_each_file_of_the_state_directory_is_named(api, tap, folder):
    """Looked at before, in and after a renewal, and after a process was killed in a write."""
    found = set()
    provider = RotatingProvider(api)
    respond = api.token

    def token(seen):
        found.update(path.name for path in folder.iterdir())
        return respond(seen)

    api.token = token
    stream = {"name": "items", "path": "items", "schema": SCHEMA}
    tap.ok(
        {**api.config(stream), "grant_type": "refresh_token", "refresh_token": provider.issue("A")}
    )
    with closing(sqlite3.connect(folder / "tokens.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE tap_oauth2_connections SET entry = 'half'")
        found.update(path.name for path in folder.iterdir())
    assert [path.name for path in folder.iterdir()] == ["tokens.sqlite"]
    assert (folder / "tokens.sqlite").stat().st_mode & 0o077 == 0
    named = [row[0].strip("`").replace("…", "*") for row in section("state directory")]
    unnamed = [name for name in found if not any(fnmatch(name, one) for one in named)]
    unseen = [one for one in named if not any(fnmatch(name, one) for name in found)]
    assert (unnamed, unseen) == ([], [])


def interrupt(api, config, folder):
    """Run the tap, and end it by a signal once the API waits."""
    asked, ended = threading.Event(), threading.Event()

    def hang(_):
        asked.set()
        ended.wait(60)
        return []

    api.routes["/items"] = hang
    path = write_config(folder, config)
    process = subprocess.Popen(
        [*PROGRAM, "--config", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert asked.wait(60)
    process.send_signal(signal.SIGTERM)
    status = process.wait(60)
    ended.set()
    return status


NIGHTS = {
    "good": (0, "success", "success"),
    "incomplete": (0, "success", "incomplete"),
    "failed": (1, "failed", "failed"),
    "disconnected": (1, "failed", "failed"),
    "interrupted": (1, "interrupted", None),
    "unchecked": (1, None, None),
}


@pytest.mark.parametrize("night", NIGHTS)
def test_alert_tells_each_night_from_a_good_one(api, tap, tmp_path, night):
    """The exit status of the run, the report and what the page says agree."""
    status, run_status, stream_status = NIGHTS[night]
    report = tmp_path / "report.json"
    stream = {"name": "items", "path": "items", "schema": SCHEMA, "records_path": "data"}
    config = {**api.config(stream), "run_report": str(report), "max_retries": 0}
    api.serve("/items", {"data": [{"id": 1}], "has_more": night == "incomplete"})
    if night == "failed":
        api.serve("/items", Reply({"error": "no"}, 403))
    if night == "disconnected":
        api.token = lambda _: Reply({"error": "invalid_grant"}, 400)
        config |= {"grant_type": "refresh_token", "refresh_token": "revoked-token"}
    if night == "unchecked":
        tap.ok(config)
        old = json.loads(report.read_text()) | {"started_at": "2026-01-01T00:00:00Z"}
        report.write_text(json.dumps(old, indent=2))
        config["nonsense"] = 1
    ended = interrupt(api, config, tmp_path) if night == "interrupted" else tap(config).status
    found = json.loads(report.read_text())
    assert ended == status
    assert run_status in {None, found["status"]}
    assert stream_status in {None, found["streams"][0]["status"]}
    done = python("alert.py", report)
    assert done.returncode == (night != "good"), done.stdout
    assert ("log in with" in done.stdout) is (night == "disconnected")
    assert ("no run has ended" in done.stdout) is (night == "unchecked")
    assert ("the run interrupted" in done.stdout) is (night == "interrupted")
    assert ("items incomplete: paging ended early" in done.stdout) is (night == "incomplete")


def test_each_night_of_the_page_is_tried():
    rows = {row[0]: row for row in section("nights")}
    assert rows.keys() == NIGHTS.keys()
    for name, (status, run_status, _) in NIGHTS.items():
        assert rows[name][1] == str(status)
        assert run_status is None or f"`{run_status}`" in rows[name][2] or name == "disconnected"


@pytest.mark.parametrize("rotates", [True, False])
def test_backup_brings_a_connection_back_unless_its_token_is_spent(
    api, tap, folder, tmp_path, rotates
):
    """Of a provider that rotates, one from before the last renewal is refused, in one line."""
    if rotates:
        provider = RotatingProvider(api)
        seed = provider.issue("A")
    else:
        seed = "lasting-refresh-token"
        api.token = lambda _: {"access_token": "token-of-the-test", "expires_in": 1}
        api.serve("/items", [{"id": "A"}])
    stream = {"name": "items", "path": "items", "schema": SCHEMA}
    config = {**api.config(stream), "grant_type": "refresh_token", "token_leeway": 0}
    store, early, late = folder / "tokens.sqlite", tmp_path / "early", tmp_path / "late"
    for backup in (early, late):
        tap.ok({**config, "refresh_token": seed})
        assert python("copy_store.py", store, backup).returncode == 0
        assert backup.stat().st_mode & 0o077 == 0
        if rotates:
            provider.expire()
    for backup, works in ((late, True), (early, not rotates)):
        store.unlink()
        assert python("copy_store.py", backup, store).returncode == 0
        run = tap(config)
        assert (run.status == 0) is works, run.errors
        if not works:
            assert "log in with" in run.error_lines[-1]


def test_a_name_that_no_file_has_copies_nothing(tmp_path):
    """SQLite would create it, and copy its emptiness over the store."""
    store, missing = tmp_path / "tokens.sqlite", tmp_path / "missing"
    with sqlite3.connect(store) as database:
        database.execute("CREATE TABLE kept (name TEXT)")
    before = store.read_bytes()
    assert python("copy_store.py", missing, store).returncode == 1
    assert store.read_bytes() == before
    assert not missing.exists()
