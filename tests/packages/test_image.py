"""The Dockerfile: linted, built and run step by step without an engine."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packages.image_steps import Image, context, instructions
from tests.support import ROOT
from tests.support.rotation import RotatingProvider
from tests.support.server import ApiServer

pytestmark = pytest.mark.packages

TEXT = (ROOT / "Dockerfile").read_text()
STORE = "var/lib/tap-oauth2-generic/tokens.sqlite"
OWNER = 10001


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image, made of what the engine is sent; other users may pass the folders above."""
    tried = ["unshare", "--mount", "mount", "--bind", "/usr", "/mnt"]
    if (
        not shutil.which(tried[0])
        or subprocess.run(tried, capture_output=True, check=False).returncode
    ):
        pytest.skip("needs root on Linux, and a kernel that lets it mount folders")
    folder = tmp_path_factory.mktemp("image")
    for above in (folder, *folder.parents[:3]):
        above.chmod(above.stat().st_mode | stat.S_IXOTH)
    return Image(ROOT, folder)


@pytest.fixture
def configure(image, tmp_path):
    """Return a function that mounts a configuration, and starts from an empty volume."""
    (image.stage.root / STORE).unlink(missing_ok=True)

    def write(config):
        (image.stage.root / "config" / "config.json").write_text(json.dumps(config))

    yield write
    (image.stage.root / "config" / "config.json").unlink(missing_ok=True)


@pytest.fixture
def rotating(configure):
    """An API whose refresh tokens are good for one use, and the configuration mounted for it."""
    with ApiServer() as api:
        provider = RotatingProvider(api)
        seed = {"grant_type": "refresh_token", "refresh_token": provider.issue("a")}
        configure(api.config({"name": "items", "path": "items"}, **seed))
        yield provider


def end(process):
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_dockerfile_passes_the_linter():
    linter = Path(sys.executable).with_name("hadolint")
    command = [linter, ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_base_is_pinned_and_the_user_is_fixed():
    """Each base has a tag of one Python and Debian; the last user is no root, and has a number."""
    found = instructions(TEXT)
    bases = [rest.split()[0] for word, rest in found if word == "FROM"]
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+", base) for base in bases)
    assert [rest for word, rest in found if word == "USER"] == [f"{OWNER}:{OWNER}"]


def test_no_secret_can_get_into_a_layer(tmp_path):
    """The engine is sent the package and its metadata alone, and no variable is a setting."""
    for name in (".dockerignore", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (".env", "config.json", "tap_oauth2_generic/.env", "docs/a/b.md", "docs/conf.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert {*context(tmp_path)} == {"pyproject.toml", "docs/a/b.md"}
    tops = {name.split("/")[0] for name in context(ROOT)}
    whole = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert tops == whole | {"docs", "tap_oauth2_generic"}
    assert "TAP_OAUTH2_GENERIC_" not in TEXT
    assert not [rest for word, rest in instructions(TEXT) if word == "ARG"]


def test_container_keeps_its_tokens_in_the_volume(image, rotating):
    """Two runs of the default command, as no root, share the token that the first has stored."""
    for _ in range(2):
        status, output, errors = end(image.start())
        assert status == 0, errors
        assert '"id":"a"' in output
        rotating.expire()
    assert rotating.reused == []
    store = (image.stage.root / STORE).stat()
    assert (store.st_uid, store.st_gid, store.st_mode & 0o777) == (OWNER, OWNER, 0o600)
    (volume,) = image.stage.settings["VOLUME"]
    assert STORE.startswith(volume.strip("/"))
    status, output, _ = image.stage.run("id", "--user")
    assert (status, int(output)) == (0, OWNER)


def test_container_can_write_nothing_but_its_volume(image):
    """Neither the program nor the configuration can be changed from inside."""
    for folder in ("/opt/tap/bin", "/config", "/etc", "/var/lib"):
        assert image.stage.run("touch", f"{folder}/new")[0] != 0, folder
    assert image.stage.run("touch", "/var/lib/tap-oauth2-generic/new")[0] == 0


def test_health_tells_of_configuration_and_store(image, configure):
    """It fails without a configuration, with a wrong one, and when the store cannot be used."""
    assert "cannot read the configuration file" in image.health()[2]
    stream = {"name": "a", "path": "a"}
    valid = {"base_url": "https://a.example.com", "access_token": "x", "streams": [stream]}
    configure({**valid, "base_ur": "x"})
    assert image.health()[0] == 1
    configure(valid)
    status, _, errors = image.health()
    assert status == 0, errors
    volume = image.stage.place(image.stage.settings["VOLUME"][0])
    volume.chmod(0o500)
    for path in volume.iterdir():
        path.unlink()
    try:
        status, _, errors = image.health()
    finally:
        volume.chmod(0o700)
    assert status == 1
    assert "token store" in errors


def test_extras_of_the_image_are_there(image):
    code = "import pyarrow, python_calamine"
    assert image.stage.run("/opt/tap/bin/python", "-c", code)[0] == 0
