"""What is published beside the code: the schema for editors, the Hub's plugin.yaml, ``--about``."""

from __future__ import annotations

import json
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
# What the Hub's own schema of extractor definitions asks for and knows.
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


def test_the_schema_is_one_and_knows_every_setting():
    """config.schema.json is a schema of draft 7 with every setting that the code declares."""
    Draft7Validator.check_schema(SCHEMA)
    assert set(CONFIG_SCHEMA["properties"]) < set(SCHEMA["properties"])


def test_the_sample_names_the_schema_and_meets_it():
    """sample_config.json leads an editor to the schema, and has nothing that it forbids."""
    found = sample()
    assert (ROOT / found["$schema"]).resolve() == ROOT / "config.schema.json"
    assert mistakes(found) == []


@pytest.mark.parametrize("name", styles())
def test_the_schema_knows_the_settings_of_each_style(name):
    """A style without what it needs, or with what it has not, is marked in an editor."""
    needed = {"cursor": {"cursor_param": "p", "cursor_path": "c"}}.get(name) or {
        setting: "x"
        for setting in ("next_url_path", "last_record_path", "cursor_param")
        if setting in names_of(styles()[name])
    }
    assert mistakes(paging(style=name, **needed)) == []
    foreign = "page_param" if name != "page_number" else "offset_param"
    assert mistakes(paging(style=name, **needed, **{foreign: "x"})) != []
    if needed:
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
def test_the_schema_marks_mistakes(wrong):
    """A name that no setting has, and a value that none may have, are marked in an editor."""
    assert mistakes(MINIMAL) == []
    assert mistakes({**MINIMAL, **wrong}) != []


def test_the_tap_passes_over_the_pointer_to_the_schema(api, tap):
    """``$schema`` at the top of a configuration is neither a mistake nor a setting."""
    api.serve("/items", Reply([{"id": 1}]))
    run = tap({"$schema": "./config.schema.json", **api.config({"name": "items", "path": "items"})})
    assert run.status == 0, run.errors
    assert run.records("items") == [{"id": 1}]
    assert run.warnings == []


def test_the_plugin_definition_is_as_the_hub_asks():
    """plugin.yaml has what the Hub requires, and no key, kind or capability that it lacks."""
    assert set(PLUGIN) >= HUB_REQUIRED
    assert set(PLUGIN) <= HUB_KNOWN
    assert set(PLUGIN["capabilities"]) <= HUB_CAPABILITIES
    for setting in PLUGIN["settings"]:
        assert set(setting) <= HUB_SETTING, setting["name"]
        assert setting["kind"] in HUB_KINDS, setting["name"]
        assert all(option.keys() == {"label", "value"} for option in setting.get("options", []))
    known = {setting["name"] for setting in PLUGIN["settings"]}
    assert all(set(group) <= known for group in PLUGIN["settings_group_validation"])


def test_the_plugin_definition_is_what_the_project_uses():
    """The Hub's definition and meltano.yml declare the same settings and commands."""
    (plugin,) = PROJECT["plugins"]["extractors"]
    for name in ("name", "namespace", "label", "description", "executable", "commands", "settings"):
        assert PLUGIN[name] == plugin[name], name
    assert set(plugin["capabilities"]) <= set(PLUGIN["capabilities"])


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_about_names_every_setting_in_every_format(form):
    """``--about`` needs no configuration, ends well, and names every setting in each format."""
    # Text is what comes where no format is named.
    options = [] if form == "text" else ["--format", form]
    command = [sys.executable, "-m", "tap_oauth2_generic", "--about", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line = {"text": "Name: {}\n", "json": '"{}": {{', "markdown": "| {} | "}[form]
    for name in SCHEMA["properties"].keys() - {"$schema"}:
        assert line.format(name) in done.stdout, name
