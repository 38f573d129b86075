"""The export in a real browser: JSON both ways, meltano.yml, the names of secrets."""

from __future__ import annotations

import json

import pytest
import yaml
from selenium.webdriver.common.by import By

from tests.support.chromium import require_chromium

require_chromium()

STREAMS = [{"name": "lists", "path": "/lists", "records_path": "value", "primary_keys": ["id"]}]


@pytest.fixture
def settings(config, write):
    """A complete configuration with a stream; its secret is in the environment file."""
    found = {**config, "grant_type": "client_credentials", "max_retries": 2, "streams": STREAMS}
    write(found)
    return found


@pytest.fixture
def export(settings, page):
    page.follow("Export")
    page.has("Meltano project")
    return page


def test_meltano_project_is_complete_and_holds_no_secret(export, project, settings):
    export.press("Write meltano.yml")
    export.has("Wrote meltano.yml")
    text = (project / "meltano.yml").read_text()
    plugins = yaml.safe_load(text)["plugins"]
    extractor = plugins["extractors"][0]
    assert extractor["config"] == settings
    declared = {one["name"]: one for one in extractor["settings"]}
    assert declared["client_secret"] == {
        "name": "client_secret",
        "kind": "string",
        "sensitive": True,
    }
    assert (declared["streams"]["kind"], declared["max_retries"]["kind"]) == ("array", "integer")
    assert plugins["loaders"]
    assert "demo-secret" not in text + export.driver.page_source
    assert "TAP_OAUTH2_GENERIC_CLIENT_SECRET" in export.text
    assert "meltano run tap-oauth2-generic target-duckdb" in export.text
    path = "[aria-label='Lines for .gitignore']"
    assert export.driver.find_element(By.CSS_SELECTOR, path).text == ".env\n.meltano/"


def test_path_of_the_tap_is_remarked(export):
    """Of another installation it is a release, which needs no remark."""
    is_local = "/" in export.content("export").partition("pip_url: ")[2][:2]
    assert ("installed from a path of this machine" in export.text) is is_local
    assert ("# A path of this machine" in export.text) is is_local


@pytest.fixture(params=["authorization_code", "none"])
def grant(write, config, request):
    write({**config, "grant_type": request.param, "streams": STREAMS})
    return request.param


def test_login_is_next_only_without_a_connection(grant, page):
    page.follow("Export")
    page.has("Meltano project")
    is_next = "meltano invoke tap-oauth2-generic:login" in page.text
    assert is_next is (grant == "authorization_code")
    assert ("no login is needed" in page.text) is not is_next


def test_other_meltano_project_is_not_overwritten(export, project):
    (project / "meltano.yml").write_text("mine")
    export.press("Write meltano.yml")
    assert "already" in export.alert()
    assert (project / "meltano.yml").read_text() == "mine"


def test_edited_json_is_the_draft_of_the_other_pages(export, project, settings):
    found = json.loads(export.field("Configuration").get_attribute("value"))
    assert found == settings
    export.type("Configuration", json.dumps({**found, "client_id": "demo-public"}))
    export.press("Apply without saving")
    export.has("Applied")
    export.has("Unsaved changes")
    export.follow("Connection")
    assert export.field("OAuth Client ID").get_attribute("value") == "demo-public"
    assert json.loads((project / "config.json").read_text()) == settings


def test_mistake_in_the_json_loses_nothing(export, project):
    export.type("Configuration", '{"base_url": ')
    export.press("Save")
    assert "not JSON" in export.alert()
    assert export.field("Configuration").get_attribute("value") == '{"base_url": '
    export.type("Configuration", '{"base_ulr": "https://a.example"}')
    export.press("Save")
    assert "did you mean 'base_url'?" in export.alert()
    assert "base_ulr" not in (project / "config.json").read_text()


def test_secret_in_the_json_goes_to_the_environment_file(export, project, settings):
    export.type("Configuration", json.dumps({**settings, "client_secret": "another-secret"}))
    export.press("Save")
    export.has("Saved in config.json")
    assert json.loads((project / "config.json").read_text()) == settings
    assert "'another-secret'" in (project / ".env").read_text()
    assert "another-secret" not in export.driver.page_source
