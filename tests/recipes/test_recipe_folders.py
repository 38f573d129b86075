"""Every folder of recipes/ has valid configurations and a README that explains them."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft7Validator

from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.support import ROOT

SCHEMA = json.loads((ROOT / "config.schema.json").read_text())
FOLDERS = sorted(path.parent for path in (ROOT / "recipes").glob("*/config.json"))
CONFIGS = sorted((ROOT / "recipes").glob("*/config*.json"))
# What belongs to whoever runs a recipe, and what only the tap's own documents explain.
OWN = {"client_id"}
SECRET = {n for n, about in SCHEMA["properties"].items() if about.get("secret")}

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
each_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda p: f"{p.parent.name}/{p.name}")


@each_config
def test_recipe_with_credentials_is_a_valid_configuration(config):
    recipe = json.loads(config.read_text())
    assert (config.parent / recipe["$schema"]).resolve() == ROOT / "config.schema.json"
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(recipe)] == []
    problems = ErrorCollector()
    credentials = {"client_id": "id", "client_secret": "secret"}
    assert read_config({**recipe, **credentials}, frozenset(), problems), problems.errors
    assert problems.warnings == []


@each_config
def test_recipe_contains_no_credentials(config):
    assert not json.loads(config.read_text()).keys() & (SECRET | OWN)


@each_config
def test_every_stream_has_primary_keys(config):
    for stream in json.loads(config.read_text())["streams"]:
        assert stream.get("primary_keys"), stream["name"]


@each_folder
def test_recipe_folder_has_no_code(folder):
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".md", ".yml"}


@each_folder
def test_readme_covers_setup_and_every_command(folder):
    text = (folder / "README.md").read_text()
    recipe = json.loads((folder / "config.json").read_text())
    redirect = recipe.get("redirect_uri", "http://127.0.0.1:8400/callback")
    assert redirect in text
    for scope in recipe["scopes"]:
        assert scope in text
    for command in ("login", "preview"):
        assert f"tap-oauth2-generic {command} --config recipes/{folder.name}/" in text
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        assert f"{PREFIX}{name}" in text
    assert "meltano run" in text


@each_folder
def test_list_of_recipes_is_complete(folder):
    text = (ROOT / "recipes" / "README.md").read_text()
    assert f"]({folder.name}/)" in text
    assert all((ROOT / "recipes" / name).is_dir() for name in re.findall(r"\]\((\w+)/\)", text))
