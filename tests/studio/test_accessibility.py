"""Each screen passes axe: labels, names, roles and contrast, in light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.chromium import require_chromium
from tests.support.server import Reply

require_chromium()

PAGING = {"style": "page_number", "page_param": "page", "page_size_param": "per_page"}
STREAM = {"name": "contacts", "path": "contacts", "records_path": "data", "pagination": PAGING}


@pytest.fixture
def connected(write, config):
    write({**config, "grant_type": "client_credentials", "streams": [STREAM]})


def open_all(page):
    """Unfold everything, so that all of it is checked."""
    page.driver.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true;"
        "for (const one of document.querySelectorAll('[role=tabpanel]')) one.hidden = false;"
    )


def show(page, width, scheme):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def faults(page):
    """Return what axe finds at each width and in each scheme, and what is too wide.

    A width changes no colour and a scheme no place, so two of the four pairs show all.
    """
    open_all(page)
    found = []
    for width, scheme in ((1280, "light"), (390, "dark")):
        show(page, width, scheme)
        for one in Axe().run(page.driver)["violations"]:
            nodes = [node["html"][:200] for node in one["nodes"][:3]]
            found.append((width, scheme, one["id"], nodes))
        is_wide = "return document.documentElement.scrollWidth > window.innerWidth"
        if page.driver.execute_script(is_wide):
            found.append((width, "too wide"))
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return found


def test_connection_passes(connected, page):
    page.press("Save and connect")
    page.has("Connected, valid for")
    assert faults(page) == []


def test_waiting_logins_pass(api, page):
    """A device code with its link, then the field for a pasted redirect."""
    code = {"device_code": "d", "user_code": "WDJB", "verification_uri": "https://example.com/d"}
    api.routes["/device"] = lambda _: code
    api.token = lambda _: Reply({"error": "authorization_pending"}, 400)
    page.type("Base URL", api.url)
    page.type("OAuth Client ID", "client-of-the-test")
    page.type("Access Token URL", f"{api.url}/token")
    page.type("Authorize URL", f"{api.url}/authorize")
    open_all(page)
    page.type("Device authorization URL", f"{api.url}/device")
    page.type("Redirect URI", "https://app.example.com/callback")
    page.type("Grant type", "device_code")
    page.press("Save and connect")
    page.has("WDJB")
    assert faults(page) == []
    page.type("Grant type", "authorization_code")
    page.press("Save and connect")
    page.has("Address after the login")
    assert faults(page) == []


def test_failed_check_passes(api, page):
    page.type("Base URL", api.url)
    page.type("Access Token URL", f"{api.url}/token")
    page.type("OAuth Client ID", "client-of-the-test")
    page.type("OAuth Client Secret", "secret-of-the-test")
    open_all(page)
    page.type("Grant type", "client_credentials")
    page.press("Save and connect")
    page.has("Connected, valid for")
    api.routes["/"] = lambda _: Reply({"error": "no"}, 403)
    page.press("Check now")
    page.has("but the last check failed")
    assert faults(page) == []


def test_mistakes_pass(page):
    page.press("Save")
    page.alert()
    assert faults(page) == []


def test_request_passes(connected, page):
    page.follow("Request")
    page.type("Path", "/contacts")
    page.press("Send")
    page.has("Status 200")
    assert faults(page) == []


def test_streams_pass(connected, page):
    page.follow("Streams")
    page.has("contacts")
    assert faults(page) == []


def test_stream_and_its_read_pass(connected, page):
    page.follow("Streams")
    page.follow("contacts")
    page.press("Test read")
    page.has("read: ")
    page.until(lambda: "reading" not in page.text, "still reading")
    assert faults(page) == []


@pytest.fixture
def contexts(write, config):
    """A stream with contexts to choose from, a bookmark and a mistake in its JSON."""
    partitions = {"per_page": [40, 50]}
    stream = {**STREAM, "replication_key": "updated_at", "partitions": partitions}
    stream["params"] = {"size": "{partition.per_page}"}
    write({**config, "grant_type": "client_credentials", "streams": [stream]})


def test_contexts_and_json_pass(contexts, page):
    page.follow("Streams")
    page.follow("contacts")
    page.press("Test read")
    page.press("per_page 50")
    page.has("read: 500 records of 10 pages")
    open_all(page)
    page.type("Stream as JSON", "{")
    page.press("Apply")
    assert "is not JSON" in page.alert()
    assert faults(page) == []


def test_stream_works_by_keyboard(connected, page):
    """Enter in a field reads, Tab leads to the tabs, arrows change them, Enter presses."""
    page.follow("Streams")
    page.link("contacts").send_keys(Keys.ENTER)
    page.field("Pages at Most").send_keys("2", Keys.ENTER)
    page.has("read: 100 records of 2 pages")
    page.button("Remove").send_keys(Keys.TAB)
    while page.driver.switch_to.active_element.get_attribute("role") != "tab":
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.driver.switch_to.active_element.text == "Schema"
    page.button("Declare it").send_keys(Keys.ENTER)
    page.has("Declared a schema of ")
    assert page.button("Schema").get_attribute("aria-selected") == "true"


def test_unsaved_changes_pass(connected, page):
    page.type("OAuth Scopes", "other")
    page.field("Base URL").click()
    page.has("Discard changes")
    assert faults(page) == []


def test_export_passes(connected, page):
    page.follow("Export")
    page.has("Meltano project")
    assert faults(page) == []


def test_everything_works_by_keyboard(connected, page):
    """Tab reaches the skip link first, and Enter in a field sends the form."""
    page.follow("Request")
    page.has("Raw API request")
    body = page.driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element.text == "Skip to the page"
    page.field("Path").send_keys("/contacts", Keys.ENTER)
    page.has("Status 200")
