"""The demo's authorization endpoint: login, consent, redirect."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tap_oauth2_generic.demo.server import DemoServer
from tests.support.demo_client import CHALLENGE, REDIRECT, TIMEOUT, USER, Browser, redirected


class Elements(HTMLParser):
    """Collect the names of all elements of a page."""

    def __init__(self, page):
        super().__init__()
        self.names = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        del attrs
        self.names.append(tag)


def test_allow_redirects_with_code_state_and_issuer(browser):
    """The issuer is that of RFC 9207."""
    answer = redirected(browser.press(browser.open()))
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("st/&te", browser.url)


def test_request_without_state_is_redirected_without_state(browser):
    assert "state" not in redirected(browser.press(browser.open(state=None)))


def test_deny_redirects_with_access_denied(browser):
    """It needs no login and sends no code."""
    answer = redirected(browser.press(browser.open(), "deny", username="", password=""))
    assert answer == {"error": "access_denied", "state": "st/&te", "iss": browser.url}


@pytest.mark.parametrize("typed", [{"password": "wrong"}, {"username": "root"}, {"password": ""}])
def test_wrong_login_shows_the_form_again(browser, typed):
    """The same form can be submitted again."""
    page = browser.press(browser.open(), **typed)
    assert page.status_code == 403
    assert "Wrong user name or password" in page.text
    assert "code" in redirected(browser.press(page))


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:1/",
        "http://localhost:65535",
        "http://[::1]:8400/callback?x=1",
    ],
)
def test_any_loopback_redirect_uri_is_accepted(browser, uri):
    """Port, path and query are free (RFC 8252 section 7.3)."""
    location = browser.press(browser.open(redirect_uri=uri)).headers["Location"]
    assert location.startswith(f"{uri}{'&' if '?' in uri else '?'}code=")


@pytest.mark.parametrize(
    "params",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"redirect_uri": "http://127.0.0.1@evil.example/"},
        {"redirect_uri": "http://127.0.0.1\\@evil.example/"},
        {"redirect_uri": "http://127.0.0.1/\r\nX-Injected: 1"},
        {"redirect_uri": "http://127.0.0.1/#fragment"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": [REDIRECT, REDIRECT]},
    ],
)
def test_untrusted_redirect_uri_shows_an_error_page(browser, params):
    """An unknown client or a foreign redirect URI never gets a redirect."""
    page = browser.open(**params)
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "X-Injected" not in page.headers
    assert "form" not in Elements(page.text).names


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"client_id": "demo-public"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_error_of_a_known_client_is_redirected_to_it(browser, params, error):
    answer = redirected(browser.open(**params))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "st/&te", browser.url)


def test_form_can_be_submitted_once(browser):
    page = browser.open()
    assert browser.press(page).status_code == 303
    assert browser.press(page).status_code == 400


def test_form_of_another_browser_is_rejected(browser, shared_demo):
    """A browser without the cookie counts as another one."""
    page = browser.open()
    stranger = Browser(shared_demo.url)
    with stranger.http:
        assert stranger.press(page).status_code == 403
        stranger.open()
        assert stranger.press(page).status_code == 403
    assert browser.press(page).status_code == 303


def test_two_tabs_of_one_browser_both_work(browser):
    first, second = browser.open(), browser.open()
    assert browser.press(first).status_code == browser.press(second).status_code == 303


def test_form_expires_after_ten_minutes(clock):
    with DemoServer(port=0, clock=clock) as demo:
        browser = Browser(demo.url)
        with browser.http:
            early, late = browser.open(), browser.open()
            clock.now += 599
            assert browser.press(early).status_code == 303
            clock.now += 1
            assert browser.press(late).status_code == 400


def test_form_without_ticket_is_rejected(browser):
    """Valid credentials alone are not enough."""
    browser.open()
    response = browser.http.post(
        f"{browser.url}/oauth/authorize",
        data={"decision": "allow", **USER},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    assert response.status_code == 400


def test_markup_in_input_is_escaped(browser):
    markup = '"><script>alert(1)</script>'
    page = browser.open(state=markup, redirect_uri=f"{REDIRECT}?a='&b=1", nonsense=markup)
    again = browser.press(page, username=markup, password=markup)
    for shown in (page, again, browser.open(client_id=markup), browser.open(redirect_uri=markup)):
        assert "script" not in Elements(shown.text).names
        assert "alert(1)" not in shown.text
    assert "?a=&#x27;&amp;b=1" in page.text
    assert redirected(browser.press(again))["state"] == markup


def test_no_page_contains_a_secret(browser):
    """Not the client secret, a password, the state or a code."""
    page = browser.open(state="the-state")
    wrong = browser.press(page, password="typed-password")
    done = browser.press(wrong)
    code = redirected(done)["code"]
    for shown in (page, wrong, done):
        for secret in ("demo-secret", "demo-password", "typed-password", "the-state", code):
            assert secret not in shown.text


def test_pages_forbid_frames_caching_referrers_and_scripts(browser):
    """The cookie is HttpOnly and SameSite."""
    page = browser.open()
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
