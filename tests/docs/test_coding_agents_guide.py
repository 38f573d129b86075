"""The guide and the skill for coding agents: their configurations start, their commands run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tap_oauth2_generic.agents.tools import TOOLS
from tests.docs.blocks import DOCS, blocks
from tests.support import ROOT
from tests.support.mcp_session import with_session

GUIDE = DOCS / "guides" / "coding-agents.md"
SKILL = ROOT / "skills" / "tap-oauth2-generic" / "SKILL.md"
PAGES = (GUIDE, SKILL)
PROGRAM = "tap-oauth2-generic"
CONTACTS = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}]


def commands(page):
    """Return the commands of the tap that a page names in code, with their arguments."""
    text = page.read_text()
    found = re.findall(rf"`({PROGRAM} [^`]+)`", text)
    return [shlex.split(" ".join(one.split()))[1:] for one in found]


def noted(note):
    """Return the JSON block of the guide below a note."""
    (text,) = (block.text for block in blocks(GUIDE) if block.note == f"{note}, not settings")
    return json.loads(text)


@pytest.fixture
def config(api, tmp_path):
    """The guide's config.json, for a server on loopback, and its secret's file."""
    api.serve("/contacts", CONTACTS)
    secret = tmp_path / "client_secret"
    secret.write_text("secret-of-the-test")
    found = noted("config") | {
        "base_url": api.url,
        "access_token_url": f"{api.url}/token",
        "client_secret_file": str(secret),
    }
    (tmp_path / "config.json").write_text(json.dumps(found))
    return found


def run(arguments, folder):
    command = [sys.executable, "-m", "tap_oauth2_generic", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_client_of_the_guide_starts_the_server_and_follows_its_loop(config, tmp_path):
    """The agent sends streams alone; the secret stays with the person."""
    entry = noted("client")["mcpServers"][PROGRAM]
    assert entry["command"] == PROGRAM
    assert entry["args"][:2] == ["mcp", "--config"]
    given = {"streams": [{"name": "contacts", "path": "/contacts"}]}
    assert json.dumps(given) in " ".join(GUIDE.read_text().split())

    async def work(session):
        asked = {"config": given, "stream": "contacts"}
        made = await session.call_tool("suggest_stream", asked)
        stream = json.loads(made.content[0].text)["stream"]
        asked["config"] = {"streams": [stream]}
        return stream, await session.call_tool("preview", asked)

    stream, result = with_session(work, "--config", str(tmp_path / "config.json"))
    assert stream["primary_keys"] == ["id"]
    assert json.loads(result.content[0].text)["records"] == CONTACTS
    assert "secret-of-the-test" not in str(result)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: Path(page).stem)
def test_commands_of_the_loop_run(page, config, api, tmp_path):
    """Each command that a page names is run as it stands, for a server on loopback."""
    streams = [{"name": "contacts", "path": "/contacts", "primary_keys": ["id"]}]
    written = config | {"streams": streams}
    ran = set()
    for command in commands(page):
        arguments = [one.replace("https://api.example.com", api.url) for one in command]
        (tmp_path / "config.json").write_text(json.dumps(written))
        if arguments[0] == "import":
            (tmp_path / "config.json").unlink()
        if arguments[0] in {"mcp", "login"}:
            # The one serves until its stdin is closed; the other needs a person for this grant.
            arguments += ["--help"]
        done = run(arguments, tmp_path)
        assert done.returncode == 0, (arguments, done.stderr)
        ran |= {arguments[0], *(one for one in arguments if one.startswith("--"))}
    assert {"import", "preview", "login", "mcp", "--schema"} <= ran
    assert json.loads((tmp_path / "contacts.json").read_text())["properties"].keys() == {
        "id",
        "name",
    }


def test_skill_has_the_usual_head():
    """Agents choose it by name and description; the folder has its name."""
    _, head, text = SKILL.read_text().split("---\n", 2)
    found = yaml.safe_load(head)
    assert found.keys() == {"name", "description"}
    assert found["name"] == SKILL.parent.name
    assert len(found["description"]) <= 1024
    steps = re.findall(r"^\d\. \*\*(\w+)", text, re.MULTILINE)
    assert steps == ["Import", "Log", "Suggest", "Preview", "Declare", "Run"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: Path(page).stem)
def test_tools_of_the_page_exist(page):
    """Names with an underscore in code are tools or settings."""
    named = {tool.name for tool in TOOLS}
    spoken = set(re.findall(r"`(\w+_\w+)`", page.read_text())) - {"base_url", "grant_type"}
    spoken -= {"access_token_url", "client_id", "client_secret_file", "start_date"}
    assert {one for one in spoken if one.islower()} <= named
