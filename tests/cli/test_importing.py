"""The import command: where a source comes from, where the configuration goes, and the report."""

from __future__ import annotations

import json
import os
import resource
import stat

import pytest

from tap_oauth2_generic.cli.import_file import write_new
from tap_oauth2_generic.errors import InputError
from tests.support.commands import run_program

TOKEN = "token-of-the-browser"
LINE = f"curl -H 'Authorization: Bearer {TOKEN}' https://api.example.com/v1/items?page=1"


@pytest.mark.parametrize("way", ["file", "stdin", "text"])
def test_source_is_a_file_stdin_or_the_text_itself(tmp_path, way):
    """The configuration goes to stdout, the report to stderr, and the secret to neither."""
    path = tmp_path / "line.txt"
    path.write_text(LINE)
    source = {"file": path, "stdin": "-", "text": LINE}[way]
    done = run_program("import", "curl", source, input=LINE if way == "stdin" else "")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["streams"][0]["path"] == "/v1/items"
    assert "TAP_OAUTH2_GENERIC_ACCESS_TOKEN" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_output_is_a_new_file(tmp_path, program):
    """An existing file stays as it is, and the command fails before it reads the source."""
    path = tmp_path / "config.json"
    assert program("import", "curl", LINE, "--output", path).stdout == ""
    written = path.read_text()
    assert json.loads(written)["base_url"] == "https://api.example.com"
    again = program("import", "curl", LINE, "--output", path)
    assert (again.returncode, path.read_text()) == (1, written)
    assert "exists" in again.stderr


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_new_file_has_the_mode_of_the_umask(tmp_path, umask, mode):
    path, before = tmp_path / "config.json", os.umask(umask)
    try:
        write_new(path, "{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("curl", "there is no file 'curl'"),
        ("", "the source is empty"),
        (" \n", "the source is empty"),
        ("wget https://x.example\n", "the line must begin with curl"),
        ("curl -X HEAD https://api.example.com/items", "nothing in the source can be imported"),
        ("curl 'https://api.example.com/items/{id}'", "{id}"),
        ("curl -F a=b https://api.example.com", "form of parts"),
    ],
)
def test_unusable_source_is_one_line(source, message, program):
    done = program("import", "curl", source)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_line_without_its_kind_is_told_where_it_goes(program):
    """The line is not shown: it holds a token."""
    done = program("import", LINE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "import curl 'curl …'" in done.stderr
    assert TOKEN not in done.stderr


def test_secret_that_is_a_word_of_its_variable_does_not_mask_it(program):
    """Sentences are masked all the same."""
    line = "curl -H 'Authorization: Bearer oauth2' https://api.example.com/oauth2"
    done = program("import", "curl", line)
    assert "  - TAP_OAUTH2_GENERIC_ACCESS_TOKEN (the source has it)" in done.stderr
    assert "/oauth2" not in done.stderr


def test_wrong_setting_is_left_out_and_named_as_missing(program):
    done = program("import", "curl", "curl http://api.example.com/items")
    assert done.returncode == 0
    assert "base_url" not in json.loads(done.stdout)
    assert "base_url: must use https" in done.stderr
    assert "to add to the configuration:\n  - setting 'base_url' is required" in done.stderr


def test_strict_fails_if_anything_was_left_out(program):
    """The configuration is written all the same."""
    line = f'{LINE} --json \'{{"api_key": "{TOKEN}", "q": 1}}\''
    for options, status in (((), 0), (("--strict",), 1)):
        done = program("import", "curl", line, *options)
        assert done.returncode == status
        assert json.loads(done.stdout)["streams"][0]["body"] == {"q": 1}
        assert "'api_key'" in done.stderr
        assert TOKEN not in done.stdout + done.stderr


def test_file_that_cannot_be_written_whole_is_not_there(tmp_path):
    """Nor is a part of it; the next import finds a free name."""
    file, before = tmp_path / "config.json", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(InputError, match="cannot write"):
            write_new(file, "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
