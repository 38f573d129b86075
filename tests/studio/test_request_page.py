"""The request block in a real browser: fields, curl lines, responses as text."""

from __future__ import annotations

import json
import threading

import pytest
from dotenv import dotenv_values
from selenium.webdriver.common.by import By

from tests.support.chromium import require_chromium
from tests.support.server import Reply

require_chromium()


@pytest.fixture
def not_connected(write, config):
    """A connection before its login."""
    write(config)


@pytest.fixture
def block(connected, page):
    """The page of the request block."""
    page.follow("Request")
    page.has("Raw API request")
    return page


@pytest.fixture
def own_api(api, write):
    """A connection to an API whose responses the test scripts."""
    write({**api.config({"name": "x", "path": "x"}), "streams": []}, secret=None)
    return api


def response(page):
    return page.driver.find_element(By.ID, "response").text


def test_request_shows_status_headers_and_a_tree(block):
    block.type("Path", "/lists")
    block.type("Query Parameters", '{"per_page": 2}')
    block.press("Send")
    block.has("Status 200")
    assert "per_page=2" in response(block)
    assert "value [2]" in response(block)
    assert "Content-Type" in block.driver.find_element(By.ID, "response_headers").get_attribute(
        "textContent"
    )
    assert "Bearer" not in block.driver.page_source.replace("Bearer (default)", "")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_each_method_sends_its_body(own_api, page, method):
    own_api.serve("/items", {"ok": True})
    page.follow("Request")
    page.type("Path", "/items")
    page.type("Method", method)
    page.type("Request Body", '{"a": [1]}')
    page.type("Headers", '{"X-Own": "1"}')
    page.press("Send")
    page.has("Status 200")
    seen = own_api.requests("/items")[-1]
    assert (seen.method, seen.json) == (method, {"a": [1]})
    assert seen.headers["X-Own"] == "1"


def test_refused_request_shows_its_response(block):
    block.type("Path", "/missing")
    block.press("Send")
    block.has("Status 404")
    assert "returned status 404" in block.alert()


def test_mistakes_are_at_their_fields(block):
    block.type("Query Parameters", "{per_page: 2}")
    block.press("Send")
    assert "Nothing was sent" in block.alert()
    assert "must be an object" in block.about("Query Parameters")
    assert "is required" in block.about("Path")
    assert block.field("Query Parameters").get_attribute("value") == "{per_page: 2}"


def test_request_goes_only_to_allowed_hosts(block):
    block.type("Path", "https://evil.example/collect")
    block.press("Send")
    assert "evil.example" in block.alert()
    assert "allowed_hosts" in block.alert()


def test_curl_line_fills_the_block(block, demo):
    line = (
        f"curl -s -X GET '{demo.url}/api/v1/lists?per_page=2' \\\n"
        "  -H 'Authorization: Bearer secret-of-the-documentation' -H 'X-Own: 1'"
    )
    block.type("curl line", line)
    block.press("Read the curl line")
    block.has("left out, because the connection has its own: access_token")
    assert block.field("Path").get_attribute("value") == "/lists"
    assert json.loads(block.field("Query Parameters").get_attribute("value")) == {"per_page": "2"}
    assert json.loads(block.field("Headers").get_attribute("value")) == {"X-Own": "1"}
    block.press("Send")
    block.has("Status 200")


def test_secrets_of_a_curl_line_go_to_the_environment_file(own_key_api, page, project):
    """Of an empty configuration it makes a connection; no secret is shown, and Save keeps it."""
    api, line = own_key_api
    page.follow("Request")
    page.type("curl line", line)
    page.press("Read the curl line")
    page.has("for .env, when you save: headers")
    page.press("Send")
    page.has("Status 200")
    assert "key-1" not in page.driver.page_source.replace(line, "")
    page.press_labelled("data: these are the records")
    page.has("Stream items")
    page.press("Save")
    page.has("Saved in config.json")
    assert "Unsaved changes" not in page.text
    found = json.loads((project / "config.json").read_text())
    stream = {"name": "items", "path": "/items", "method": "GET", "records_path": "data"}
    assert found == {"base_url": api.url, "grant_type": "none", "streams": [stream]}
    env = dotenv_values(project / ".env")
    assert json.loads(env["TAP_OAUTH2_GENERIC_HEADERS"]) == {
        "X-Api-Key": "key-1",
        "Cookie": "session=key-1",
    }


