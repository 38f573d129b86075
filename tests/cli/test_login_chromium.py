"""Logging in with a real Chromium, on the demo's login and consent page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.chromium import WAIT_SECONDS, chromium, require_chromium
from tests.support.login_process import Login, config

require_chromium()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def log_in(browser, address, decision):
    """Fill in the form, press a button, and return the text of the last page."""
    browser.get(address)
    browser.find_element(By.NAME, "username").send_keys("demo")
    browser.find_element(By.NAME, "password").send_keys("demo-password")
    browser.find_element(By.CSS_SELECTOR, f"button[value={decision}]").click()
    WebDriverWait(browser, WAIT_SECONDS).until(lambda page: "/callback" in page.current_url)
    return browser.find_element(By.TAG_NAME, "body").text


def test_page_reports_success(browser, demo, tmp_path, tap):
    """After Allow the page names the connection and its expiry, and the tap can use it."""
    settings = config(demo.url)
    login = Login(tmp_path, settings).wait_for_address()
    text = log_in(browser, login.address, "allow")
    status, said, errors = login.end()
    assert status == 0, errors
    assert "It worked" in text
    assert "demo-client" in text
    assert "valid until" in text
    assert "It worked" not in said
    assert tap(settings).status == 0


def test_parameters_in_the_fragment_are_read(browser, api, tmp_path, tap):
    """A provider that responds in the fragment, with a code of another name, is logged in to."""
    settings = {"authorize_url": f"{api.url}/authorize", "access_token_url": f"{api.url}/token"}
    names = {"client_id": "app_id"}
    settings |= {"authorize_param_names": names, "code_param": "auth_code"}
    login = Login(tmp_path, config(api.url, **settings)).wait_for_address()
    asked = dict(parse_qsl(urlsplit(login.address).query))
    browser.get(f"{login.redirect_uri}#auth_code=the-code&realmId=7&state={asked['state']}")
    assert login.end()[0] == 0
    assert "It worked" in browser.find_element(By.TAG_NAME, "body").text
    assert api.requests("/token")[0].form["code"] == "the-code"
    assert (asked["app_id"], "client_id" in asked) == ("demo-client", False)


def test_page_reports_denial(browser, demo, tmp_path):
    login = Login(tmp_path, config(demo.url)).wait_for_address()
    text = log_in(browser, login.address, "deny")
    assert login.end()[0] == 1
    assert "denied" in text


def test_browser_is_opened_at_the_printed_address(demo, tmp_path):
    opened = tmp_path / "opened"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    script.chmod(0o700)
    login = Login(tmp_path, config(demo.url), "--timeout", "3", env={"BROWSER": str(script)})
    login.wait_for_address()
    login.end()
    assert opened.read_text() == login.address
