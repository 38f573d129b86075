"""The studio's tutorial, step by step in a real browser; `make screenshots` takes its pictures."""

from __future__ import annotations

import json
import os

import pytest

from tap_oauth2_generic.demo.server import DemoServer
from tests.docs.blocks import DOCS, Terminal, blocks
from tests.docs.test_tutorials import PLUGINS
from tests.support.chromium import require_chromium
from tests.support.studio_process import StudioProcess
from tests.support.studio_steps import Reader

require_chromium()

PAGE = DOCS / "tutorials" / "studio.md"
WRITTEN = "http://127.0.0.1:8765"
#: Pictures show the addresses that the tutorial writes, so the demo must have its port.
PICTURES = DOCS / "tutorials" / "studio" if os.environ.get("STUDIO_PICTURES") else None


@pytest.fixture
def demo():
    with DemoServer(port=8765 if PICTURES else 0) as server:
        yield server


@pytest.fixture
def begun(project, config):
    """An empty folder, but for a port of its own for the login."""
    if not PICTURES:
        redirect = {"redirect_uri": config["redirect_uri"]}
        (project / "config.json").write_text(json.dumps(redirect))


@pytest.fixture
def studio(begun, project):
    """The studio with the token store that the terminal of the tutorial has."""
    with StudioProcess(project, env={"XDG_STATE_HOME": str(project / "state")}) as found:
        yield found


@pytest.fixture
def reader(page, demo):
    return Reader(page, PICTURES, {WRITTEN: demo.url})


@pytest.mark.parametrize(
    "path", [(), pytest.param(PLUGINS, marks=pytest.mark.pipelines)], ids=["tap", "to-its-end"]
)
def test_every_step_of_the_tutorial_works(reader, project, path):
    """From a pasted curl line to a saved project, which then syncs; to its end with Meltano."""
    _, _, steps = PAGE.read_text().partition("## Paste a curl line")
    in_studio, _, _ = steps.partition("## Run it")
    reader.follow(in_studio)
    config = json.loads((project / "config.json").read_text())
    assert [stream["name"] for stream in config["streams"]] == ["contacts", "lists", "lists_child"]
    assert "demo-secret" not in json.dumps(config)
    begin = PAGE.read_text().count("\n", 0, PAGE.read_text().index("## Run it"))
    with Terminal(project, {}, path) as terminal:
        for block in (one for one in blocks(PAGE) if one.line > begin):
            if path or "$ meltano" not in block.text:
                terminal.follow(block)


def test_first_records_take_twelve_actions(reader, demo):
    """From an empty folder to records of the demo, logging in included."""
    reader.follow(
        f"| Base URL | `{demo.url}/api/v1` |\n"
        f"| Authorize URL | `{demo.url}/oauth/authorize` |\n"
        f"| Access Token URL | `{demo.url}/oauth/token` |\n"
        "| OAuth Client ID | `demo-client` |\n"
        "| OAuth Client Secret | `demo-secret` |\n"
        "Press **Save and connect**, log in as `demo` with the password `demo-password`, until the "
        "page shows `Connected, valid for`. Open **Request**.\n"
        "| Path | `/contacts` |\n"
        "Press **Send**, and the page shows `data [`."
    )
    assert reader.actions <= 12
