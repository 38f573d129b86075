"""Every file and command of a tutorial or guide, in order, as a reader would follow it.

A comment in the line above a fenced block says what to do with it:

``<!-- file: config.json -->``  write the block to this file
``<!-- background -->``         start the command of a `console` block, and go on
``<!-- fails -->``              the commands of a `console` block end with status 1
``<!-- output -->``             not followed: the block only shows something

Commands in `console` blocks begin with ``$ ``. The lines after one are its output, standard error
included; ``...`` stands for anything. The ports in PORTS are replaced by free ones.
"""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.docs.blocks import DOCS, ROOT, Terminal, blocks
from tests.support.login_process import free_port

#: What tutorials write for the demo and for the listener of a login.
PORTS = ("8765", "8400")
#: Folders with further commands, for the tutorials that need Meltano and its loaders.
PLUGINS = (ROOT / ".demo" / "venv" / "bin", ROOT / ".meltano/loaders/target-duckdb/venv/bin")
# The tutorial of the studio is followed in a browser: tests/studio/test_tutorial.py.
WITH_PLUGINS = {"README", "meltano", "plain-target"}
#: What a reader takes from the repository is this folder here.
PLACES = {"/path/to/tap-oauth2-generic": ROOT}


def _tutorials():
    for page in (ROOT / "README.md", *sorted((DOCS / "tutorials").glob("*.md"))):
        if page.stem not in {"index", "studio", *WITH_PLUGINS}:
            yield pytest.param(page, (), id=page.stem)
        if page.stem in {*WITH_PLUGINS, "first-sync"}:
            name = f"{page.stem}-to-its-end"
            yield pytest.param(page, PLUGINS, id=name, marks=pytest.mark.pipelines)


def _steps(page):
    """Return the blocks of a tutorial, and only those of the tour in README.md."""
    before, found, rest = page.read_text(encoding="utf-8").partition("<!-- tour -->")
    if not found:
        return blocks(page)
    first = before.count("\n")
    last = first + rest.partition("<!-- /tour -->")[0].count("\n")
    return [block for block in blocks(page) if first < block.line <= last]


@pytest.mark.parametrize(("page", "path"), list(_tutorials()))
def test_every_step_of_a_tutorial_works(tmp_path, page, path):
    """Files are written and commands run in order; each ends and prints as shown.

    Without plugins, a tutorial is followed until it needs Meltano.
    """
    folder = tmp_path / "tutorial"
    folder.mkdir()
    ports = {port: free_port() for port in PORTS}
    with Terminal(folder, ports, path, PLACES) as terminal:
        steps = _steps(page)
        assert steps
        for block in steps:
            if not path and "$ meltano" in block.text:
                break
            terminal.follow(block)


def test_every_command_of_a_guide_works(tmp_path):
    """The commands of two guides work after the first tutorial: its demo, its configuration."""
    ports = {port: free_port() for port in PORTS}
    with Terminal(tmp_path, ports) as terminal:
        (demo, *_, config) = (
            block
            for block in blocks(DOCS / "tutorials" / "first-sync.md")
            if block.note and not block.note.endswith(".yml")
        )
        for block in (demo, config):
            terminal.follow(block)
        for name in ("freeze-a-schema", "several-workers"):
            for block in blocks(DOCS / "guides" / f"{name}.md"):
                if block.language == "console" or block.note.startswith("file: "):
                    terminal.follow(block)


def test_recording_shows_the_tour():
    """docs/tour.svg shows each command of the tour but the demo and the installation."""
    recording = unescape((DOCS / "tour.svg").read_text(encoding="utf-8"))
    for block in _steps(ROOT / "README.md"):
        if block.language == "console" and block.note != "background":
            for command in re.findall(r"^\$ .+", block.text, re.MULTILINE):
                assert f">{command}</text>" in recording or command == "$ meltano install"
