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

import pytest

from tests.docs.blocks import DOCS, ROOT, Terminal, blocks
from tests.support.login_process import free_port

#: What tutorials write for the demo and for the listener of a login.
PORTS = ("8765", "8400")
#: Folders with further commands, for the tutorials that need Meltano and its loaders.
PLUGINS = (ROOT / ".demo" / "venv" / "bin", ROOT / ".meltano/loaders/target-duckdb/venv/bin")
# The tutorial of the studio is followed in a browser: tests/studio/test_tutorial.py.
WITH_PLUGINS = {"meltano", "plain-target"}
#: What a reader takes from the repository is this folder here.
PLACES = {"/path/to/tap-oauth2-generic": ROOT}


def _tutorials():
    for page in sorted((DOCS / "tutorials").glob("*.md")):
        if page.stem not in {"index", "studio", *WITH_PLUGINS}:
            yield pytest.param(page, (), id=page.stem)
        if page.stem in {*WITH_PLUGINS, "first-sync"}:
            name = f"{page.stem}-to-its-end"
            yield pytest.param(page, PLUGINS, id=name, marks=pytest.mark.pipelines)


@pytest.mark.parametrize(("page", "path"), list(_tutorials()))
def test_every_step_of_a_tutorial_works(tmp_path, page, path):
    """Files are written and commands run in order; each ends and prints as shown.

    Without plugins, a tutorial is followed until it needs Meltano.
    """
    folder = tmp_path / "tutorial"
    folder.mkdir()
    ports = {port: free_port() for port in PORTS}
    with Terminal(folder, ports, path, PLACES) as terminal:
        steps = blocks(page)
        assert steps
        for block in steps:
            if not path and "$ meltano" in block.text:
                break
            terminal.follow(block)


def test_every_command_of_a_guide_works(tmp_path):
    """The commands of three guides work after the first tutorial: its demo, its configuration."""
    ports = {port: free_port() for port in PORTS}
    with Terminal(tmp_path, ports) as terminal:
        (demo, *_, config) = (
            block
            for block in blocks(DOCS / "tutorials" / "first-sync.md")
            if block.note and not block.note.endswith(".yml")
        )
        terminal.follow(demo)
        for name in ("freeze-a-schema", "several-workers", "operations"):
            terminal.follow(config)
            for block in blocks(DOCS / "guides" / f"{name}.md"):
                if block.language == "console" or block.note.startswith("file: "):
                    terminal.follow(block)
