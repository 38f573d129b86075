"""The lock of a row, next to a SQLite file."""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tap_oauth2_generic.oauth2 import store_lock
from tap_oauth2_generic.oauth2.store_engine import open_database
from tap_oauth2_generic.oauth2.store_lock import RowLock, lock_row

NAME = "main\x1fseed"


@pytest.fixture
def database(state_home):
    return open_database(f"sqlite:///{state_home}/tokens.sqlite")


@pytest.fixture
def path(state_home):
    """The file of the lock, which other versions of the tap lock, too."""
    return state_home / f"tokens.sqlite-{hashlib.sha256(NAME.encode()).hexdigest()[:16]}.lock"


def open_files():
    return len([*Path("/dev/fd").iterdir()])


@contextmanager
def locked(path):
    """Lock the file as another process would."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def test_row_is_locked_against_others_until_it_is_left(database, path):
    """Then its file is gone, and no descriptor is left open."""
    before = open_files()
    with lock_row(database, NAME):
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(BlockingIOError), locked(path):
            pass
    assert not path.exists()
    assert open_files() == before


def test_other_rows_stay_free(database):
    with lock_row(database, NAME), lock_row(database, "main\x1fother"):
        assert len(list(database.path.parent.glob("*.lock"))) == 2


def test_lock_is_released_by_an_error(database, path):
    with pytest.raises(ZeroDivisionError), lock_row(database, NAME):
        raise ZeroDivisionError
    with locked(path):
        pass


def test_file_that_another_process_removes_meanwhile_is_no_error(database, path):
    with lock_row(database, NAME):
        path.unlink()


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_file_is_the_owners_under_any_umask(database, path, umask):
    before = os.umask(umask)
    try:
        with lock_row(database, NAME):
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_lock_that_another_process_holds_is_waited_for(database, path):
    """No descriptor is left of the attempts in between."""
    let_go, seen = threading.Event(), []

    def hold():
        with locked(path):
            held.set()
            let_go.wait(30)

    held = threading.Event()
    holder = threading.Thread(target=hold)
    before = open_files()
    holder.start()
    held.wait(30)
    timer = threading.Timer(0.12, let_go.set)
    timer.start()
    with lock_row(database, NAME):
        seen.append(let_go.is_set())
    holder.join()
    timer.join()
    assert (seen, open_files()) == ([True], before)


def test_lock_that_is_not_released_is_an_error_in_the_end(database, path, monkeypatch):
    monkeypatch.setattr(store_lock, "LOCK_TIMEOUT_SECONDS", 0.01)
    with (
        locked(path),
        pytest.raises(TimeoutError, match=r"\.lock was locked for 0\.01 seconds"),
        lock_row(database, NAME),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
def test_lock_file_of_another_user_is_refused_where_all_may_write(database, path, state_home):
    state_home.chmod(0o1777)
    path.touch()
    os.chown(path, 65534, 65534)
    with pytest.raises(PermissionError, match="belongs to another user"), lock_row(database, NAME):
        pass


def test_link_in_place_of_the_lock_file_is_not_followed(database, path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), lock_row(database, NAME):
        pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("size", [1, 100_000])
def test_space_is_reserved_in_the_file_and_released(database, path, size):
    with lock_row(database, NAME) as lock:
        lock.reserve(size)
        assert path.stat().st_size == size
        lock.release_space()
        assert path.stat().st_size == 0


def test_too_little_space_is_an_error(database):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with lock_row(database, NAME) as lock:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                lock.reserve(100_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lock_without_a_file_reserves_nothing():
    """That of PostgreSQL."""
    lock = RowLock()
    lock.reserve(10)
    lock.release_space()
