"""The laws of the demo's authorization endpoint: login, consent, redirect."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tap_oauth2_generic.demo import DemoServer
from tests.support.demo_client import CHALLENGE, REDIRECT, TIMEOUT, USER, Browser, redirected


class Elements(HTMLParser):
    """Collects the names of all elements of a page."""

    def __init__(self, page):
        super().__init__()
        self.names = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        del attrs
        self.names.append(tag)


def test_allow_redirects_with_code_state_and_issuer(browser):
    """Allow sends the code, the very state and the issuer (RFC 9207) to the client."""
    answer = redirected(browser.press(browser.open()))
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("st/&te", browser.url)


def test_no_state_gives_no_state(browser):
    """A request without a state gets none back."""
    assert "state" not in redirected(browser.press(browser.open(state=None)))


def test_deny_redirects_with_access_denied(browser):
    """Deny needs no login and sends access_denied with state and issuer, and no code."""
    answer = redirected(browser.press(browser.open(), "deny", username="", password=""))
    assert answer == {"error": "access_denied", "state": "st/&te", "iss": browser.url}


@pytest.mark.parametrize("typed", [{"password": "wrong"}, {"username": "root"}, {"password": ""}])
def test_a_wrong_login_shows_the_form_again(browser, typed):
    """A wrong user name or password gives no code; the form stays good for another try."""
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
    """A loopback redirect URI is good with any port, path and query (RFC 8252 section 7.3)."""
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
def test_an_untrusted_target_is_never_redirected_to(browser, params):
    """With an unknown client or a foreign redirect URI the user gets an error page, no redirect."""
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
def test_other_errors_go_back_to_the_client(browser, params, error):
    """A wrong request of a known client is redirected back with the error, state and issuer."""
    answer = redirected(browser.open(**params))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "st/&te", browser.url)


def test_a_form_works_once(browser):
    """A form that led to a redirect leads to no second one."""
    page = browser.open()
    assert browser.press(page).status_code == 303
    assert browser.press(page).status_code == 400


def test_a_form_works_only_in_its_own_browser(browser, shared_demo):
    """A form sent by another browser, or by one without the cookie, is refused."""
    page = browser.open()
    stranger = Browser(shared_demo.url)
    with stranger.http:
        assert stranger.press(page).status_code == 403
        stranger.open()
        assert stranger.press(page).status_code == 403
    assert browser.press(page).status_code == 303


def test_two_tabs_of_one_browser_both_work(browser):
    """Opening the page again does not spoil a form that is still open."""
    first, second = browser.open(), browser.open()
    assert browser.press(first).status_code == browser.press(second).status_code == 303


def test_a_form_gets_out_of_date(clock):
    """A form is good for ten minutes."""
    with DemoServer(port=0, clock=clock) as demo:
        browser = Browser(demo.url)
        with browser.http:
            early, late = browser.open(), browser.open()
            clock.now += 599
            assert browser.press(early).status_code == 303
            clock.now += 1
            assert browser.press(late).status_code == 400


def test_a_form_without_its_ticket_is_refused(browser):
    """Right credentials alone, without a form of this server, give nothing."""
    browser.open()
    response = browser.http.post(
        f"{browser.url}/oauth/authorize",
        data={"decision": "allow", **USER},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    assert response.status_code == 400


def test_nothing_sent_becomes_markup(browser):
    """Markup in a parameter or in the form shows as text or not at all."""
    markup = '"><script>alert(1)</script>'
    page = browser.open(state=markup, redirect_uri=f"{REDIRECT}?a='&b=1", nonsense=markup)
    again = browser.press(page, username=markup, password=markup)
    for shown in (page, again, browser.open(client_id=markup), browser.open(redirect_uri=markup)):
        assert "script" not in Elements(shown.text).names
        assert "alert(1)" not in shown.text
    assert "?a=&#x27;&amp;b=1" in page.text
    assert redirected(browser.press(again))["state"] == markup


def test_no_page_shows_a_secret(browser):
    """No page holds the client secret, the password (typed or right), the state or a code."""
    page = browser.open(state="the-state")
    wrong = browser.press(page, password="typed-password")
    done = browser.press(wrong)
    code = redirected(done)["code"]
    for shown in (page, wrong, done):
        for secret in ("demo-secret", "demo-password", "typed-password", "the-state", code):
            assert secret not in shown.text


def test_pages_are_not_framed_cached_or_scripted(browser):
    """Every page forbids framing, caching, referrers and scripts; its cookie is out of reach."""
    page = browser.open()
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
