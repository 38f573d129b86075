"""Wheel and source archive, installed without a clone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from pyarrow.parquet import read_table

from tests.docs.blocks import DOCS, Terminal, blocks
from tests.parsing.test_xlsx import workbook
from tests.pipelines.meltano_project import MELTANO
from tests.support import ROOT
from tests.support.mcp_session import call
from tests.support.server import ApiServer, Reply
from tests.support.studio_process import StudioClient, StudioProcess

pytestmark = pytest.mark.packages

PAGE = DOCS / "guides" / "install.md"
BIN = Path(sys.executable).parent


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
def uv_settings(tmp_path_factory):
    """The variables of uv: the pins, this Python, and what it has downloaded for this module."""
    cache = {"UV_CACHE_DIR": str(tmp_path_factory.mktemp("uv")), "UV_PYTHON": sys.executable}
    return {"UV_CONSTRAINT": str(ROOT / "constraints.txt"), **cache}


@pytest.fixture(scope="module")
def install(packages, uv_settings, tmp_path_factory):
    """Return a function: the tap of a new environment with the wheel and one extra, or none.

    By uv, which takes a tenth of the time of pip.
    """

    def make(extra=None):
        folder = tmp_path_factory.mktemp(extra or "bare")
        run(BIN / "uv", "venv", "--clear", folder, cwd=folder.parent, **uv_settings)
        wheel = f"{packages[0]}[{extra}]" if extra else packages[0]
        command = [BIN / "uv", "pip", "install", "--python", folder, wheel]
        run(*command, cwd=folder.parent, **uv_settings)
        return folder / "bin" / "tap-oauth2-generic"

    return make


@pytest.fixture(scope="module")
def bare(install):
    """The tap without any extra."""
    return install()


def test_installed_wheel_syncs_from_its_own_demo(bare, tmp_path):
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version[1] in run(bare, "--version", cwd=tmp_path)
    about = json.loads(run(bare, "--about", "--format", "json", cwd=tmp_path))
    assert "base_url" in about["settings"]["properties"]
    for command in ("login", "preview"):
        assert "--config" in run(bare, command, "--help", cwd=tmp_path)
    with subprocess.Popen(
        [bare, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as demo:
        try:
            address = next(filter(None, (re.search(r"http://[\d.:]+", li) for li in demo.stdout)))
            sample = (ROOT / "sample_config.json").read_text()
            config = tmp_path / "config.json"
            config.write_text(sample.replace("http://127.0.0.1:8765", address[0]))
            lines = run(bare, "--config", config, cwd=tmp_path, XDG_STATE_HOME=str(tmp_path))
        finally:
            demo.terminate()
    messages = [json.loads(line) for line in lines.splitlines()]
    synced = {message["stream"] for message in messages if message["type"] == "RECORD"}
    assert synced == {stream["name"] for stream in json.loads(sample)["streams"]}


def open_studio(tap, wheel, folder):
    """The pages and what they load are there, and the export names what is installed."""
    with StudioProcess(folder, program=[str(tap)]) as studio:
        client = StudioClient(studio)
        pages = [client.get(path) for path in ("/", "/request", "/streams", "/export")]
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', pages[0].text)
        assert len(files) > 1
        assert {found.status_code for found in [*pages, *map(client.get, files)]} == {200}
        assert f"pip_url: &#34;{wheel}&#34;" in pages[-1].text


def ask_tools(tap, _wheel, _folder):
    """Each tool is there, and finds the documentation."""
    checked, found = call(
        ("validate_config", {"config": json.loads((ROOT / "sample_config.json").read_text())}),
        ("search_docs", {"query": "token store key encrypts"}),
        program=[str(tap)],
    )
    assert json.loads(checked.content[0].text)["valid"]
    pages = [one["page"] for one in json.loads(found.content[0].text)["sections"]]
    assert "guides/token-store.md" in pages


def sync(tap, folder, stream=(), **settings):
    """Return the messages of a sync of three rows, as JSON or as the rows of a workbook."""
    items = {"name": "items", "path": "items", **dict(stream)}
    with ApiServer() as api:
        rows = [{"id": n} for n in range(3)]
        sheet = workbook(a=[["id"], *([row["id"]] for row in rows)])
        api.serve("/items", Reply(sheet if stream else rows))
        path = folder / "config.json"
        path.write_text(json.dumps(api.config(items, access_token="x", **settings)))
        lines = run(tap, "--config", path, cwd=folder, XDG_STATE_HOME=str(folder)).splitlines()
    return [json.loads(line) for line in lines]


def batch_config(encoding, folder):
    return {"encoding": encoding, "storage": {"root": (folder / "out").as_uri()}}


def write_parquet(tap, _wheel, folder):
    """The rows are in a file that others read."""
    sync(tap, folder, batch_config=batch_config({"format": "parquet"}, folder))
    (file,) = (folder / "out").iterdir()
    assert read_table(file)["id"].to_pylist() == [0, 1, 2]


def write_zstd(tap, _wheel, folder):
    """The rows are in a file of zstd, by its first bytes."""
    sync(tap, folder, batch_config=batch_config({"compression": "zstd"}, folder))
    (file,) = (folder / "out").iterdir()
    assert file.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"


def read_xlsx(tap, _wheel, folder):
    """The rows of a workbook are records."""
    messages = sync(tap, folder, stream={"response_format": "xlsx"})
    assert [one["record"]["id"] for one in messages if one["type"] == "RECORD"] == [0, 1, 2]


EXTRAS = {
    "studio": open_studio,
    "mcp": ask_tools,
    "parquet": write_parquet,
    "zstd": write_zstd,
    "xlsx": read_xlsx,
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_extra_alone_brings_what_it_is_for(install, packages, extra, tmp_path):
    """In an environment with the wheel and this extra alone, its feature works."""
    EXTRAS[extra](install(extra), packages[0], tmp_path)


@pytest.mark.parametrize("extra", EXTRAS)
def test_lacking_extra_is_one_line_that_names_it(bare, extra, tmp_path):
    stream = {"name": "a", "path": "a"}
    config = {"base_url": "https://api.example.com", "access_token": "x", "streams": [stream]}
    if extra == "xlsx":
        stream["response_format"] = extra
    encodings = {"parquet": {"format": "parquet"}, "zstd": {"compression": "zstd"}}
    if extra in encodings:
        config["batch_config"] = batch_config(encodings[extra], tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    words = [extra] if extra in {"studio", "mcp"} else ["--config", path]
    done = subprocess.run([bare, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"run pip install 'tap-oauth2-generic[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_extras_are_those_that_the_page_lists():
    text = PAGE.read_text()
    listed = re.findall(r"^\| `(\w+)` \|", text.partition("| Extra |")[2], re.MULTILINE)
    declared = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2]
    found = re.findall(r"^(\w+) = \[", declared.partition("[project.")[0], re.MULTILINE)
    assert {*listed} == {*found} == {*EXTRAS}


def test_each_form_of_the_page_installs_from_a_local_index(
    packages, uv_settings, tmp_path, monkeypatch
):
    """pip, pipx and uvx install the tap by its name, as the page shows, from a folder."""
    links = str(packages[0].parent)
    found = {"PIP_FIND_LINKS": links, "UV_FIND_LINKS": links}
    pinned = {"PIP_CONSTRAINT": uv_settings["UV_CONSTRAINT"], **uv_settings}
    places = {name: str(tmp_path / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR")}
    for name, value in {**found, **pinned, **places}.items():
        monkeypatch.setenv(name, value)
    before, _, rest = PAGE.read_text().partition("<!-- installation -->")
    lines = range(before.count("\n"), (before + rest.partition("<!-- /")[0]).count("\n"))
    shown = [block for block in blocks(PAGE) if block.line in lines]
    assert len(shown) == 3
    with Terminal(tmp_path, {}) as terminal:
        for block in shown:
            terminal.follow(block)
    of_the_user = tmp_path / "PIPX_BIN_DIR" / "tap-oauth2-generic"
    assert "v0.1.0" in run(of_the_user, "--version", cwd=tmp_path)


def test_meltano_installs_the_definition_as_it_is(packages, uv_settings, tmp_path):
    """`meltano add --from-ref plugin.yaml` installs the tap, whose name an index resolves."""
    (tmp_path / "meltano.yml").write_text("send_anonymous_usage_stats: false\n")
    links = str(packages[0].parent)
    env = {"UV_FIND_LINKS": links, "PIP_FIND_LINKS": links, **uv_settings}
    env["MELTANO_CLI_DISABLE_VERSION_CHECK"] = "true"
    add = ["add", "--from-ref", ROOT / "plugin.yaml", "tap-oauth2-generic"]
    run(MELTANO, *add, cwd=tmp_path, **env)
    installed = run(MELTANO, "invoke", "tap-oauth2-generic", "--version", cwd=tmp_path, **env)
    assert "tap-oauth2-generic v0.1.0" in installed


def test_metadata_names_addresses_pythons_and_systems(packages):
    """Both archives say where the tap belongs, and on what it runs; no address is made up."""
    with zipfile.ZipFile(packages[0]) as wheel:
        (name,) = [one for one in wheel.namelist() if one.endswith("/METADATA")]
        metadata = wheel.read(name).decode()
    with tarfile.open(packages[1]) as archive:
        (name,) = [one for one in archive.getnames() if one.endswith("/PKG-INFO")]
        assert archive.extractfile(name).read().decode() == metadata
    found = message_from_string(metadata)
    addresses = [value.split(", ")[1] for value in found.get_all("Project-URL")]
    linked = (ROOT / "README.md").read_text()
    assert addresses
    assert all(f"]({address})" in linked for address in addresses)
    kinds = found.get_all("Classifier")
    systems = [kind.split(" :: ", 1)[1] for kind in kinds if kind.startswith("Operating System")]
    assert systems == ["MacOS", "Microsoft :: Windows", "POSIX :: Linux"]


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
    # One asks git, the others read files that are only there.
    run(*pytest_there, "-k", "not registry and not workflow", *files, **here)
