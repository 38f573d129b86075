"""Recipes as they ship: real Meltano logs in, loads DuckDB, and goes on from its state."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import requests

from tests.pipelines.meltano_project import TAP, Project, variables
from tests.pipelines.warehouses import DuckDB
from tests.recipes.fake_google_analytics import GoogleAnalytics
from tests.recipes.fake_provider import CLIENT
from tests.recipes.recipe_run import RECIPES, settings, towards
from tests.support.login_process import free_port


def copy_of(name, folder):
    """Return the Meltano project of a recipe, in a folder of its own."""
    shutil.copytree(RECIPES / name, folder / name)
    project = Project(folder / name, DuckDB.loader, copies=False)
    project.environment |= variables(CLIENT)
    return project


def redirect_to_free_port(project):
    """Set the address that the login listens at, as a user would."""
    file = project.folder / "meltano.yml"
    address = f"http://127.0.0.1:{free_port()}/callback"
    text = file.read_text().replace(
        "      scopes:", f"      redirect_uri: {address}\n      scopes:", 1
    )
    file.write_text(
        text.replace("    - {name: scopes,", "    - {name: redirect_uri}\n    - {name: scopes,")
    )


def log_in(project):
    """Run the login as a person who consents at once."""
    with project.start(
        "invoke", "--no-install", f"{TAP}:login", stderr=subprocess.STDOUT
    ) as process:
        output = ""
        for line in process.stdout:
            output += line
            if found := re.search(r"(http://\S+/auth\?\S+)", line):
                assert requests.get(found[1], timeout=10).status_code == 200
        assert process.wait() == 0, output


def test_recipe_logs_in_and_loads_what_changes(tmp_path):
    """Only hosts, credentials and the port of the login are those of the test."""
    name = "google_analytics"
    project, warehouse = copy_of(name, tmp_path), DuckDB(tmp_path / name, name)
    with GoogleAnalytics() as provider:
        store = f"sqlite:///{tmp_path / 'tokens.sqlite'}"
        project.environment |= variables({**towards(provider, name), "token_store": store})
        redirect_to_free_port(project)
        log_in(project)
        for _ in range(2):
            project.run(DuckDB.loader)
            for stream, rows in provider.rows.items():
                loaded = warehouse.rows(stream)
                assert len(loaded) == len(rows)
                (changed,) = [r for r in loaded if rows[-1].items() <= r.items()]
                assert not changed.keys() & {"dimensionValues", "metricValues"}
                provider.change(stream, "date")


def test_meltano_passes_the_settings_of_a_recipe_on_unchanged(tmp_path):
    """It leaves $top and a quoted name with a dot alone."""
    project = copy_of("microsoft_to_do", tmp_path)
    dumped = project.meltano("invoke", "--no-install", "--dump=config", TAP)
    assert dumped.status == 0, dumped.log_tail
    config = json.loads(dumped.output)
    assert config == {**settings("microsoft_to_do"), **CLIENT}
