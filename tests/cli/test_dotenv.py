"""Secrets of a file named .env: of the current project only, wherever the tap is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import singer_sdk

from tests.support.commands import run_program, write_config

NAME = "TAP_OAUTH2_GENERIC_CLIENT_SECRET"


@pytest.fixture
def sync(api, tmp_path):
    """Sync a configuration without its secret; the SDK lies within another project."""
    api.serve("/items", [{"id": 1}])
    config = api.config({"name": "items", "path": "items"})
    del config["client_secret"]
    installed = tmp_path / "other" / "venv" / "lib"
    installed.mkdir(parents=True)
    (installed / "singer_sdk").symlink_to(Path(singer_sdk.__file__).parent)
    (tmp_path / "other" / ".env").write_text(f"{NAME}=of-another-project\n")
    project = tmp_path / "project" / "folder"
    project.mkdir(parents=True)
    path = write_config(project, config)
    env = {name: value for name, value in os.environ.items() if name != NAME}
    env["PYTHONPATH"] = str(installed)

    def run(*more):
        return run_program("--config", path, *more, cwd=project, env=env)

    return run


@pytest.mark.parametrize("more", [(), ("--config", "ENV")])
def test_file_above_the_installation_is_not_read(api, sync, more):
    sync(*more)
    assert b"client_secret" not in api.requests("/token")[0].content


@pytest.mark.parametrize("folder", ["project/folder", "project"])
def test_file_of_the_current_folder_or_above_is_read(api, sync, tmp_path, folder):
    (tmp_path / folder / ".env").write_text(f"{NAME}=of-this-project\n")
    done = sync()
    assert done.returncode == 0, done.stderr
    assert "of-this-project" in api.requests("/token")[0].content.decode()
