"""The recipe for several workers: its project and its words, without Airflow itself."""

from __future__ import annotations

import ast

import pytest
import yaml

from tap_oauth2_generic.config.config import CONFIG_SCHEMA, read_config
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.support import ROOT

FOLDER = ROOT / "recipes" / "airflow"


@pytest.fixture(scope="module")
def plugin():
    """Give the tap as the recipe's Meltano project declares it."""
    (found,) = yaml.safe_load((FOLDER / "meltano.yml").read_text())["plugins"]["extractors"]
    return found


def test_the_project_of_the_recipe_is_a_valid_configuration(plugin):
    """With secrets beside it the recipe is a configuration without mistakes; it holds none."""
    problems = ErrorCollector()
    secrets = {"client_secret": "secret", "refresh_token": "seed"}
    assert not secrets.keys() & plugin["config"].keys()
    assert read_config({**plugin["config"], **secrets}, frozenset(), problems), problems.errors
    assert problems.warnings == []


def test_the_project_of_the_recipe_declares_what_it_sets(plugin):
    """Meltano passes declared settings alone: all that are set are, as the code says of them."""
    about = CONFIG_SCHEMA["properties"]
    declared = {setting["name"]: setting for setting in plugin["settings"]}
    assert plugin["config"].keys() | {"max_in_flight", "requests_per_second"} <= declared.keys()
    for name, setting in declared.items():
        assert setting.get("sensitive", False) == about[name].get("secret", False), name


def test_the_readme_makes_the_pool_that_the_dag_uses():
    """The README sets up the pool by the name that stands in the DAG."""
    tree = ast.parse((FOLDER / "meltano_shards.py").read_text())
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    readme = (FOLDER / "README.md").read_text()
    assert "api_requests" in texts
    assert "airflow pools set api_requests " in readme
