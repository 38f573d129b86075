"""The environment file: whatever a secret is, Meltano and a shell read it as it was typed."""

from __future__ import annotations

import json
import resource
import stat
import subprocess

import pytest
from dotenv import dotenv_values

from tap_oauth2_generic.cli.env_file import read_env, write_env
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.studio.project import Project
from tests.support.studio_process import StudioClient, StudioProcess

CONNECTION = {
    "base_url": "http://127.0.0.1:1",
    "access_token_url": "http://127.0.0.1:1/token",
    "grant_type": "client_credentials",
    "client_id": "c",
    "action": "save",
}

SECRETS = [
    "plain",
    "it's",
    "a # b",
    "  spaces around  ",
    "$HOME ${HOME} ${HOME:-x} $$ $(id) !x",
    "'\"${HOME}\\",
    "\\' \\\\ \\n \\",
    "-----BEGIN KEY-----\nabc=\n-----END KEY-----\n",
    '{"X-Key": "a\\"b\'c", "Cookie": "a=b; c=d"}',
    "A=B",
    "`id`",
    "é\u2028😀",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_every_reader_reads_what_was_typed(tmp_path, secret):
    path = tmp_path / ".env"
    write_env(path, {"SECRET": secret, "OTHER": "x"})
    by_shell = subprocess.run(
        ["sh", "-c", 'set -a; . ./.env; set +a; printf "%s|" "$SECRET" "$OTHER"'],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    assert by_shell.stdout.decode() == f"{secret}|x|"
    assert dotenv_values(path)["SECRET"] == read_env(path)["SECRET"] == secret


def test_secret_that_no_quoting_suits_is_refused_without_showing_it(tmp_path):
    with pytest.raises(InputError, match="no quoting of SECRET suits") as raised:
        write_env(tmp_path / ".env", {"SECRET": "it's `hidden`"})
    assert "hidden" not in str(raised.value)
    assert not (tmp_path / ".env").exists()


def test_other_lines_stay_and_only_the_owner_reads(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# mine\nexport A=1\nSECRET='old'\n\nB=2 # note")
    path.chmod(0o644)
    write_env(path, {"SECRET": "new", "C": "3"})
    assert path.read_text() == "# mine\nexport A=1\nSECRET='new'\n\nB=2 # note\nC='3'\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_env(path, {"SECRET": "", "C": ""})
    assert path.read_text() == "# mine\nexport A=1\n\nB=2 # note\n"


def test_line_breaks_of_windows_stay(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"# mine\r\nA=1\r\n")
    write_env(path, {"SECRET": "new"})
    assert path.read_bytes() == b"# mine\r\nA=1\r\nSECRET='new'\n"


def test_environment_file_that_is_not_utf8_keeps_the_pages_open(tmp_path):
    """It is said once on each page; a secret that is typed is neither lost nor written over it."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / ".env").write_bytes(b"A='\xff'\n")
    with StudioProcess(tmp_path) as studio:
        client = StudioClient(studio)
        for path in ("/", "/request", "/streams", "/export"):
            shown = client.get(path)
            assert shown.status_code == 200
            assert shown.text.count("cannot read .env: it is not UTF-8; save it as UTF-8") == 1
            assert "<nav" in shown.text
        refused = client.post("/connection", {**CONNECTION, "client_secret": "s-1"})
        assert "it is not UTF-8" in refused.text
        assert (tmp_path / ".env").read_bytes() == b"A='\xff'\n"
        (tmp_path / ".env").write_text("A='1'\n")
        assert client.post("/connection", CONNECTION).status_code == 200
    assert dotenv_values(tmp_path / ".env")["TAP_OAUTH2_GENERIC_CLIENT_SECRET"] == "s-1"


def test_configuration_that_cannot_be_written_stays_unsaved(tmp_path):
    """Its secrets are in the environment file then, and an old one in the file would win."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"client_secret": "old", "scopes": "x" * 3000}))
    project = Project(path)
    project.change("client_secret", "new")
    project.change("client_id", "me")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(InputError, match=r"cannot write config\.json"):
            project.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert project.is_changed
    assert project.effective()["client_secret"] == "new"
    project.save()
    assert not project.is_changed
    assert json.loads(path.read_text()) == {"scopes": "x" * 3000, "client_id": "me"}
    assert project.effective()["client_secret"] == "new"
