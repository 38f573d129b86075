"""The recipe for several workers: its Meltano project and README, without Airflow."""

from __future__ import annotations

import ast

import pytest
import yaml

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.support import ROOT

FOLDER = ROOT / "recipes" / "airflow"


@pytest.fixture(scope="module")
def plugin():
    """Return the tap's definition in the recipe's Meltano project."""
    (found,) = yaml.safe_load((FOLDER / "meltano.yml").read_text())["plugins"]["extractors"]
    return found


def test_recipe_with_secrets_is_a_valid_configuration(plugin):
    """The recipe itself contains no secret."""
    problems = ErrorCollector()
    secrets = {"client_secret": "secret", "refresh_token": "seed"}
    assert not secrets.keys() & plugin["config"].keys()
    assert read_config({**plugin["config"], **secrets}, frozenset(), problems), problems.errors
    assert problems.warnings == []


def test_recipe_declares_every_setting_that_it_sets(plugin):
    """Meltano passes only declared settings to the tap."""
    about = CONFIG_SCHEMA["properties"]
    declared = {setting["name"]: setting for setting in plugin["settings"]}
    assert plugin["config"].keys() | {"max_in_flight", "requests_per_second"} <= declared.keys()
    for name, setting in declared.items():
        assert setting.get("sensitive", False) == about[name].get("secret", False), name


def test_readme_creates_the_pool_of_the_dag():
    tree = ast.parse((FOLDER / "meltano_shards.py").read_text())
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    readme = (FOLDER / "README.md").read_text()
    assert "api_requests" in texts
    assert "airflow pools set api_requests " in readme
