"""What users see of a run: the live line on a terminal, log lines elsewhere, the summary."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from tap_oauth2_generic.runtime.progress import Progress
from tests.support.commands import send_signal
from tests.support.progress_lines import PAGED, page
from tests.support.server import Reply

COMMAND = [sys.executable, "-m", "tap_oauth2_generic"]
ESCAPE = "\x1b"


@pytest.fixture
def environment(monkeypatch):
    """Allow the live line, whatever the environment of this process is."""
    for name in [name for name in os.environ if name.startswith("MELTANO_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def on_terminal(environment, tmp_path):
    """Run the tap with stderr on a terminal; return status, output and what the terminal saw."""

    def run(config, *, output_too=False, until=None):
        (tmp_path / "config.json").write_text(json.dumps(config))
        terminal, far_end = pty.openpty()
        command = [*COMMAND, "--config", tmp_path / "config.json"]
        with (tmp_path / "output").open("wb") as file:
            process = subprocess.Popen(
                command, stdout=far_end if output_too else file, stderr=far_end
            )
        os.close(far_end)
        seen = ""
        while part := read(terminal):
            seen += part.decode()
            if until and until in seen:
                send_signal(process, signal.SIGTERM)
                until = None
        os.close(terminal)
        status = process.wait()
        return status, (tmp_path / "output").read_text(), seen.replace("\r\n", "\n")

    return run


def read(terminal):
    """Read from a terminal; return nothing once the process has closed its side."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def screen(seen):
    """Return the lines left on a terminal, as far as the live line's control codes go."""
    left, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", seen):
        if part == "\n":
            row += 1
            left += [""] * (row + 1 - len(left))
        elif part == f"{ESCAPE}[2K":
            left[row] = ""
        elif part == f"{ESCAPE}[1A":
            row -= 1
        elif not part.startswith(ESCAPE) and part != "\r":
            left[row] += part
    return left


def test_terminal_shows_a_live_line(api, on_terminal):
    """The line has stream, records, pages, rate, and a wait with its reason.

    After the run it is gone, no log line is broken, and stdout holds messages only.
    """
    api.serve("/items", page(1, 3), Reply({}, 429, {"Retry-After": "1"}), page(2, 3), page(3, 3))
    status, output, seen = on_terminal(api.config(PAGED, max_retries=1))
    assert status == 0, seen
    drawn = re.findall(r"items \(stream 1 of 1\).*? records/s", seen)
    assert any("waits 1 s (rate limit)" in line for line in drawn)
    assert any("· 2 records · 1 page ·" in line for line in drawn)
    left = screen(seen)
    assert not [line for line in left if "records/s" in line]
    assert all(re.match(r"\d{4}-\d\d-\d\d .{12} \|", line) for line in left if " | " in line)
    assert sum("retry 1 of 1" in line for line in left) == 1
    assert sum("6 records on 3 pages" in line for line in left) == 1
    assert [json.loads(line)["type"] for line in output.splitlines()].count("RECORD") == 6


def test_live_line_masks_secrets(api, on_terminal):
    """The line is masked like every log line, even a secret in a stream's name."""
    api.serve("/items", page(1, 1))
    config = api.config({**PAGED, "name": "of-secret-of-the-test"})
    _, _, seen = on_terminal(config)
    assert "of-*** (stream 1 of 1)" in seen
    assert "secret-of-the-test" not in seen


def test_live_line_keeps_the_cursor(api, on_terminal):
    """The cursor is never hidden, since a killed process could not restore it."""
    api.serve("/items", page(1, 1))
    _, _, seen = on_terminal(api.config(PAGED))
    assert "records/s" in seen
    assert f"{ESCAPE}[?25l" not in seen


@pytest.mark.parametrize(
    "variable", [("NO_COLOR", "1"), ("TERM", "dumb"), ("MELTANO_PROJECT_ROOT", "/")]
)
def test_live_line_is_off_outside_a_capable_terminal(api, on_terminal, monkeypatch, variable):
    """NO_COLOR, a dumb terminal and Meltano get log lines without control codes."""
    monkeypatch.setenv(*variable)
    api.serve("/items", page(1, 1))
    status, _, seen = on_terminal(api.config(PAGED))
    assert (status, ESCAPE in seen) == (0, False)
    assert "2 records on 1 page" in seen


def test_live_line_is_off_if_messages_go_to_the_terminal(api, on_terminal):
    """If stdout is the terminal as well, nothing is drawn."""
    api.serve("/items", page(1, 1))
    _, _, seen = on_terminal(api.config(PAGED), output_too=True)
    assert '"type":"RECORD"' in seen
    assert ESCAPE not in seen


def test_pipe_gets_plain_lines_without_importing_rich(api, environment, tmp_path):
    """Without a terminal there is no control code, and rich is not imported."""
    api.serve("/items", page(1, 1))
    (tmp_path / "config.json").write_text(json.dumps(api.config(PAGED)))
    command = [sys.executable, "-X", "importtime", *COMMAND[1:], "--config"]
    run = subprocess.run(
        [*command, tmp_path / "config.json"], capture_output=True, text=True, check=True
    )
    assert ESCAPE not in run.stderr
    assert "2 records on 1 page" in run.stderr
    assert "tap_oauth2_generic.runtime.progress" in run.stderr
    assert not re.search(r"\| +rich\b", run.stderr)


@pytest.mark.parametrize("is_drawn", [False, True])
def test_interrupted_run_logs_its_summary(api, on_terminal, monkeypatch, is_drawn):
    """A signal during a wait leaves the summary, which counts the wait, and no live line."""
    if not is_drawn:
        monkeypatch.setenv("NO_COLOR", "1")
    api.serve("/items", page(1, 2), Reply({}, 429, {"Retry-After": "200"}))
    # Without prefetching, the page before is written when the next one is asked for.
    config = api.config(PAGED, max_retries=1, max_in_flight=1)
    status, output, seen = on_terminal(config, until="waits 2" if is_drawn else "retry 1 of 1")
    assert status == 1
    left = screen(seen)
    assert "records/s" not in "".join(left)
    (summary,) = [line for line in left if " requests, " in line]
    assert re.search(r": 2 records on 1 page; 2 requests, 1 retry; waited \d\.\d s \(rate limit\); "
                     "paging did not finish$", summary)  # fmt: skip
    assert sum("| ERROR" in line for line in left) == 1
    assert [json.loads(line)["type"] for line in output.splitlines()].count("RECORD") == 2


def test_long_stream_logs_its_progress_each_half_minute(clock, caplog):
    """Without a live line, a stream logs one line each half minute."""
    caplog.set_level(logging.INFO, "tap-oauth2-generic")
    stats = Progress(clock).stats("items")
    for _ in range(600):
        stats.records += 10
        stats.page(is_ignored=False)
        clock.now += 0.25
    assert caplog.messages == [
        f"stream 'items': {pages * 10:,} records on {pages} pages so far"
        for pages in (121, 241, 361, 481)
    ]
