"""Settings agree everywhere: code, `--about`, meltano.yml, README, docs and the sample."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tap_oauth2_generic.cli.program import Program
from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.settings.fields import ErrorCollector, names_of
from tests.support import ROOT


@pytest.fixture(scope="module")
def about():
    command = [sys.executable, "-m", "tap_oauth2_generic", "--about", "--format", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["settings"]


@pytest.fixture(scope="module")
def plugin():
    (extractor,) = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["extractors"]
    return extractor


def page(name):
    """Return a page of the reference."""
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text()


def rows(name):
    """Return the names in the first column of a page's tables."""
    return re.findall(r"^\| `(\w+)` \|", page(name), re.MULTILINE)


@pytest.mark.parametrize("installed", ["as it is", "before the last change of pyproject.toml"])
def test_generated_parts_match_the_code(tmp_path, monkeypatch, installed):
    """Docs, README.md, meltano.yml and the published files are what the generator writes."""
    if installed != "as it is":
        metadata = tmp_path / "tap_oauth2_generic-0.1.0.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text("Metadata-Version: 2.4\nName: tap-oauth2-generic\nVersion: 0.1.0\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, str(ROOT / "scripts" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_top_level_settings_are_the_same_everywhere(about, plugin):
    """Code, --about, meltano.yml and docs name the same settings of the top level."""
    in_docs = re.findall(r"^\| `(\w+)` \|", page("settings"), re.MULTILINE)
    in_meltano = [setting["name"] for setting in plugin["settings"]]
    assert in_meltano == list(about["properties"])
    assert sorted(in_docs) == sorted(in_meltano)
    assert set(CONFIG_SCHEMA["properties"]) <= set(in_meltano)


def test_readme_names_every_setting(about):
    """The README's list has each setting of the top level, streams, paging and bounds once."""
    readme = (ROOT / "README.md").read_text()
    part = readme.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    expected = [*about["properties"], *names_of(*STREAM_SECTIONS, IncrementalSettings), "style"]
    expected += dict.fromkeys(names_of(*styles().values()))
    assert sorted(re.findall(r"`(\w+)`", part)) == sorted(expected)


def test_secret_settings_are_sensitive_in_meltano(about, plugin):
    """Settings that are secret in the code, and only those, are sensitive in meltano.yml."""
    secret = {name for name, entry in about["properties"].items() if entry.get("secret")}
    assert {s["name"] for s in plugin["settings"] if s.get("sensitive")} == secret
    assert {"client_secret", "refresh_token", "access_token", "password", "headers"} <= secret


def test_every_setting_has_a_title_and_a_description(about):
    """Each of our settings, at every level, has a title and a description."""

    def check(schema):
        for name, entry in schema.get("properties", {}).items():
            assert entry.get("title"), name
            assert entry.get("description"), name
            check(entry)
            check(entry.get("items", {}))

    check({"properties": {name: about["properties"][name] for name in CONFIG_SCHEMA["properties"]}})


def test_docs_name_every_setting_of_a_stream():
    """The reference has a row for each setting of a stream, of paging and of bounds."""
    assert rows("streams")[: len(names_of(*STREAM_SECTIONS))] == names_of(*STREAM_SECTIONS)
    assert rows("incremental")[: len(names_of(IncrementalSettings))] == names_of(
        IncrementalSettings
    )
    assert {*rows("pagination")} >= {*names_of(*styles().values()), *styles(), "style"}


@pytest.mark.parametrize("table", ["form", "limits"])
def test_tables_for_newcomers_name_existing_settings(about, table):
    """Every name in the tables that lead from a form to the file is a setting or a style."""
    guide = (ROOT / "docs" / "guides" / "from-a-hosted-connector.md").read_text()
    part = guide.split(f"<!-- {table} -->")[1].split(f"<!-- /{table} -->")[0]
    known = {*about["properties"], *names_of(*STREAM_SECTIONS, *styles().values()), *styles()}
    named = re.findall(r"`(?:pagination\.)?([a-z]\w+)`", part)
    assert set(named) <= known
    assert len(named) > 10


def test_sample_configuration_uses_every_style():
    """sample_config.json is valid and uses every paging style."""
    sample = json.loads((ROOT / "sample_config.json").read_text())
    problems = ErrorCollector()
    assert read_config(sample, frozenset(), problems) is not None, problems.errors
    used = {stream.get("pagination", {}).get("style", "none") for stream in sample["streams"]}
    assert used == set(styles())


def test_example_style_of_the_guide_works(tmp_path):
    """The paging style in the guide to contributing works as described."""
    guide = (ROOT / "docs" / "development" / "contributing.md").read_text()
    code = guide.split("<!-- example -->\n```python\n")[1].split("```\n<!-- /example -->")[0]
    path = tmp_path / "range_header.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        style = module.RangeHeader(page_size=50)
    finally:
        del sys.modules[path.stem]
    request = Request("GET", "https://a.example/items")
    style.place(style.first(), request)
    assert request.headers == {"Range": "items=0-49"}
    page = read_page("https://a.example/items", 200, {}, b"[1, 2, 3]", RecordSettings())
    assert style.next(style.first(), page) == 3


def test_matrix_tests_the_oldest_allowed_sdk():
    """The matrix tests the oldest SDK that the dependencies allow."""
    project = (ROOT / "pyproject.toml").read_text()
    (promised,) = re.findall(r'"singer-sdk>=([\d.]+),', project)
    (tested,) = re.findall(r'"singer-sdk==([\d.]+)"', project)
    assert tested == promised


def test_workflow_tests_what_the_matrix_tests():
    """The workflow, tox and the classifiers name the same Pythons, and all SDKs are tested.

    Only the pre-release of the SDK may fail.
    """
    project = (ROOT / "pyproject.toml").read_text()
    environments = json.loads(re.findall(r"^env_list = (\[.*\])$", project, re.MULTILINE)[0])
    pythons = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())["jobs"]
    sdks = jobs["sdk"]["strategy"]["matrix"]["environment"]
    assert pythons == jobs["test"]["strategy"]["matrix"]["python"]
    assert [*pythons, *sdks] == environments
    (allowed,) = re.findall(r"== '(.*)'", jobs["sdk"]["continue-on-error"])
    assert allowed == sdks[-1] == "sdk-prerelease"


