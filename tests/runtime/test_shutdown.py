"""A signal during a sync: no line is cut, and nothing that was handed out is lost."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import weakref
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tap_oauth2_generic.runtime.shutdown import Interrupted, SignalGuard, uninterrupted
from tests.support.commands import send_signal
from tests.support.server import Drop, Reply

COMMAND = [sys.executable, "-m", "tap_oauth2_generic"]
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
FIRST = {"name": "first", "path": "first", "schema": SCHEMA, "replication_key": "at"}
PAGED = {"name": "paged", "path": "paged", "schema": SCHEMA, "pagination": {"style": "page_number"}}
BOOKMARK = {"first": {"replication_key": "at", "replication_key_value": "2024-01-01T00:00:00Z"}}
AT_ONCE = 3  # seconds in which a process that was told to end is gone


class FinalizedByMethod:
    """An object that calls a function when it is no longer used."""

    def __init__(self, _, call, argument):
        self._call, self._argument = call, argument

    def __del__(self):
        self._call(self._argument)


class Gate:
    """A point in a response that reports when it is reached, and waits to be opened."""

    def __init__(self, answer):
        self.answer = answer
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _):
        self.reached.set()
        self.opened.wait(60)
        return self.answer


@pytest.fixture
def start(api, tmp_path):
    """Start the tap as a process that ends with the test."""
    api.serve("/first", [{"id": 1, "at": "2024-05-01T00:00:00Z"}])
    started = []

    def popen(*streams, state=None, **settings):
        arguments = []
        for option, content in (("config", api.config(*streams, **settings)), ("state", state)):
            if content is not None:
                path = tmp_path / f"{option}.json"
                path.write_text(json.dumps(content))
                arguments += [f"--{option}", path]
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def gate(api):
    """Hold the second page of the paged stream, after a first page of 200 records."""
    held = Gate(Drop)
    rows = [{"id": number} for number in range(200)]
    api.routes["/paged"] = lambda seen: held(seen) if seen.query["page"] == "2" else rows
    yield held
    held.opened.set()


def insist(process):
    """Send a signal until the process ends: two at once may arrive as one."""
    ends_at = time.monotonic() + AT_ONCE
    while process.poll() is None and time.monotonic() < ends_at:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)


def messages_at_end(process, read=""):
    """Wait for a clean end, and return all messages of the process."""
    killer = threading.Timer(AT_ONCE, process.kill)
    killer.start()
    output, errors = read + process.stdout.read(), process.stderr.read()
    status = process.wait()
    killer.cancel()
    assert status == 1, errors
    assert "Traceback" not in errors
    assert len([line for line in errors.splitlines() if "| ERROR" in line]) == 1
    assert output.endswith("\n") or not output
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_during_a_sync_ends_it_cleanly(start, gate, signum):
    """A signal leaves full lines, the records so far, their STATE, and exit status 1."""
    # Without prefetching, the page before is written when the next one is asked for.
    process = start(FIRST, PAGED, max_in_flight=1)
    assert gate.reached.wait(30)
    send_signal(process, signum)
    messages = messages_at_end(process)
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    bookmark = states[-1]["bookmarks"]["first"]["replication_key_value"]
    assert bookmark == "2024-05-01T00:00:00Z"
    assert "replication_key_value" not in states[-1]["bookmarks"].get("paged", {})
    records = [m["record"]["id"] for m in messages if m.get("stream") == "paged" and "record" in m]
    assert records == list(range(200))


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("waits_for", ["rate_limits", "remaining"])
def test_signal_ends_a_wait_for_an_hour(api, start, in_flight, waits_for):
    """For the budget of a path, or for the reset after which requests are left again."""
    told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"}
    rows = [{"id": number} for number in range(200)]
    api.serve("/paged", Reply(rows, 200, told if waits_for == "remaining" else {}))
    limits = [{"path": "paged", "requests": 1, "per_seconds": 3600}]
    limits = limits if waits_for == "rate_limits" else []
    process = start(PAGED, rate_limits=limits, max_wait=3600, max_in_flight=in_flight)
    read = []
    while not (read and '"id":199' in read[-1]):
        read.append(process.stdout.readline())
        assert read[-1]
    send_signal(process, signal.SIGTERM)
    messages = messages_at_end(process, "".join(read))
    assert sum(message["type"] == "RECORD" for message in messages) == 200
    assert len(api.requests("/paged")) == 1


def test_signal_in_the_first_stream_writes_the_given_state(start, gate):
    """The message points to the last STATE, so there must be one."""
    process = start(PAGED, state={"bookmarks": BOOKMARK})
    assert gate.reached.wait(30)
    send_signal(process, signal.SIGTERM)
    states = [
        message["value"] for message in messages_at_end(process) if message["type"] == "STATE"
    ]
    assert states[-1]["bookmarks"]["first"] == BOOKMARK["first"]


def test_signal_writes_the_throttled_state(api, start):
    """Although a large state is written rarely, a signal writes the newest."""
    gate = Gate(Drop)
    rows = [[{"id": n, "at": f"2024-01-0{n}T00:00:00Z"}] for n in range(1, 6)]
    api.routes["/paged"] = lambda seen: (
        gate(seen) if seen.query["page"] == "6" else rows[int(seen.query["page"]) - 1]
    )
    large = {"other": {"replication_key": "at", "replication_key_value": "x" * 5_000_000}}
    stream = {**PAGED, "replication_key": "at", "incremental": {"order": "asc"}}
    process = start(stream, state={"bookmarks": large}, max_in_flight=1)
    read = []
    while not any("RECORD" in line and '"id":5' in line for line in read):
        read.append(process.stdout.readline())
        assert read[-1]
    assert gate.reached.wait(30)
    send_signal(process, signal.SIGTERM)
    messages = messages_at_end(process, "".join(read))
    gate.opened.set()
    states = [message["value"]["bookmarks"] for message in messages if message["type"] == "STATE"]
    assert states[-1]["paged"]["replication_key_value"] == rows[2][0]["at"]
    assert len(states) <= 3  # the given one, the first of this run, the last


@pytest.mark.parametrize("unbuffered", ["", pytest.param("1")])
def test_signal_does_not_cut_a_line(api, start, monkeypatch, unbuffered):
    """A line longer than a pipe buffer is written to its end, also with PYTHONUNBUFFERED."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    stream = {**PAGED, "schema": {"properties": {"id": {"type": "integer"}, "t": {}}}}
    rows = [{"id": number, "t": "x" * 300_000} for number in range(9)]
    api.serve("/paged", rows, [])
    process = start(stream)
    first = [process.stdout.readline() for _ in range(3)]
    beginning = process.stdout.read(9)  # so that the process is in the middle of a line
    process.send_signal(signal.SIGTERM)
    messages = messages_at_end(process, "".join(first) + beginning)
    assert [m["record"]["id"] for m in messages if m["type"] == "RECORD"] == [0, 1, 2]


