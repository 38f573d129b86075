"""A studio for each test, one browser for all."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.demo.clients import CLIENT_SECRET
from tests.support.chromium import Page, chromium
from tests.support.login_process import free_port
from tests.support.studio_process import StudioClient, StudioProcess


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def project(tmp_path):
    """The folder of a project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def config(demo):
    """A complete connection to the demo, whose secret is in the environment of no one."""
    return {
        "base_url": f"{demo.url}/api/v1",
        "authorize_url": f"{demo.url}/oauth/authorize",
        "access_token_url": f"{demo.url}/oauth/token",
        "client_id": "demo-client",
        "scopes": "read",
        "redirect_uri": f"http://127.0.0.1:{free_port()}/callback",
    }


@pytest.fixture
def write(project):
    """Write the configuration file of the project."""

    def write_config(settings, secret=CLIENT_SECRET):
        (project / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
        if secret:
            (project / ".env").write_text(f"TAP_OAUTH2_GENERIC_CLIENT_SECRET='{secret}'\n")

    return write_config


@pytest.fixture
def studio(project):
    with StudioProcess(project) as found:
        assert found.address, found.process.communicate()
        yield found


@pytest.fixture
def client(studio):
    return StudioClient(studio)


@pytest.fixture
def page(driver, studio):
    """The page of the studio in the browser, opened as a person opens it."""
    driver.set_window_size(1280, 900)
    driver.get(studio.address)
    found = Page(driver)
    found.has("Connection")
    yield found
    for handle in driver.window_handles[1:]:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(driver.window_handles[0])
    driver.get("about:blank")


@pytest.fixture
def connected(write, config):
    """A connection that needs no person, and no stream yet."""
    write({**config, "grant_type": "client_credentials"})