def test_workflow_runs_on_each_system_that_the_classifiers_name():
    """Windows and macOS have a job of their own, the other jobs run on Linux."""
    project = (ROOT / "pyproject.toml").read_text()
    promised = re.findall(r'"Operating System :: (.+)"', project)
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())["jobs"]
    tested = {"ubuntu-latest", *jobs["platforms"]["strategy"]["matrix"]["system"]}
    names = {"MacOS": "macos", "Microsoft :: Windows": "windows", "POSIX :: Linux": "ubuntu"}
    assert {f"{names[one]}-latest" for one in promised} == tested


def test_release_workflow_needs_the_address_of_the_repository():
    """No address is made up: the workflow refuses a release with another Source than its own."""
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert 'Source = \\"$GITHUB_SERVER_URL/$GITHUB_REPOSITORY\\"' in workflow


def test_no_file_names_a_package_registry():
    """No file names the host of a package registry."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    named = [("py", "pi.org"), ("python", "hosted.org"), ("hub.", "meltano.com"), ("npm", "js.org")]
    hosts = re.compile("|".join(re.escape("".join(parts)) for parts in named))
    for name in listed:
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            assert not hosts.search(path.read_text(errors="replace")), name


def test_docs_explain_every_client_authentication(about):
    """The page about grants has a row for each method of client authentication."""
    assert {*about["properties"]["client_auth"]["enum"]} <= {*rows("grants")}


def test_docs_name_every_option_of_the_commands():
    """The page about commands names each option that ``--help`` lists."""
    commands = ["", *Program().commands]
    for command in commands:
        program = [sys.executable, "-m", "tap_oauth2_generic", *command.split(), "--help"]
        done = subprocess.run(program, capture_output=True, text=True, check=True)
        for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", done.stdout, re.MULTILINE):
            assert option in page("commands"), option
