"""The connection in a real browser: the form, saving, the login window, the state."""

from __future__ import annotations

import json
import stat

import pytest
from selenium.webdriver.common.by import By

from tap_oauth2_generic.demo.clients import CLIENT_SECRET
from tests.support.chromium import require_chromium
from tests.support.server import Reply
from tests.support.studio_process import saved

require_chromium()

SEVEN = (
    "Base URL",
    "Authorize URL",
    "Access Token URL",
    "Refresh Token URL",
    "OAuth Client ID",
    "OAuth Client Secret",
    "OAuth Scopes",
)

TEXT = """{
    "base_url" : "%s",  "scopes": "read",
    "authorize_url": "%s", "access_token_url": "%s",
    "client_id": "demo-client", "client_secret": "demo-secret",
    "redirect_uri": "%s",
    "streams": [ {"name": "lists", "path": "/lists", "records_path": "value"} ]
}
"""


def fill_in(page, config, secret=CLIENT_SECRET):
    """Type the seven fields, and the one more that the test's provider needs."""
    page.type("Base URL", config["base_url"])
    page.type("Authorize URL", config["authorize_url"])
    page.type("Access Token URL", config["access_token_url"])
    page.type("OAuth Client ID", config["client_id"])
    page.type("OAuth Client Secret", secret)
    page.type("OAuth Scopes", config["scopes"])
    open_more(page)
    page.type("Redirect URI", config["redirect_uri"])


def open_more(page):
    more = page.driver.find_element(By.ID, "more_settings")
    if not more.get_attribute("open"):
        more.find_element(By.TAG_NAME, "summary").click()


def consent(page, decision="Allow"):
    """Log in at the demo in the window that has opened."""
    with page.window() as popup:
        popup.until(
            lambda: popup.driver.find_elements(By.NAME, "username"), "no login page in the window"
        )
        popup.driver.find_element(By.NAME, "username").send_keys("demo")
        popup.driver.find_element(By.NAME, "password").send_keys("demo-password")
        popup.driver.find_element(By.XPATH, f"//button[normalize-space()={decision!r}]").click()


def connect(page, config):
    fill_in(page, config)
    page.press("Save and connect")
    consent(page)
    page.has("is logged in")


def test_form_has_the_seven_fields_and_every_declared_setting(page):
    for label in SEVEN:
        assert page.field(label).is_displayed()
    open_more(page)
    for label in ("Client authentication", "Token store", "Maximum retries", "Grant type"):
        assert page.field(label).is_displayed()


def test_redirect_uri_to_register_is_shown(page):
    """Whoever makes the client at the provider needs it before the first login."""
    register = "Register this redirect URI with the provider: "
    page.has(f"{register}http://127.0.0.1:8400/callback")
    open_more(page)
    page.type("Redirect URI", "https://app.example.com/callback")
    page.press("Save")
    page.has(f"{register}https://app.example.com/callback")
    page.type("Grant type", "client_credentials")
    page.press("Save")
    page.until(lambda: register not in page.text, "shown without a login")


def test_connected_in_one_window(page, config, project):
    """Seven fields, Save and connect, consent: then the page says so, and nothing shows a token."""
    connect(page, config)
    page.is_alone()
    page.has("Connected, valid for")
    page.has("Refresh token\nstored")
    found = saved(project)
    assert found == {**config, "scopes": ["read"]}
    env = project / ".env"
    assert "TAP_OAUTH2_GENERIC_CLIENT_SECRET='demo-secret'" in env.read_text()
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "demo-secret" not in page.driver.page_source


def test_denied_consent_is_one_sentence(page, config):
    fill_in(page, config)
    page.press("Save and connect")
    consent(page, "Deny")
    assert "the login was denied" in page.alert()
    assert "Not connected" in page.text


def test_closed_window_is_said_and_the_next_login_works(page, config):
    fill_in(page, config)
    page.press("Save and connect")
    with page.window() as popup:
        popup.driver.close()
    assert "window was closed" in page.alert()
    page.press("Save and connect")
    consent(page)
    page.has("Connected, valid for")


