"""The common path on Windows and macOS.

On Linux each process fakes one (see ``other_platform.py``). Jobs of the workflow run the same tests
on real ones, where nothing is faked.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tap_oauth2_generic.demo.server import DemoServer
from tests.support import ROOT
from tests.support.commands import PROGRAM, TIMEOUT_SECONDS
from tests.support.login_process import Login, Person, config
from tests.support.mcp_session import with_session
from tests.support.rotation import RotatingProvider
from tests.support.studio_process import StudioClient, StudioProcess, saved

FAKED = ["win32", "darwin"] if sys.platform == "linux" else [""]
# The default encoding of text: that of no user is UTF-8 alone.
BARE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
STREAM = {"name": "items", "path": "items", "primary_keys": ["id"]}


class Platform:
    """Runs the program as on a platform."""

    def __init__(self, name, folder):
        script = str(ROOT / "tests" / "platforms" / "other_platform.py")
        self.program = [sys.executable, script, name] if name else PROGRAM
        # A browser that opens nothing.
        self.env = {"BROWSER": f"{Path(sys.executable).as_posix()} -c pass %s"}
        self.store = f"sqlite:///{(folder / 'tokens.sqlite').as_posix()}"
        if name:
            self.env |= BARE
        # What a pipe gets on Windows; a terminal takes any text.
        if name == "win32":
            self.env["PYTHONIOENCODING"] = "cp1252"

    def start(self, *arguments):
        return subprocess.Popen(
            [*self.program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.env},
            # Without its drive, a path of Windows begins here.
            cwd=Path.cwd().anchor,
        )

    def run(self, *arguments):
        """Run the program to its end; return stdout, and fail the test if it fails."""
        return self.end(self.start(*arguments))

    def end(self, process):
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 0, errors.decode()
        return output.decode()


#: What macOS shares with Linux is tried as on Windows alone.
on_one = pytest.mark.parametrize("platform", FAKED[:1], indirect=True)


@pytest.fixture(params=FAKED)
def platform(request, tmp_path):
    return Platform(request.param, tmp_path)


def records(output):
    messages = [json.loads(line) for line in output.splitlines()]
    return [message["record"] for message in messages if message["type"] == "RECORD"]


@pytest.mark.skipif(sys.platform != "linux", reason="the other tests import what they use")
def test_every_module_can_be_imported(platform):
    modules = len(list((ROOT / "tap_oauth2_generic").rglob("*.py")))
    assert int(platform.run("import-all")) > modules * 0.9


def test_login_lasts_over_runs_with_report_and_files(platform, tmp_path):
    """A person logs in over the loopback callback; a day later the run renews the token."""
    now = [time.time()]
    with DemoServer(port=0, clock=lambda: now[0]) as demo:
        kept = {"token_store": platform.store, "run_report": str(tmp_path / "report.json")}
        settings = config(demo.url, scopes="read", **kept)
        login = Login(tmp_path, settings, env=platform.env, program=platform.program)
        page = Person().visit(Person().decide(login.wait_for_address().address))
        assert page.status_code == 200
        assert login.end()[0] == 0
        now[0] += 86400
        path = tmp_path / "config.json"
        assert len(records(platform.run("--config", path))) == 10
        assert json.loads((tmp_path / "report.json").read_text())["status"] == "success"
        files = {"encoding": {"format": "jsonl"}, "storage": {"root": (tmp_path / "out").as_uri()}}
        path.write_text(json.dumps({**settings, "batch_config": files}))
        now[0] += 86400
        lines = [json.loads(line) for line in platform.run("--config", path).splitlines()]
        (batch,) = [line for line in lines if line["type"] == "BATCH"]
        assert batch["manifest"] == [one.as_uri() for one in (tmp_path / "out").iterdir()]
        (written,) = (tmp_path / "out").iterdir()
        assert len(gzip.decompress(written.read_bytes()).splitlines()) == 10
        # Names with letters that the encoding of a pipe lacks.
        shown = platform.run("preview", "--config", path, "--stream", "lists")
        assert "Liste" in shown
        assert "demo-client" in platform.run("connections", "--config", path)


@on_one
def test_processes_that_share_a_chain_refresh_it_once(platform, api, tmp_path):
    """Three processes whose token ends at once spend one refresh token, under the lock of a row."""
    provider = RotatingProvider(api)
    all_there = threading.Barrier(3, action=provider.expire)
    serve, grant = api.routes["/items"], api.token

    def items(seen):
        if len(api.requests("/token")) == 1:
            all_there.wait(TIMEOUT_SECONDS)
        return serve(seen)

    def token(seen):
        time.sleep(0.2)  # in which the others would send theirs
        return grant(seen)

    api.routes["/items"], api.token = items, token
    seed = {"grant_type": "refresh_token", "refresh_token": provider.issue("a")}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.config(STREAM, token_store=platform.store, **seed)))
    started = [platform.start("--config", path) for _ in range(3)]
    assert [len(records(platform.end(one))) for one in started] == [1, 1, 1]
    assert provider.reused == []
    assert len(api.requests("/token")) == 2


def test_studio_serves_its_page_and_saves(platform, tmp_path):
    """The page is there; Save replaces the configuration and writes the secret next to it."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"base_url": "https://a.example.com", "streams": [STREAM]}))
    typed = {"client_id": "me", "client_secret": "ключ", "grant_type": "client_credentials"}
    typed |= {
        "base_url": "https://b.example.com",
        "access_token_url": "https://b.example.com/token",
    }
    with StudioProcess(tmp_path, env=platform.env, program=platform.program) as studio:
        client = StudioClient(studio)
        assert "Connection" in client.get("/").text
        assert client.post("/connection", {**typed, "action": "save"}).ok
    assert saved(tmp_path)["base_url"] == "https://b.example.com"
    assert "ключ" in (tmp_path / ".env").read_text(encoding="utf-8")


@on_one
def test_agents_get_their_tools(platform):
    """The server speaks over stdin and stdout, and ends with them."""
    tools = with_session(lambda session: session.list_tools(), program=platform.program)
    assert "validate_config" in {tool.name for tool in tools.tools}


@on_one
def test_demo_serves_and_ends(platform):
    """A demo tells its address, and ends when it is asked to."""
    demo = platform.start("demo", "--port", "0")
    try:
        assert "http://127.0.0.1:" in "".join(demo.stdout.readline().decode() for _ in range(3))
    finally:
        demo.terminate()
        demo.communicate(timeout=TIMEOUT_SECONDS)