@pytest.fixture
def own_key_api(api):
    """An API with a key and a cookie, and the curl line of its documentation."""

    def items(seen):
        is_known = seen.headers.get("X-Api-Key") == seen.headers["Cookie"][8:] == "key-1"
        return {"data": [{"id": 1}]} if is_known else Reply({}, 403)

    api.routes["/items"] = items
    return api, f"curl '{api.url}/items' -H 'X-Api-Key: key-1' -b 'session=key-1'"


def test_pasted_token_does_not_replace_a_connection(block, demo, project):
    line = f"curl {demo.url}/api/v1/lists -H 'Authorization: Bearer pasted-token-1'"
    block.type("curl line", line)
    block.press("Read the curl line")
    block.has("left out, because the connection has its own: access_token")
    block.press("Send")
    block.has("Status 200")
    assert "Unsaved changes" not in block.text


def test_curl_line_that_is_none_is_one_sentence(block):
    block.type("curl line", "wget https://a.example")
    block.press("Read the curl line")
    assert "must begin with curl" in block.alert()


def test_response_is_text_never_markup(own_api, page):
    """Names, values, headers and errors of an API run nothing and make no element."""
    attack = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    own_api.serve("/items", Reply({attack: [attack]}, headers={"X-Attack": attack}))
    page.follow("Request")
    page.type("Path", "/items")
    page.press("Send")
    page.has("Status 200")
    part = page.driver.find_element(By.ID, "response")
    assert attack in part.text
    assert not part.find_elements(By.CSS_SELECTOR, "img, script")
    assert "owned" not in page.driver.title


def test_token_in_a_response_is_masked(own_api, page):
    """An API that returns the token does not have it shown."""
    own_api.routes["/items"] = lambda seen: {"echo": seen.headers["Authorization"]}
    page.follow("Request")
    page.type("Path", "/items")
    page.press("Send")
    page.has("Status 200")
    assert "echo Bearer ***" in response(page)


def test_huge_response_shows_its_head(own_api, page):
    """Of 30 MB the first records are there at once, and the list can be pressed."""
    row = b'{"id": 1, "text": "' + b"x" * 980 + b'"}'
    content = b'{"data": [' + b", ".join([row] * 30_000) + b"]}"
    own_api.serve("/items", Reply(content, headers={"Content-Type": "application/json"}))
    page.follow("Request")
    page.type("Path", "/items")
    page.press("Send")
    page.has("only its beginning is shown")
    assert "or more]" in response(page)
    page.press_labelled("data: these")
    page.has("Stream items")


def test_reload_keeps_what_was_not_sent(block):
    """Also of a field that still has the focus, and on the way to another page and back."""
    block.type("Query Parameters", '{"per_page": 2}')
    block.type("Path", "/lists")
    block.driver.refresh()
    assert block.field("Path").get_attribute("value") == "/lists"
    block.follow("Export")
    block.has("Meltano project")
    block.follow("Request")
    assert block.field("Query Parameters").get_attribute("value") == '{"per_page": 2}'
    block.press("Send")
    block.has("Status 200")
    assert block.driver.execute_script("return sessionStorage.length") == 0


def test_request_without_a_login_loses_nothing_typed(not_connected, page):
    """What to do is one sentence, and the request can be sent after the login."""
    page.follow("Request")
    page.type("Path", "/lists")
    page.type("Query Parameters", '{"per_page": 2}')
    page.press("Send")
    assert page.alert().endswith("in the studio, press Save and connect")
    assert page.field("Path").get_attribute("value") == "/lists"
    page.follow("Connection")
    page.follow("Request")
    assert page.field("Query Parameters").get_attribute("value") == '{"per_page": 2}'


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("curl line", "curl -H 'Authorization: Bearer secret-1'"),
        ("Headers", '{"X-Own": "secret-1"}'),
        ("Path", "/lists?api_key=secret-1"),
        ("Query Parameters", '{"access_token": "secret-1"}'),
        ("Request Body", '{"password": "secret-1"}'),
    ],
)
def test_secrets_stay_out_of_the_store(block, field, typed):
    """The server keeps them in its memory."""
    block.type(field, typed)
    kept = block.driver.execute_script("return JSON.stringify(sessionStorage)")
    assert "secret" not in kept
    if field != "curl line":
        block.pause(1)
        block.driver.refresh()
        assert block.field(field).get_attribute("value") == typed


