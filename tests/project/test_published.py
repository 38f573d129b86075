"""Published files: the schema for editors, the Hub's plugin.yaml, ``--about``."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft7Validator

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.settings.fields import names_of
from tests.support import ROOT
from tests.support.server import Reply

SCHEMA = json.loads((ROOT / "config.schema.json").read_text())
PLUGIN = yaml.safe_load((ROOT / "plugin.yaml").read_text())
PROJECT = yaml.safe_load((ROOT / "meltano.yml").read_text())
# The keys that the Hub's schema of extractor definitions requires and knows.
HUB_REQUIRED = {"name", "namespace", "variant", "label", "quality"}
HUB_KNOWN = HUB_REQUIRED | {
    "description", "pip_url", "executable", "maintenance_status", "keywords", "capabilities",
    "supported_python_versions", "commands", "settings_group_validation", "settings",
}  # fmt: skip
HUB_SETTING = {"name", "kind", "options", "label", "description", "sensitive"}
HUB_KINDS = {
    "oauth", "hidden", "password", "date_iso8601", "file", "email", "integer", "options",
    "object", "array", "boolean", "string", "decimal",
}  # fmt: skip
HUB_CAPABILITIES = {
    "properties", "catalog", "discover", "state", "about", "stream-maps", "schema-flattening",
    "activate-version", "batch", "test", "log-based", "structured-logging",
}  # fmt: skip
MINIMAL = {"base_url": "https://api.example.com", "streams": [{"name": "a", "path": "a"}]}


def mistakes(config):
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(config)]


def sample():
    return json.loads((ROOT / "sample_config.json").read_text())


def paging(**settings):
    return {**MINIMAL, "streams": [{"name": "a", "path": "a", "pagination": settings}]}


def test_editor_schema_is_valid_and_has_every_setting():
    """config.schema.json is a schema of draft 7 with every setting that the code declares."""
    Draft7Validator.check_schema(SCHEMA)
    assert set(CONFIG_SCHEMA["properties"]) < set(SCHEMA["properties"])


def test_sample_configuration_is_valid_in_an_editor():
    """sample_config.json points an editor to the schema, which accepts it."""
    found = sample()
    assert (ROOT / found["$schema"]).resolve() == ROOT / "config.schema.json"
    assert mistakes(found) == []


@pytest.mark.parametrize("name", styles())
def test_editor_schema_checks_the_settings_of_each_style(name):
    """A style without a required setting, or with another style's setting, is marked."""
    needed = {"cursor": {"cursor_param": "p", "cursor_path": "c"}}.get(name) or {
        setting: "x"
        for setting in ("next_url_path", "last_record_path", "cursor_param")
        if setting in names_of(styles()[name])
    }
    assert mistakes(paging(style=name, **needed)) == []
    foreign = "page_param" if name != "page_number" else "offset_param"
    assert mistakes(paging(style=name, **needed, **{foreign: "x"})) != []
    # A cursor may travel in a template.
    if needed and name != "cursor":
        assert mistakes(paging(style=name)) != []


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_ur": "https://api.example.com"},
        {"streams": [{"name": "a", "path": "a", "record_path": "data"}]},
        {"streams": [{"name": "a", "path": "a", "incremental": {"start": "since"}}]},
        {"grant_type": "implicit"},
        {"timeout": "soon"},
        {"base_url": None},
    ],
)
def test_editor_schema_marks_mistakes(wrong):
    """An unknown setting and an invalid value are marked in an editor."""
    assert mistakes(MINIMAL) == []
    assert mistakes({**MINIMAL, **wrong}) != []


def test_tap_ignores_the_pointer_to_the_schema(api, tap):
    """``$schema`` at the top of a configuration is allowed and has no effect."""
    api.serve("/items", Reply([{"id": 1}]))
    run = tap({"$schema": "./config.schema.json", **api.config({"name": "items", "path": "items"})})
    assert run.status == 0, run.errors
    assert run.records("items") == [{"id": 1}]
    assert run.warnings == []


def test_plugin_definition_meets_the_hub_schema():
    """plugin.yaml has the keys the Hub requires, and only keys, kinds and capabilities it knows."""
    assert set(PLUGIN) >= HUB_REQUIRED
    assert set(PLUGIN) <= HUB_KNOWN
    assert set(PLUGIN["capabilities"]) <= HUB_CAPABILITIES
    for setting in PLUGIN["settings"]:
        assert set(setting) <= HUB_SETTING, setting["name"]
        assert setting["kind"] in HUB_KINDS, setting["name"]
        assert all(option.keys() == {"label", "value"} for option in setting.get("options", []))
    known = {setting["name"] for setting in PLUGIN["settings"]}
    assert all(set(group) <= known for group in PLUGIN["settings_group_validation"])


def test_plugin_definition_matches_the_project():
    """The Hub's definition and meltano.yml declare the same settings and commands."""
    (plugin,) = PROJECT["plugins"]["extractors"]
    for name in ("name", "namespace", "label", "description", "executable", "commands", "settings"):
        assert PLUGIN[name] == plugin[name], name
    assert plugin["capabilities"] == PLUGIN["capabilities"]


def test_every_definition_for_meltano_has_the_capabilities_that_matter_to_it():
    """Without structured-logging, for example, Meltano shows each warning and error as [info]."""
    pages = [*ROOT.glob("*.yml"), *ROOT.glob("*.md"), *ROOT.glob("docs/*/*.md")]
    pages += [*ROOT.glob("recipes/*/*.yml"), *ROOT.glob("recipes/*/*.md")]
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    lists = {
        page: re.findall(r"capabilities:((?: \[.*\]|\n *- [\w-]+)+)", text)
        for page, text in texts.items()
    }
    assert sum(map(len, lists.values())) >= 4
    needed = {"test", "activate-version", "batch", "structured-logging"} & {*PLUGIN["capabilities"]}
    for page, found in lists.items():
        for one in found:
            assert needed <= {*re.findall(r"[\w-]+", one)}, page


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_about_lists_every_setting_in_every_format(form):
    """``--about`` works without a configuration, and lists every setting in each format."""
    # Text is the default format.
    options = [] if form == "text" else ["--format", form]
    command = [sys.executable, "-m", "tap_oauth2_generic", "--about", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line = {"text": "Name: {}\n", "json": '"{}": {{', "markdown": "| {} | "}[form]
    for name in SCHEMA["properties"].keys() - {"$schema"}:
        assert line.format(name) in done.stdout, name
