"""Secrets that are read from files, as containers mount them."""

from __future__ import annotations

import pytest

STREAM = {"name": "items", "path": "items"}
GRANTS = {
    "client_secret": {},
    "refresh_token": {"grant_type": "refresh_token"},
    "password": {"grant_type": "password", "username": "user"},
    "token_store_key": {},
}


@pytest.fixture
def config(api, tmp_path):
    """Build a configuration that has one secret in a file with this content."""
    api.serve("/items", [{"id": 1}])

    def build(name, content, **settings):
        file = tmp_path / "secret"
        file.write_bytes(content)
        store = {"token_store": f"sqlite:///{tmp_path}/tokens.sqlite"}
        return api.config(
            STREAM, **{**store, **GRANTS[name], name: None, f"{name}_file": str(file), **settings}
        )

    return build


@pytest.mark.parametrize("name", ["client_secret", "refresh_token", "password"])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_secret_is_read_without_its_line_break(api, tap, config, name, ending):
    """One line break at the end is cut off, and nothing else."""
    run = tap.ok(config(name, b" in-the-file\n" + ending))
    expected = " in-the-file\n" if ending else " in-the-file"
    assert api.requests("/token")[0].form[name] == expected
    assert "in-the-file" not in run.errors


def test_key_of_the_store_is_read_from_a_file(tap, tmp_path, config):
    """The file's key encrypts, and the same key as a setting decrypts."""
    tap.ok(config("token_store_key", b"key-in-the-file\n"))
    assert b"token-of-the-test" not in (tmp_path / "tokens.sqlite").read_bytes()
    plain = config("token_store_key", b"", token_store_key="key-in-the-file")
    tap.ok({**plain, "token_store_key_file": None})


@pytest.mark.parametrize("name", GRANTS)
@pytest.mark.parametrize(
    ("content", "settings", "said"),
    [
        (b"\n", {}, "{name}_file: the file"),
        (b"\xff\xfe", {}, "{name}_file: cannot read"),
        (b"x", {"{name}_file": "/nowhere/secret"}, "cannot read '/nowhere/secret'"),
        (b"x", {"{name}": "other-secret"}, "set either {name} or {name}_file, not both"),
    ],
)
def test_unusable_file_is_one_error(api, tap, config, name, content, settings, said):
    """It is one line before any request."""
    given = {key.format(name=name): value for key, value in settings.items()}
    run = tap(config(name, content, **given))
    assert run.status == 1
    assert said.format(name=name) in run.error_lines[0]
    assert not api.seen