@pytest.mark.parametrize(
    ("field", "typed", "home"),
    [
        ("Headers", '{"X-Api-Key": "k-1"}', "headers"),
        ("Query Parameters", '{"access_token": "k-1"}', "params"),
        ("Path", "/lists?api_key=k-1", "params"),
    ],
)
def test_typed_secret_says_where_it_belongs(block, field, typed, home):
    block.type("Path", "/lists")
    block.type(field, typed)
    block.press("Send")
    block.has("looks like a secret")
    assert f"put it into the setting {home} of the connection" in block.about(field)


@pytest.mark.parametrize("typed", ['{"X-Api-Key": "{config.key}"}', '{"X-Page-Token": "t"}'])
def test_placeholder_or_page_token_is_no_secret(block, typed):
    block.type("Path", "/lists")
    block.type("Headers", typed)
    block.press("Send")
    block.has("Headers")
    assert "looks like a secret" not in block.text


def test_secret_members_of_a_response_are_masked_by_name(own_api, page):
    """The tap does not know them; page tokens and other data are shown."""
    body = {"data": [{"id": 1, "apiKey": "s3cret", "auth": {"access_token": "s3cret", "n": 7}}]}
    own_api.serve("/items", {**body, "next_page_token": "p2"})
    page.follow("Request")
    page.type("Path", "/items")
    page.press("Send")
    page.has("Status 200")
    assert "access_token ***" in page.content("response")
    assert "next_page_token p2" in page.content("response")
    page.press_labelled("data: these are the records")
    page.press("Test read")
    page.has("read: 1 record of 1 page")
    assert '"apiKey": "***"' in page.content("read_pages")
    assert "apiKey ***" in page.content("read_records")
    assert "s3cret" not in page.driver.page_source


def test_stream_is_made_of_the_request_that_was_sent(block):
    """What is typed for the next one does not change the response that is shown."""
    block.type("Path", "/lists")
    block.press("Send")
    block.has("Status 200")
    block.type("Path", "/people")
    block.field("Query Parameters").click()
    block.pause(1)
    block.press_labelled("value: these are the records")
    block.has("Stream lists")
    assert block.field("Path").get_attribute("value") == "/lists"


def test_response_that_does_not_come_is_no_longer_waited_for(own_api, page):
    released = threading.Event()
    own_api.routes["/items"] = lambda _: Reply({}) if released.wait(60) else None
    page.follow("Request")
    page.type("Path", "/items")
    page.press("Send")
    page.press("Stop")
    assert "stopped before there was a response" in page.alert()
    own_api.serve("/items", {"ok": True})
    page.press("Send")
    page.has("Status 200")
    assert not [
        one for one in page.driver.find_elements(By.CLASS_NAME, "while_busy") if one.is_displayed()
    ]
    released.set()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-k -H 'Authorization: Bearer YOUR_TOKEN'", "header Authorization"),
        ("-I", "--head"),
        ("-H 'User-Agent: x'", "header User-Agent"),
    ],
)
def test_notice_of_a_curl_line_is_true(block, demo, options, said):
    block.type("curl line", f"curl {options} {demo.url}/api/v1/lists")
    block.press("Read the curl line")
    block.has("left out, as a placeholder or a matter of curl and browsers: ")
    assert said in block.text
    assert "has its own" not in block.text
    block.press("Send")
    block.has("Status 200")


def test_key_as_the_user_of_a_curl_line_stays_out_of_the_configuration(api, page, project):
    api.routes["/items"] = lambda seen: {"seen": seen.headers["Authorization"] == "Basic a2V5LTE6"}
    page.follow("Request")
    page.type("curl line", f"curl -u key-1: {api.url}/items")
    page.press("Read the curl line")
    page.has("for .env, when you save: headers")
    page.press("Send")
    page.has("seen true")
    page.follow("Connection")
    page.press("Save")
    page.has("Saved in config.json")
    assert "key-1" not in (project / "config.json").read_text()
    assert "a2V5LTE6" in (project / ".env").read_text()


def test_reload_keeps_the_request(block):
    block.type("Path", "/lists")
    block.press("Send")
    block.has("Status 200")
    block.driver.refresh()
    assert block.field("Path").get_attribute("value") == "/lists"
