"""Every folder of recipes/ is a Meltano project with a README that explains it."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from jsonschema import Draft7Validator

from tap_oauth2_generic.cli.export import meltano_project
from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.recipes.recipe_run import FAKES, RECIPES, SDK_SETTINGS, project, settings
from tests.support import ROOT

SCHEMA = json.loads((ROOT / "config.schema.json").read_text())
PROPERTIES = {**SCHEMA["properties"], **CONFIG_SCHEMA["properties"]}
# What belongs to whoever runs a recipe.
SECRET = {
    name
    for name, about in PROPERTIES.items()
    if about.get("secret") and "object" not in about.get("type", "")
}
OWN = {"client_id", "client_secret"}
EXPORTED = yaml.safe_load(meltano_project({}, [], PROPERTIES, "$MELTANO_PROJECT_ROOT/../.."))

each_recipe = pytest.mark.parametrize("name", FAKES)


def test_every_recipe_has_a_fake():
    """Except that of Airflow, which is tested with Airflow."""
    folders = {path.parent.name for path in RECIPES.glob("*/meltano.yml")}
    assert folders - {"airflow"} == FAKES.keys()


@each_recipe
def test_recipe_with_credentials_is_a_valid_configuration(name):
    recipe = settings(name)
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(recipe)] == []
    problems = ErrorCollector()
    complete = {**recipe, **dict.fromkeys(OWN, "own")}
    assert read_config(complete, SDK_SETTINGS, problems), problems.errors
    assert problems.warnings == []


@each_recipe
def test_recipe_is_the_project_that_an_export_writes(name):
    """Apart from its settings, which are those that it sets, and its schema in DuckDB."""
    recipe = project(name)
    (tap,), (loader,) = recipe["plugins"].values()
    declared = {one.pop("name"): one for one in tap.pop("settings")}
    assert declared.keys() == tap.pop("config").keys() | OWN
    for setting, about in declared.items():
        assert about.get("sensitive", False) == (setting in SECRET)
        kind, types = about["kind"], PROPERTIES[setting].get("type", "string")
        assert kind in types or (kind == "string" and "number" in types), setting
    assert loader["config"].pop("default_target_schema") == name
    expected = project_without_settings()
    assert recipe == expected


def project_without_settings():
    expected = yaml.safe_load(yaml.safe_dump(EXPORTED))
    (tap,), (loader,) = expected["plugins"].values()
    del tap["settings"], tap["config"], loader["config"]["default_target_schema"]
    return expected


@each_recipe
def test_recipe_contains_no_credentials(name):
    assert not settings(name).keys() & (SECRET | OWN)
    example = (RECIPES / name / ".env.example").read_text()
    set_there = [line for line in example.splitlines() if not line.startswith("#")]
    assert {line.partition("=")[0] for line in set_there} == {f"{PREFIX}{n.upper()}" for n in OWN}
    assert all(line.endswith("=") for line in set_there)


@each_recipe
def test_every_stream_has_primary_keys_and_a_schema(name):
    for stream in settings(name)["streams"]:
        columns = stream["schema"]["properties"]
        assert set(stream["primary_keys"]) <= columns.keys(), stream["name"]
        assert stream["primary_keys"], stream["name"]
        assert stream.get("replication_key") in {None, *columns}, stream["name"]


@each_recipe
def test_recipe_folder_has_no_code(name):
    found = {path.name for path in (RECIPES / name).iterdir()}
    assert found - {".env", ".meltano"} == {".env.example", "README.md", "meltano.yml"}


@each_recipe
def test_readme_covers_setup_and_every_command(name):
    text = (RECIPES / name / "README.md").read_text()
    recipe = settings(name)
    assert recipe.get("redirect_uri", "http://127.0.0.1:8400/callback") in text
    for scope in recipe.get("scopes", []):
        assert scope in text
    commands = [f"cd recipes/{name}", "cp .env.example .env", "meltano install"]
    commands += ["meltano invoke tap-oauth2-generic:login"]
    commands += ["meltano invoke tap-oauth2-generic:preview"]
    commands += ["meltano run tap-oauth2-generic target-duckdb"]
    assert "\n".join(["```sh", *commands, "```"]) in text
    assert "## Good to know" in text


@each_recipe
def test_list_of_recipes_is_complete(name):
    text = (RECIPES / "README.md").read_text()
    assert f"]({name}/)" in text
    assert all((RECIPES / name).is_dir() for name in re.findall(r"\]\((\w+)/\)", text))
