"""What befalls the token store during a run: between two renewals, and in the middle of one."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from tests.support.postgres import postgres, programs
from tests.support.server import Reply

STREAM = {
    "name": "items",
    "path": "items",
    "schema": {"properties": {"id": {"type": "integer"}}},
    "pagination": {"style": "page_number"},
}
SEEDED = {"grant_type": "refresh_token", "refresh_token": "refresh-0", "max_in_flight": 1}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "tokens.sqlite"


class Provider:
    """Refresh tokens serve once; the token is refused, once a run, after ``befalls`` was called."""

    def __init__(self, api):
        self.count, self.spent = 0, []
        self.befalls = self.meanwhile = lambda: None
        self.filling = ""
        api.token, api.routes["/items"] = self.token, self.items

    def token(self, seen):
        self.spent.append(seen.form["refresh_token"])
        if self.spent[-1] != f"refresh-{self.count}":
            return Reply({"error": "invalid_grant"}, 400)
        self.count += 1
        self.meanwhile()
        token = {"access_token": f"access-{self.count}", "refresh_token": f"refresh-{self.count}"}
        return {**token, "expires_in": 3600, "filling": self.filling}

    def items(self, seen):
        if seen.headers["Authorization"] != f"Bearer access-{self.count}":
            return Reply({}, 401)
        if seen.query["page"] == "2":
            befalls, self.befalls = self.befalls, None
            if befalls:
                befalls()
                return Reply({}, 401)
        return [{"id": 1}] if seen.query["page"] == "1" else []


@pytest.fixture
def provider(api):
    return Provider(api)


def test_a_store_that_was_removed_is_made_anew(api, tap, provider, path):
    """A store that is removed during a run takes the renewed token, for its owner's eyes alone."""
    config = api.config(STREAM, **SEEDED, token_store=f"sqlite:///{path}")
    provider.befalls = lambda: shutil.rmtree(path.parent)
    for _ in range(2):
        run = tap(config)
        assert run.status == 0, run.errors
    assert provider.spent == ["refresh-0", "refresh-1"]
    assert path.stat().st_mode & 0o777 == 0o600


def garbage(path):
    path.write_bytes(os.urandom(9000))


def another_schema(path):
    with closing(sqlite3.connect(path)) as database:
        ((table,),) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        database.execute(f"DROP TABLE {table}")
        database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, token TEXT)")
        database.commit()


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("fault", [garbage, another_schema, a_folder])
def test_a_store_that_was_replaced_is_said(api, tap, provider, path, fault):
    """A store that is no store any more is said in one line, and no token is spent for it."""
    provider.befalls = lambda: fault(path)
    run = tap(api.config(STREAM, **SEEDED, token_store=f"sqlite:///{path}"))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 2: cannot use the token store: ")
    assert "Traceback" not in run.errors
    assert provider.spent == ["refresh-0"]


COMMAND = [sys.executable, "-m", "tap_oauth2_generic", "--config"]


def renewed_while(provider, config, folder, meanwhile):
    """Run a process that renews its token, and do something while the provider answers."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    # So that the answer is longer than what is stored by then.
    provider.filling, provider.befalls = "x" * 20_000, None
    with subprocess.Popen([*COMMAND, file], stdout=subprocess.DEVNULL, stderr=-1) as process:
        provider.meanwhile = lambda: meanwhile(process.pid)
        errors = process.communicate(timeout=60)[1].decode()
    provider.meanwhile = lambda: None
    assert process.returncode == 0, errors


@pytest.mark.parametrize("key", [{}, {"token_store_key": "key-of-the-test"}])
def test_a_renewed_token_needs_no_larger_file(api, tap, provider, path, tmp_path, key):
    """What must be stored in the end was made room for before: the store grows no more."""
    config = api.config(STREAM, **SEEDED, token_store=f"sqlite:///{path}", **key)

    def no_larger(pid):
        most = max(one.stat().st_size for one in path.parent.iterdir())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))

    renewed_while(provider, config, tmp_path, no_larger)
    assert tap(config).status == 0
    assert provider.spent == ["refresh-0"]


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs somebody who may mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_during_a_renewal_loses_no_token(api, tap, provider, tmp_path, disk):
    """Though nothing more goes onto the disk from the request on, the token is stored."""
    config = api.config(STREAM, **SEEDED, token_store=f"sqlite:///{disk}/tokens.sqlite")

    def filled(_):
        with (disk / "filling").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 512)

    renewed_while(provider, config, tmp_path, filled)
    (disk / "filling").unlink()
    assert tap(config).status == 0
    assert provider.spent == ["refresh-0"]


@pytest.mark.skipif(programs() is None and not os.environ.get("CI"), reason="needs PostgreSQL")
def test_a_database_that_gives_up_the_connection_loses_no_token(api, tap, provider, tmp_path):
    """A token whose lock was lost while the provider answered is stored over another connection."""
    import psycopg

    with postgres() as url:
        config = api.config(STREAM, **SEEDED, token_store=url)

        def gives_up(_):
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
                )

        renewed_while(provider, config, tmp_path, gives_up)
        assert tap(config).status == 0
    assert provider.spent == ["refresh-0"]
