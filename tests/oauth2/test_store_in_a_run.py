"""Faults of the token store during a run: between two renewals, and during one."""

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
    """Accept each refresh token once; call ``fault`` once a run, then reject the token."""

    def __init__(self, api):
        self.count, self.received = 0, []
        self.fault = self.meanwhile = lambda: None
        self.filling = ""
        api.token, api.routes["/items"] = self.token, self.items

    def token(self, seen):
        self.received.append(seen.form["refresh_token"])
        if self.received[-1] != f"refresh-{self.count}":
            return Reply({"error": "invalid_grant"}, 400)
        self.count += 1
        self.meanwhile()
        token = {"access_token": f"access-{self.count}", "refresh_token": f"refresh-{self.count}"}
        return {**token, "expires_in": 3600, "filling": self.filling}

    def items(self, seen):
        if seen.headers["Authorization"] != f"Bearer access-{self.count}":
            return Reply({}, 401)
        if seen.query["page"] == "2":
            fault, self.fault = self.fault, None
            if fault:
                fault()
                return Reply({}, 401)
        return [{"id": 1}] if seen.query["page"] == "1" else []


@pytest.fixture
def provider(api):
    return Provider(api)


def test_removed_store_is_created_again(api, tap, provider, path):
    """A store removed during a run gets the renewed token, with mode 0600."""
    config = api.config(STREAM, **SEEDED, token_store=f"sqlite:///{path}")
    provider.fault = lambda: shutil.rmtree(path.parent)
    for _ in range(2):
        tap.ok(config)
    assert provider.received == ["refresh-0", "refresh-1"]
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
def test_replaced_store_is_one_error(api, tap, provider, path, fault):
    """An unusable store is one error line, and no refresh token is used."""
    provider.fault = lambda: fault(path)
    run = tap(api.config(STREAM, **SEEDED, token_store=f"sqlite:///{path}"))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 2: cannot use the token store: ")
    assert "Traceback" not in run.errors
    assert provider.received == ["refresh-0"]


COMMAND = [sys.executable, "-m", "tap_oauth2_generic", "--config"]


def renew_while(provider, config, folder, meanwhile):
    """Run a process that renews its token, and do something while the provider responds."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    # So that the response is longer than the stored entry.
    provider.filling, provider.fault = "x" * 20_000, None
    with subprocess.Popen([*COMMAND, file], stdout=subprocess.DEVNULL, stderr=-1) as process:
        provider.meanwhile = lambda: meanwhile(process.pid)
        errors = process.communicate(timeout=60)[1].decode()
    provider.meanwhile = lambda: None
    assert process.returncode == 0, errors


@pytest.mark.parametrize("key", [{}, {"token_store_key": "key-of-the-test"}])
def test_renewed_token_needs_no_larger_file(api, tap, provider, path, tmp_path, key):
    """Space for the renewed token is reserved before: the store grows no more."""
    config = api.config(STREAM, **SEEDED, token_store=f"sqlite:///{path}", **key)

    def no_larger(pid):
        most = max(one.stat().st_size for one in path.parent.iterdir())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))

    renew_while(provider, config, tmp_path, no_larger)
    tap.ok(config)
    assert provider.received == ["refresh-0"]


@pytest.fixture
def disk(tmp_path):
    """Mount a small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs somebody who may mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_disk_that_fills_up_during_a_renewal_loses_no_token(api, tap, provider, tmp_path, disk):
    """The token is stored though the disk is full from the request on."""
    config = api.config(STREAM, **SEEDED, token_store=f"sqlite:///{disk}/tokens.sqlite")

    def filled(_):
        with (disk / "filling").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 512)

    renew_while(provider, config, tmp_path, filled)
    (disk / "filling").unlink()
    tap.ok(config)
    assert provider.received == ["refresh-0"]


def test_closed_database_connection_loses_no_token(api, tap, provider, tmp_path, postgres_url):
    """The token is stored over another connection if the lock was lost meanwhile."""
    import psycopg

    config = api.config(STREAM, **SEEDED, token_store=postgres_url)

    def gives_up(_):
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
            )

    renew_while(provider, config, tmp_path, gives_up)
    tap.ok(config)
    assert provider.received == ["refresh-0"]