def test_stopped_login_frees_its_port(page, config):
    fill_in(page, config)
    page.press("Save and connect")
    page.press("Stop the login")
    assert "the login was stopped" in page.alert()
    page.is_alone()
    page.press("Save and connect")
    consent(page)
    page.has("Connected, valid for")


def test_wrong_secret_is_one_sentence(page, config):
    fill_in(page, config, secret="wrong-secret-of-the-test")
    page.press("Save and connect")
    consent(page)
    said = page.alert()
    assert "invalid_client" in said
    assert "client_secret" in said
    assert "wrong-secret-of-the-test" not in page.driver.page_source


def test_mistakes_are_at_their_fields_and_nothing_is_lost(page, config, project):
    """The sentence is the one of the command line, and the first wrong field has the focus."""
    fill_in(page, config)
    page.type("Base URL", "http://api.example.com")
    page.type("Maximum retries", "many")
    page.type("OAuth Client ID", "")
    page.press("Save and connect")
    assert "nothing was saved" in page.alert()
    assert "must use https" in page.about("Base URL")
    assert "must be a number, not 'many'" in page.about("Maximum retries")
    assert "is required" in page.about("OAuth Client ID")
    assert page.driver.switch_to.active_element == page.field("Base URL")
    assert page.field("Base URL").get_attribute("aria-invalid") == "true"
    assert page.field("Maximum retries").get_attribute("value") == "many"
    assert page.field("OAuth Scopes").get_attribute("value") == "read"
    assert not (project / "config.json").exists()
    page.is_alone()


def test_reload_loses_nothing_typed(page, config):
    page.type("Base URL", config["base_url"])
    page.type("OAuth Scopes", "read write")
    page.field("Base URL").click()
    page.has("Unsaved changes")
    page.driver.refresh()
    assert page.field("Base URL").get_attribute("value") == config["base_url"]
    page.until(
        lambda: page.field("OAuth Scopes").get_attribute("value") == "read write", "scopes lost"
    )


def test_reload_keeps_the_field_with_the_focus(page, config):
    """The secret is not kept: the browser stores nothing of it."""
    page.type("OAuth Client Secret", "secret-of-the-test")
    page.type("Base URL", config["base_url"])
    kept = page.driver.execute_script("return JSON.stringify(sessionStorage)")
    page.driver.refresh()
    assert page.field("Base URL").get_attribute("value") == config["base_url"]
    page.has("Unsaved changes")
    assert config["base_url"] in kept
    assert "secret-of-the-test" not in kept


def test_errors_lose_nothing_typed(page, config, project):
    """What was typed stays, although the file was written by another program."""
    page.type("Base URL", config["base_url"])
    (project / "config.json").write_text("{}")
    page.press("Save")
    page.alert()
    assert page.field("Base URL").get_attribute("value") == config["base_url"]


def test_ended_session_loses_nothing_typed(page, config):
    """The browser has dropped the cookie: each press of a button says so, and the text stays."""
    page.type("Base URL", config["base_url"])
    page.driver.delete_all_cookies()
    page.press("Save")
    assert "open in another browser, or its studio has ended" in page.alert()
    assert page.field("Base URL").get_attribute("value") == config["base_url"]


def test_unsaved_changes_are_said_before_leaving(page, config):
    leaves = "return dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert page.driver.execute_script(leaves)
    page.type("Base URL", config["base_url"])
    page.field("OAuth Scopes").click()
    page.has("Unsaved changes")
    assert not page.driver.execute_script(leaves)


def test_restart_during_a_login_is_one_sentence(page, studio, config):
    fill_in(page, config)
    page.press("Save and connect")
    page.has("Waiting for your login")
    studio.end()
    assert "The studio was stopped" in page.alert()
    assert "Waiting for your login" not in page.text
    page.is_alone()
    page.press("Save")
    page.has("The studio does not respond")
    assert page.field("Base URL").get_attribute("value") == config["base_url"]


