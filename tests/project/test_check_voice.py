"""The check of wording finds words that the project avoids, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.fixture
def check(tmp_path):
    """Return a function that checks a checkout of one file and returns its status and lines."""

    def run(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        command = [sys.executable, ROOT / "scripts" / "check_voice.py", tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not done.stderr
        return done.returncode, done.stdout.splitlines()

    return run


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("README.md", "One\n\nwalk two\n", 3),
        ("tap_oauth2_generic/a.py", '"""Read.\n\nThe hole in it.\n"""\n', 3),
        ("tap_oauth2_generic/a.py", "A = 1  # kept for ever\n", 1),
        ("tap_oauth2_generic/a.py", 'raise ValueError(f"{1}: the answer is late")\n', 1),
        ("tap_oauth2_generic/a.py", 'def a():\n    """Give a thing."""\n', 2),
        ("tests/test_a.py", 'def test_a():\n    """A walk ends."""\n', 2),
        ("Makefile", "a: ## Put it beside b\n", 1),
    ],
)
def test_avoided_word_is_named_with_its_line(check, name, content, line):
    status, lines = check(name, content)
    assert status == 1
    assert [found.rpartition(": ")[0] for found in lines] == [f"{name}:{line}"]
    assert "use" in lines[0] or "verb" in lines[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", "A warehouse.\n\n```python\nos.walk(x)\n```\n"),
        ("tap_oauth2_generic/a.py", 'import os\nfor _ in os.walk("answer"):\n    """Read it."""\n'),
        ("tests/test_a.py", 'BODY = "the answer of a server"\n'),
    ],
)
def test_code_and_test_data_are_not_prose(check, name, content):
    assert check(name, content) == (0, [])
