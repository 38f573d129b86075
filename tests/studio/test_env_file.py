"""The environment file: whatever a secret is, Meltano and a shell read it as it was typed."""

from __future__ import annotations

import stat
import subprocess

import pytest
from dotenv import dotenv_values

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.studio.env_file import read_env, write_env

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