def test_code_with_wrong_state_is_not_exchanged(page, config, api):
    """Whoever reaches the listener first with a forged state ends the login, with its reason."""
    forge(page, config, api, "code=stolen-code&state=forged")
    assert "state of another login" in page.alert()
    assert not api.requests("/token")


def test_code_of_another_issuer_is_not_exchanged(page, config, api):
    forge(page, config, api, "code=c&state={state}&iss=https://evil.example")
    assert "another provider" in page.alert()
    assert not api.requests("/token")


def log_in_at(page, config, api, *tokens):
    """Log in at a provider with these responses of its token endpoint, the last one repeated."""
    waiting = list(tokens)
    api.token = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]
    forge(page, {**config, "base_url": api.url}, api, "code=code-of-the-test&state={state}")
    page.has("is logged in")


def test_expired_connection_says_so(page, config, api):
    """Without a refresh token it ends with its access token, and the page does not claim more."""
    log_in_at(page, config, api, {"access_token": "first-token", "expires_in": 1})
    page.pause(1.2)
    page.driver.refresh()
    page.has("Connection expired, and there is no refresh token; log in again")
    page.press("Check now")
    assert "an expired access token and no refresh token" in page.alert()


def test_revoked_connection_says_so(page, config, api):
    """The provider rejects the refresh token: the reason is shown once, the state remains."""
    token = {"access_token": "first-token", "refresh_token": "first-refresh", "expires_in": 3600}
    log_in_at(page, config, api, token, Reply({"error": "invalid_grant"}, 400))
    page.press("Renew")
    assert "the connection was revoked" in page.alert()
    page.has("Connection revoked")
    assert "first-refresh" not in page.driver.page_source


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "the API rejected the token"), (403, "the API forbids this token the request")],
)
def test_refusal_of_the_api_is_part_of_the_state(page, config, api, status, said):
    """A token that is valid for an hour is of no use if the API refuses it."""
    log_in_at(page, config, api, {"access_token": "first-token", "expires_in": 3600})
    api.routes["/"] = lambda _: Reply({"error": "no"}, status)
    page.press("Check now")
    assert said in page.alert()
    assert f"status {status}" in page.alert()
    page.has("Connected, valid for 59 minutes, but the last check failed")
    api.routes["/"] = lambda _: Reply([])
    page.press("Check now")
    page.has("the API accepted the token")
    assert "last check failed" not in page.text


def exchange(page, part):
    """Return the last token request or response that the page shows."""
    found = page.until(lambda: page.driver.find_elements(By.ID, f"token_{part}"), f"no {part}")
    return json.loads(found[0].find_element(By.TAG_NAME, "pre").get_attribute("textContent"))


def test_token_request_and_response_are_shown_masked(page, config, api):
    """The parts that a provider complains about are readable, and no secret is."""
    token = {"access_token": "first-token", "refresh_token": "first-refresh", "expires_in": 3600}
    log_in_at(page, config, api, token)
    request, response = exchange(page, "request"), exchange(page, "response")
    assert (request["method"], request["url"]) == ("POST", f"{api.url}/token")
    sent = {"grant_type": "authorization_code", "redirect_uri": config["redirect_uri"]}
    hidden = dict.fromkeys(("client_secret", "code", "code_verifier"), "***")
    assert request["body"] == {**sent, **hidden, "client_id": config["client_id"]}
    assert (response["status"], response["body"]["expires_in"]) == (200, 3600)
    assert response["body"]["access_token"] == response["body"]["refresh_token"] == "***"
    for secret in ("code-of-the-test", "first-token", "first-refresh", CLIENT_SECRET):
        assert secret not in page.driver.page_source


def test_rejected_token_request_is_shown_masked(page, config, api):
    echo = {"error": "invalid_client", "error_description": "unknown 8f3kd02mfl20xk4n2pq0"}
    api.token = lambda _: Reply(echo, 401)
    forge(page, {**config, "base_url": api.url}, api, "code=c0de-of-the-test&state={state}")
    assert "invalid_client" in page.alert()
    assert exchange(page, "response")["status"] == 401
    assert exchange(page, "request")["body"]["grant_type"] == "authorization_code"
    for secret in ("c0de-of-the-test", "8f3kd02mfl20xk4n2pq0", CLIENT_SECRET):
        assert secret not in page.driver.page_source


