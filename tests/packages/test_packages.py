"""Wheel and source archive, installed without a clone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile

import pytest

from tests.support import ROOT
from tests.support.mcp_session import call
from tests.support.studio_process import StudioClient, StudioProcess

pytestmark = pytest.mark.packages


def run(*command, cwd, **environment):
    """Run a command outside the clone and return its standard output."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(source, folder, *targets):
    """Build with the pinned release of the backend in pyproject.toml."""
    chosen = [word for target in targets for word in ("-t", target)]
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, *chosen, cwd=source)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Source archive and wheel."""
    return build(ROOT, tmp_path_factory.mktemp("dist"), "sdist", "wheel")


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    """The folder in the source archive."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(packages[1]) as archive:
        archive.extractall(folder)  # noqa: S202 - it was built a moment ago
    (inside,) = folder.iterdir()
    return inside


@pytest.fixture(scope="module")
def commands(packages, tmp_path_factory):
    """The commands folder of an environment with the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    run(*pip, packages[0], cwd=folder, PIP_CONSTRAINT=str(ROOT / "constraints.txt"))
    return folder / "bin"


def test_installed_wheel_syncs_from_its_own_demo(commands, tmp_path):
    tap = commands / "tap-oauth2-generic"
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version[1] in run(tap, "--version", cwd=tmp_path)
    about = json.loads(run(tap, "--about", "--format", "json", cwd=tmp_path))
    assert "base_url" in about["settings"]["properties"]
    for command in ("login", "preview"):
        assert "--config" in run(tap, command, "--help", cwd=tmp_path)
    with subprocess.Popen(
        [tap, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as demo:
        try:
            address = next(filter(None, (re.search(r"http://[\d.:]+", li) for li in demo.stdout)))
            sample = (ROOT / "sample_config.json").read_text()
            config = tmp_path / "config.json"
            config.write_text(sample.replace("http://127.0.0.1:8765", address[0]))
            lines = run(tap, "--config", config, cwd=tmp_path, XDG_STATE_HOME=str(tmp_path))
        finally:
            demo.terminate()
    messages = [json.loads(line) for line in lines.splitlines()]
    synced = {message["stream"] for message in messages if message["type"] == "RECORD"}
    assert synced == {stream["name"] for stream in json.loads(sample)["streams"]}


def install_extra(wheel, commands, name, folder):
    """Check that the subcommand of an extra names it where it lacks; install it, return the tap."""
    tap = commands / "tap-oauth2-generic"
    lacking = subprocess.run([tap, name], cwd=folder, capture_output=True, text=True, check=False)
    assert lacking.returncode == 1
    assert f"run pip install 'tap-oauth2-generic[{name}]'" in lacking.stderr
    extra = [commands / "python", "-m", "pip", "install", "--quiet", f"{wheel}[{name}]"]
    run(*extra, cwd=folder, PIP_CONSTRAINT=str(ROOT / "constraints.txt"))
    return tap


def test_studio_opens_from_the_wheel_with_its_extra_alone(packages, commands, tmp_path):
    """Without the extra it is one line; with it, the page and what it loads are there."""
    tap = install_extra(packages[0], commands, "studio", tmp_path)
    with StudioProcess(tmp_path, program=[str(tap)]) as studio:
        client = StudioClient(studio)
        pages = [client.get(path) for path in ("/", "/request", "/streams", "/export")]
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', pages[0].text)
        assert len(files) > 1
        assert {found.status_code for found in [*pages, *map(client.get, files)]} == {200}
        installed = f"pip_url: &#34;{packages[0]}&#34;"
        assert installed in pages[-1].text


def test_tools_of_agents_come_with_their_extra_alone(packages, commands, tmp_path):
    """Without the extra it is one line; with it, each tool is there and finds the documentation."""
    tap = install_extra(packages[0], commands, "mcp", tmp_path)
    checked, found = call(
        ("validate_config", {"config": json.loads((ROOT / "sample_config.json").read_text())}),
        ("search_docs", {"query": "token store key encrypts"}),
        program=[str(tap)],
    )
    assert json.loads(checked.content[0].text)["valid"]
    pages = [one["page"] for one in json.loads(found.content[0].text)["sections"]]
    assert "guides/token-store.md" in pages


def test_wheel_contains_only_the_typed_package_and_its_presets(packages):
    with zipfile.ZipFile(packages[0]) as wheel:
        names = set(wheel.namelist())
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tap_oauth2_generic"}
    assert "tap_oauth2_generic/py.typed" in names
    in_clone = (ROOT / "tap_oauth2_generic").rglob("*.*")
    kept = [path for path in in_clone if path.suffix in {".py", ".json", ".html", ".css", ".js"}]
    assert {path.relative_to(ROOT).as_posix() for path in kept} <= names
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    kept = {f"tap_oauth2_generic/{page}" for page in pages if "/development/" not in page}
    assert kept == {name for name in names if name.startswith("tap_oauth2_generic/docs/")}


def test_source_archive_builds_the_same_wheel(packages, unpacked, tmp_path):
    (again,) = build(unpacked, tmp_path / "dist", "wheel")
    with zipfile.ZipFile(packages[0]) as one, zipfile.ZipFile(again) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {
            i.filename: i.CRC for i in other.infolist()
        }


def test_tests_run_from_the_source_archive(unpacked):
    """All are collected; those of documents and recipe files pass."""
    pytest_there = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    here = {"cwd": unpacked, "PYTHONPATH": str(unpacked)}
    run(*pytest_there, "--collect-only", **here)
    files = [
        "tests/project/test_documents.py",
        "tests/project/test_published.py",
        "tests/config/test_provider_files.py",
    ]
    files += ["tests/recipes/test_recipe_folders.py"]
    # One asks git, the other reads a file that is only there.
    run(*pytest_there, "-k", "not registry and not workflow", *files, **here)
