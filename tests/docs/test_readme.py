"""README.md from nothing to rows: the commands for an API of one's own, and those for the demo."""

from __future__ import annotations

import re
from html import unescape
from importlib import metadata
from typing import ClassVar

import pytest
import requests
from packaging.requirements import Requirement

from tests.docs.blocks import ROOT, Terminal, blocks, shows
from tests.docs.test_tutorials import PLACES, PLUGINS
from tests.recipes.fake_provider import CLIENT, Provider
from tests.support.dialog import Dialog
from tests.support.login_process import Person

README = ROOT / "README.md"
OWN = [block for block in blocks(README) if block.note in {"own API", "dialog"}]
DEMO = [block for block in blocks(README) if block.note == "demo"]
#: What a reader has done before: the tap, Meltano and its plugins are installed for the tests.
INSTALLS = ("python3 -m venv", ". venv/bin/activate", "pip install", "meltano install")


class OwnApi(Provider):
    """An API of the reader: it needs a login, and shows ten contacts a page."""

    AUTHORIZE_PATH, TOKEN_PATH, ROTATES, SCOPE = "/oauth/authorize", "/oauth/token", True, "read"
    ROWS: ClassVar = [{"id": n, "name": f"Contact {n}"} for n in range(1, 24)]

    def token_response(self, tokens):
        return {**tokens, "token_type": "Bearer", "expires_in": 3600}

    def data(self, seen):
        assert seen.path == "/v1/contacts"
        at = int(seen.query.get("cursor", 0))
        more = at + 10 < len(self.ROWS)
        return {"data": self.ROWS[at : at + 10], "next_cursor": str(at + 10) if more else None}


def commands(found):
    """Return the commands of the blocks; ``&&`` joins two."""
    shown = "".join(block.text for block in found if block.language == "console")
    lines = re.findall(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)$", shown, re.MULTILINE)
    return [one.strip() for line in lines for one in line.split("&&")]


def test_own_api_needs_few_commands_at_the_top():
    """No other page is needed for them: they are in the first 80 lines, in order."""
    assert len(commands(OWN)) <= 8
    assert OWN[-1].line + OWN[-1].text.count("\n") < 80
    assert commands(OWN)[0].startswith("python3 -m venv")


def test_demo_needs_three_commands():
    assert len(commands(DEMO)) == 3


def needed(name):
    """Yield the requirements of an installed package and of those that it needs."""
    for requirement in map(Requirement, metadata.requires(name) or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
            yield from needed(requirement.name)


def test_meltano_and_the_tap_fit_in_one_environment():
    """Each version that Meltano is pinned with is one that the tap's packages accept."""
    lines = (ROOT / "constraints-demo.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and line[0] not in "# "]
    found = {p.name: p.specifier for p in pins if p.marker is None or p.marker.evaluate()}
    both = [one for one in needed("tap-oauth2-generic") if one.name in found]
    assert len(both) > 10
    for one in both:
        (pin,) = found[one.name]
        assert one.specifier.contains(pin.version), one


def follow_dialog(block, terminal, replaced):
    """Type what the block shows after each question, and log in."""
    for line in block.text.splitlines():
        question, _, typed = line.replace(" [meltano]", "").partition(":")
        if question.startswith("Write"):
            address = terminal.wait_for(r"\n\s+(http\S+)\s")[1]
            consent = requests.get(address, allow_redirects=False, timeout=30)
            Person().visit(consent.headers["Location"])
            terminal.wait_for("record 3")
        for shown, used in replaced.items():
            typed = typed.replace(shown, used)
        terminal.answer(question.removesuffix(" (...)"), typed.strip())
    assert terminal.end() == 0, terminal.said
    assert shows(f"...{block.text.splitlines()[0]}\n...", terminal.said)


@pytest.mark.pipelines
def test_readme_leads_to_rows_of_an_own_api(tmp_path, state_home):
    """Each command that does not install is run; `import` is told what the page shows.

    `meltano run` installs the tap into this project, whatever MELTANO_AUTO_INSTALL says.
    """
    loaders = tmp_path / ".meltano" / "loaders"
    loaders.mkdir(parents=True)
    (loaders / "target-duckdb").symlink_to(ROOT / ".meltano" / "loaders" / "target-duckdb")
    with OwnApi() as api, Terminal(tmp_path, {}, PLUGINS) as terminal:
        terminal.env["PIP_CONSTRAINT"] = str(ROOT / "constraints.txt")
        replaced = {f"https://{host}.example.com": api.url for host in ("api", "login")}
        replaced |= {"my-client": CLIENT["client_id"], "my-secret": CLIENT["client_secret"]}
        for block in OWN:
            if block.note == "dialog":
                follow_dialog(block, Dialog(tmp_path, env=terminal.env), replaced)
            else:
                terminal.follow(block, but=(*INSTALLS, "tap-oauth2-generic import"))
        rows = terminal.output.count("Contact ")
    assert rows == len(OwnApi.ROWS)


@pytest.mark.pipelines
def test_readme_leads_to_rows_of_the_demo(tmp_path):
    with Terminal(tmp_path, {}, PLUGINS, PLACES) as terminal:
        for block in DEMO:
            terminal.follow(block)
        assert "2026-01-01 00:00:01" in terminal.output


def test_recording_shows_the_commands_for_the_demo():
    recording = unescape((ROOT / "docs" / "tour.svg").read_text(encoding="utf-8"))
    for command in commands(DEMO):
        assert f">$ {command.splitlines()[0]}</text>" in recording