def test_signal_during_a_token_request_loses_no_token(api, start, tap):
    """A signal waits until the token that the provider is about to issue is stored."""
    gate = Gate({"access_token": "a-token", "refresh_token": "second", "expires_in": 3600})
    api.token = gate
    settings = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
    process = start(FIRST, **settings)
    assert gate.reached.wait(30)
    send_signal(process, signal.SIGTERM)
    gate.opened.set()
    messages_at_end(process)
    assert tap(api.config(FIRST, **settings)).status == 0
    assert len(api.requests("/token")) == 1


def test_repeated_signal_is_not_deferred(api, start):
    """The second signal ends the process even during a token request."""
    api.token = gate = Gate(Drop)
    process = start(FIRST)
    assert gate.reached.wait(30)
    insist(process)
    messages_at_end(process)
    gate.opened.set()


def test_sigint_and_sigterm_are_not_a_repetition(api, start, tap):
    """Ctrl-C under Meltano sends both: together they lose no token either."""
    gate = Gate({"access_token": "a-token", "refresh_token": "second", "expires_in": 3600})
    api.token = gate
    settings = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
    process = start(FIRST, **settings)
    assert gate.reached.wait(30)
    for signum in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(signum)
    gate.opened.set()
    messages_at_end(process)
    assert tap(api.config(FIRST, **settings)).status == 0
    assert len(api.requests("/token")) == 1