def forge(page, config, api, query):
    """Have the provider redirect with parameters that it should not send."""

    def redirect(seen):
        state = seen.query["state"]
        address = f"{config['redirect_uri']}?{query.format(state=state)}"
        return Reply(b"", 303, {"Location": address})

    api.routes["/authorize"] = redirect
    own = {"authorize_url": f"{api.url}/authorize", "access_token_url": f"{api.url}/token"}
    fill_in(page, {**config, **own})
    page.press("Save and connect")


@pytest.fixture
def text(project, config):
    """An existing file, formatted by hand."""
    text = TEXT % tuple(
        config[name] for name in ("base_url", "authorize_url", "access_token_url", "redirect_uri")
    )
    (project / "config.json").write_text(text)
    return text


def test_saving_changes_no_byte_but_what_was_edited(text, page, project):
    page.type("OAuth Client ID", "demo-public")
    page.press("Save")
    page.has("Saved in config.json")
    assert (project / "config.json").read_text() == text.replace("demo-client", "demo-public")


def test_secret_is_set_but_not_shown(text, page, project):
    assert page.field("OAuth Client Secret").get_attribute("value") == ""
    page.has("set")
    assert "demo-secret" not in page.driver.page_source
    page.press("Save")
    page.has("Saved in config.json")
    assert (project / "config.json").read_text() == text
    assert not (project / ".env").exists()


def test_new_secret_moves_to_the_environment_file(text, page, project):
    page.type("OAuth Client Secret", "another-secret")
    page.press("Save")
    page.has("Saved in config.json")
    assert "client_secret" not in saved(project)
    assert "'another-secret'" in (project / ".env").read_text()


def test_file_changed_elsewhere_is_not_overwritten(text, page, project):
    (project / "config.json").write_text(text.replace("lists", "tasks"))
    page.type("OAuth Client ID", "demo-public")
    page.press("Save")
    assert "was changed by another program" in page.alert()
    assert "demo-public" not in (project / "config.json").read_text()


def test_preset_fills_in_and_asks_for_its_parameters(page, project):
    page.type("Provider preset", "zendesk")
    page.type("Subdomain", "acme")
    page.field("Base URL").click()
    page.press("Save")
    page.has("is required")
    page.type("OAuth Client ID", "me")
    page.press("Save")
    page.has("Saved in config.json")
    assert saved(project)["provider_params"] == {"subdomain": "acme"}
    assert "acme.zendesk.com" in page.field("Base URL").get_attribute("placeholder")


def test_state_is_true_after_renewal_check_and_removal(page, config):
    """Renewed, checked, then revoked at the provider and removed: each is said."""
    connect(page, config)
    page.press("Renew")
    page.has("the access token was renewed")
    page.has("1 time, last at")
    page.press("Check now")
    page.has("the API accepted the token")
    page.driver.refresh()
    page.has("Last check")
    page.press("Disconnect")
    page.has("was removed from the token store")
    page.has("Not connected")
    assert "is logged in" not in page.text


@pytest.fixture
def fast_timers(driver):
    """Timers of the page that fire fifty times as often."""
    source = "const own = setInterval; window.setInterval = (act, ms) => own(act, ms / 50);"
    name = "Page.addScriptToEvaluateOnNewDocument"
    added = driver.execute_cdp_cmd(name, {"source": source})
    yield
    driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_state_is_true_though_another_window_changed_it(fast_timers, connected, page, studio):
    page.press("Save and connect")
    page.has("Connected, valid for")
    own = page.driver.current_window_handle
    page.driver.switch_to.new_window("window")
    page.driver.get(studio.origin)
    page.press("Disconnect")
    page.has("was removed from the token store")
    page.driver.switch_to.window(own)
    page.has("Not connected")
