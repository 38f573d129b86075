"""The fenced blocks of a Markdown page, and a terminal in which those of a tutorial run."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT

DOCS = ROOT / "docs"
TIMEOUT_SECONDS = 300
_FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]+?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_OUTPUT = doctest.OutputChecker()
_AS_SHOWN = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# A command of a `console` block, with the lines that a backslash appends.
_COMMAND = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; ``note`` is the HTML comment in the line above it."""

    page: Path
    line: int
    language: str
    note: str
    text: str

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page):
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, m.start()) + 1, m["language"], m["note"] or "", m["text"])
        for m in _FENCE.finditer(text)
    ]


def shows(written, output):
    """Return whether a page shows this output; ``...`` on it stands for anything."""
    return _OUTPUT.check_output(written, output, _AS_SHOWN)


class Terminal:
    """A folder and a shell; each of ``ports`` is replaced by a free one wherever it is written.

    ``output`` is that of the last command.
    """

    def __init__(self, folder, ports, path=(), places=()):
        self.folder = folder
        self._ports = ports
        self._replaced = {**ports, **dict(places)}
        self._background = []
        self.output = ""
        bins = [*map(str, path), str(Path(sys.executable).parent), os.environ["PATH"]]
        browser = f"{sys.executable} -m tests.docs.browser %s &"
        self.env = {
            **os.environ,
            "PATH": os.pathsep.join(bins),
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
            "BROWSER": browser,
            "COLUMNS": "100",
            "NO_COLOR": "1",
            # Older releases of the SDK warn that a Python version will reach its end of life.
            "PYTHONWARNINGS": "ignore",
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._background:
            process.kill()
            process.communicate()

    def follow(self, block, but=()):
        """Do what a reader does at a block: write the file, or run the commands.

        Commands that begin as one of ``but`` are left out.
        """
        if block.note.startswith("file: "):
            path = self.folder / block.note.removeprefix("file: ").partition(",")[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._here(block.text), encoding="utf-8")
        elif block.language == "console":
            for command, shown in _COMMAND.findall(block.text):
                if command.startswith(tuple(but)):
                    continue
                if block.note == "background":
                    self._start(command)
                elif command.startswith("cd "):
                    self.folder = Path(self._here(command.removeprefix("cd ")))
                else:
                    self._run(block, command, shown)
        else:
            assert block.note == "output", f"{block}: neither a file nor commands"

    def _run(self, block, command, shown):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self._here(command)],
            cwd=self.folder, env=self.env, timeout=TIMEOUT_SECONDS, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        output = self.output = done.stdout.decode()
        expected = 1 if block.note == "fails" else 0
        assert done.returncode == expected, f"{block}: {command}\n{output}"
        if shown.strip():
            assert shows(self._here(shown), output), (
                f"{block}: {command}\nshown:\n{shown}\nwritten:\n{output}"
            )

    def _start(self, command):
        """Start the demo, and wait until it prints its first line."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command} --port {self._ports['8765']}"],
            cwd=self.folder, env=self.env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._background.append(process)
        assert process.stdout.readline(), command

    def _here(self, text):
        for written, used in self._replaced.items():
            text = text.replace(str(written), str(used))
        return text
