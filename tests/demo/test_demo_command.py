"""The command ``tap-oauth2-generic-demo``, in a process of its own."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from tap_oauth2_generic.demo import DEFAULT_PORT
from tests.support.login_process import free_port

COMMAND = [sys.executable, "-m", "tap_oauth2_generic.demo"]


@contextlib.contextmanager
def running(*arguments, stdout=subprocess.PIPE):
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def banner(process):
    """Read the output at the start, up to its last command."""
    lines = []
    while not lines or "/demo/change" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    return "".join(lines)


def wait_until_served(port):
    """Wait up to a minute until the demo responds."""
    for _ in range(600):
        with contextlib.suppress(requests.ConnectionError):
            assert requests.get(f"http://127.0.0.1:{port}/demo/counts", timeout=5).ok
            return
        time.sleep(0.1)
    pytest.fail("the demo does not answer")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_prints_working_urls_and_stops_on_a_signal(number):
    """A signal ends it with status 0 and no output."""
    with running("--port", "0") as process:
        text = banner(process)
        url = re.search(r"base_url +(http://127\.0\.0\.1:\d+)/api/v1", text)[1]
        assert f"{url}/oauth/token" in text
        assert f"{url}/oauth/authorize" in text
        assert "tap-oauth2-generic --config" in text
        assert requests.get(f"{url}/demo/counts", timeout=5).ok
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_port_in_use_is_one_error_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with running("--port", port) as process:
            output, errors = process.communicate(timeout=10)
    assert (process.returncode, output) == (1, "")
    assert errors.count("\n") == 1
    assert port in errors


@pytest.mark.parametrize("port", ["-1", "65536", "many"])
def test_invalid_port_is_a_usage_error(port):
    with running(f"--port={port}") as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "usage:" in errors
    assert f"must be a number from 0 to 65535, not '{port}'" in errors
    assert "Traceback" not in errors


def test_closed_stdout_does_not_stop_the_demo():
    port = free_port()
    with running("--port", str(port)) as process:
        process.stdout.close()
        wait_until_served(port)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""


def test_default_port_is_that_of_the_sample_configuration():
    assert DEFAULT_PORT == 8765
