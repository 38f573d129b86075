"""Logins without a redirect to this machine, logins that meet another, and ended windows."""

from __future__ import annotations

import pytest

from tests.support.chromium import require_chromium
from tests.support.login_process import free_port
from tests.support.server import Reply
from tests.support.studio_process import StudioClient, StudioProcess

require_chromium()

CODE = {
    "device_code": "device-code-of-the-test",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://example.com/device",
    "interval": 1,
}
TOKEN = {"access_token": "token-of-the-test", "expires_in": 3600}


@pytest.fixture
def settings(api, write):
    """Write a connection to a provider that the test scripts."""

    def write_settings(**changed):
        found = {
            "base_url": api.url,
            "authorize_url": f"{api.url}/authorize",
            "access_token_url": f"{api.url}/token",
            "client_id": "client-of-the-test",
            "redirect_uri": f"http://127.0.0.1:{free_port()}/callback",
            **changed,
        }
        write(found, secret=None)
        return found["redirect_uri"]

    return write_settings


@pytest.fixture
def elsewhere(settings):
    """A redirect URI that is no address of this machine."""
    return settings(redirect_uri="https://app.example.com/callback")


@pytest.fixture
def redirect_uri(settings, api):
    """A redirect URI of this machine; the provider shows a page and redirects nobody."""
    api.routes["/authorize"] = lambda _: Reply(b"consent page")
    api.token = lambda _: TOKEN
    return settings()


@pytest.fixture
def device(api, settings):
    """A login by device code, whose token endpoint returns these."""
    waiting = [Reply({"error": "authorization_pending"}, 400)]
    api.routes["/device"] = lambda _: CODE
    api.token = lambda _: waiting[0]
    settings(grant_type="device_code", device_authorization_url=f"{api.url}/device")
    return waiting


def test_device_code_is_shown_until_it_is_confirmed(device, page, api):
    page.press("Save and connect")
    page.has("WDJB-MJHT")
    assert page.link("https://example.com/device").get_attribute("rel") == "noopener noreferrer"
    page.is_alone()
    device[0] = TOKEN
    page.has("Connected, valid for 59 minutes")
    assert "WDJB-MJHT" not in page.text
    assert "device-code-of-the-test" not in page.driver.page_source


@pytest.mark.parametrize(
    ("error", "said"),
    [("access_denied", "denied on the other device"), ("expired_token", "the code expired")],
)
def test_device_code_without_consent_is_one_sentence(device, page, error, said):
    page.press("Save and connect")
    page.has("WDJB-MJHT")
    device[0] = Reply({"error": error}, 400)
    assert said in page.alert()
    page.has("Not connected")


def test_stopped_device_login_polls_no_more(device, page, api):
    page.press("Save and connect")
    page.press("Stop the login")
    assert "the login was stopped" in page.alert()
    polls = len(api.requests("/token"))
    device[0] = TOKEN
    page.pause(1.5)
    assert len(api.requests("/token")) == polls


def test_redirect_to_another_place_is_pasted(elsewhere, page, api):
    """The provider knows only an address elsewhere; a wrong one is one sentence, and stays."""
    api.routes["/authorize"] = lambda _: Reply(b"consent page")
    api.token = lambda _: TOKEN
    page.press("Save and connect")
    page.type("Address after the login", "https://other.example.com/callback?code=c")
    page.press("Continue")
    assert "does not begin with the redirect URI https://app.example.com" in page.alert()
    assert page.field("Address after the login").get_attribute("value").endswith("?code=c")
    state = api.requests("/authorize")[0].query["state"]
    page.type("Address after the login", f"{elsewhere}?code=code-of-the-test&state={state}")
    page.press("Continue")
    page.has("Connected, valid for 59 minutes")
    assert api.requests("/token")[0].form["code"] == "code-of-the-test"


def test_second_studio_says_that_the_port_is_taken(redirect_uri, page, api, project):
    """Two studios of one project log in at once: the second says so, the first goes on."""
    page.press("Save and connect")
    page.has("Waiting for your login")
    with StudioProcess(project) as other:
        second = StudioClient(other).post("/connection", {"action": "connect"}).text
    assert "of redirect_uri is in use; stop the program that uses it" in second
    state = page.until(lambda: api.requests("/authorize"), "no login page")[0].query["state"]
    with page.window() as popup:
        popup.driver.get(f"{redirect_uri}?code=code-of-the-test&state={state}")
    page.has("Connected, valid for 59 minutes")


def test_pages_that_have_left_hold_no_thread(redirect_uri, studio, client):
    """More reloads during a login than the server has threads: it responds all the same."""
    client.post("/connection", {"action": "connect"})
    for _ in range(50):
        client.http.get(f"{client.origin}/login/events", stream=True, timeout=10).close()
    assert "Waiting for your login" in client.get("/").text


def test_login_of_an_earlier_studio_is_not_taken(redirect_uri, page, studio, api, project):
    """A consent that comes after a restart meets the new login, which uses only its own."""
    page.press("Save and connect")
    page.until(lambda: api.requests("/authorize"), "no login page")
    state = api.requests("/authorize")[0].query["state"]
    studio.end()
    with StudioProcess(project) as other:
        page.driver.get(other.address)
        page.press("Save and connect")
        page.until(lambda: len(api.requests("/authorize")) > 1, "no login page")
        with page.window() as popup:
            popup.driver.get(f"{redirect_uri}?code=code-of-the-test&state={state}")
        assert "state of another login" in page.alert()
    assert not api.requests("/token")