def test_signal_after_a_failure_loses_no_token(api, start, tap):
    """While a failed run waits for the token of another partition, a signal waits, too."""
    gate = Gate({"access_token": "second", "refresh_token": "r-second", "expires_in": 3600})
    first = {"access_token": "first", "refresh_token": "r-first", "expires_in": 3600}
    api.token = lambda seen: gate(seen) if len(api.requests("/token")) > 1 else first

    def paged(seen):
        if seen.query["part"] == "2":
            return Reply({}, 401)
        if seen.query["page"] == "1":
            return [{"id": 1}]
        gate.reached.wait(30)
        return Reply({}, 400)

    api.routes["/paged"] = paged
    settings = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
    settings["on_error"] = "fail"
    parts = {"partitions": {"part": [1, 2]}, "params": {"part": "{partition.part}"}}
    stream = {**PAGED, **parts, "replication_key": "id"}
    process = start(stream, **settings)
    assert gate.reached.wait(30)
    sent = ["", ""]
    while "progress_markers" not in sent[-1]:
        sent.append(process.stdout.readline())
        assert sent[-1]
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    gate.opened.set()
    messages_at_end(process, "".join(sent))
    assert tap(api.config(FIRST, **settings)).status == 0
    assert len(api.requests("/token")) == 2


def is_open(path, process):
    """Return whether a process has a file open."""
    shown = Path(f"/proc/{process.pid}/fd")
    if not shown.is_dir():
        pytest.skip("needs a system that shows the open files of a process")
    return any(one.resolve() == path for one in shown.iterdir())


@pytest.mark.parametrize("stream", [FIRST, {"name": "first", "path": "first"}])
def test_signal_ends_the_wait_for_the_store(api, start, tmp_path, stream):
    """While another process locks the token store, ending at once loses nothing."""
    path = tmp_path / "tokens.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = start(stream, token_store=f"sqlite:///{path}")
        while not is_open(path, process):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        messages_at_end(process)


def test_repeated_signal_ends_a_blocked_write(api, start):
    """A process whose reader no longer reads ends at the second signal."""
    api.routes["/paged"] = lambda seen: [{"id": int(seen.query["page"])}] * 20
    process = start({**PAGED, "replication_key": "id", "incremental": {"order": "asc"}})
    asked = -1
    while asked != len(api.requests("/paged")) or not asked:
        asked = len(api.requests("/paged"))
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(AT_ONCE) == 1
    errors = process.stderr.read()
    assert "Traceback" not in errors
    assert "interrupted by SIGTERM" in errors


def test_signal_ends_the_wait_before_a_retry(api, start):
    api.serve("/first", Reply({}, 503, {"Retry-After": "300"}))
    process = start(FIRST, max_retries=3)
    assert any("retry 1 of 3" in line for line in process.stderr)
    send_signal(process, signal.SIGTERM)
    messages_at_end(process)


def test_signal_ends_the_wait_before_a_token_retry(api, start):
    """Between two token requests nothing can be lost."""
    api.token = lambda _: Reply({}, 503, {"Retry-After": "300"})
    process = start(FIRST, max_retries=3)
    assert any("retry 1 in" in line for line in process.stderr)
    send_signal(process, signal.SIGTERM)
    messages_at_end(process)


def test_signal_is_deferred_to_the_end_of_the_outer_block():
    deferral = SignalGuard()
    reached = []

    def nested():
        with deferral:
            with deferral:
                deferral.handle(signal.SIGTERM)
            reached.append("the end of the inner block")

    with pytest.raises(Interrupted) as caught:
        nested()
    assert (caught.value.name, len(reached)) == ("SIGTERM", 1)


@pytest.mark.parametrize("finalize", [FinalizedByMethod, weakref.finalize], ids=["del", "weakref"])
def test_signal_in_a_finalizer_is_not_lost(monkeypatch, finalize):
    """Python ignores what a finalizer raises, so the next message ends the run."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    deferral, owner = SignalGuard(), threading.Event()
    finalizer = finalize(owner, deferral.handle, signal.SIGTERM)
    del owner, finalizer
    with pytest.raises(Interrupted), deferral:
        pass


def test_next_run_forgets_earlier_signals(api, tap):
    """Two signals in one run do not force the end of the next in the same process."""
    uninterrupted.begin_run()
    for _ in range(2):
        with pytest.raises(Interrupted):
            uninterrupted.handle(signal.SIGTERM)
    api.serve("/first", [{"id": 1, "at": "2024-05-01T00:00:00Z"}])
    run = tap(api.config(FIRST))
    assert run.bookmark("first") == "2024-05-01T00:00:00Z"
    assert not uninterrupted.forced
