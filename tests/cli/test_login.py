"""The login command: each way to log in, and each way in which it can fail."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from tap_oauth2_generic.demo.server import DemoServer
from tests.support.login_process import Login, Person, config, free_port


class Clock:
    """The provider's clock, which a test moves."""

    now = time.time()

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def demo(clock):
    with DemoServer(port=0, clock=clock) as server:
        yield server


def test_browser_login_lasts(demo, clock, tmp_path, tap):
    """After one login the tap runs for days, although refresh tokens rotate."""
    settings = config(demo.url, scopes="read")
    login = Login(tmp_path, settings).wait_for_address()
    page = Person().visit(Person().decide(login.address))
    status, said, errors = login.end()
    assert (status, errors) == (0, ""), errors
    assert page.status_code == 200
    for text in (page.text, said):
        assert "is logged in" in text
        assert "demo-client" in text
        assert re.search(r"valid until \d{4}-", text)
    assert "Next: tap-oauth2-generic --config" in said
    for _ in range(3):
        clock.now += 86400
        run = tap.ok(settings)
        assert len(run.records("lists")) == 10


def test_authorization_url_has_pkce_and_state(demo, tmp_path):
    """The URL has an S256 challenge, a state and extra parameters; null removes one."""
    login = Login(tmp_path, config(demo.url, authorize_params={"prompt": "consent", "scope": None}))
    query = urlsplit(login.wait_for_address().address).query
    for part in ("code_challenge=", "code_challenge_method=S256", "state=", "prompt=consent"):
        assert part in query
    login.process.terminate()
    login.end()


def test_state_and_verifier_are_new_for_each_login(api, tmp_path):
    """The verifier fits the challenge, and neither is used twice."""
    states, challenges = set(), set()
    for _ in range(2):
        settings = config(
            api.url, authorize_url=f"{api.url}/authorize", access_token_url=f"{api.url}/token"
        )
        login = Login(tmp_path, settings).wait_for_address()
        asked = dict(parse_qsl(urlsplit(login.address).query))
        Person().visit(f"{login.redirect_uri}?code=c&state={asked['state']}")
        assert login.end()[0] == 0
        verifier = api.requests("/token")[-1].form["code_verifier"]
        digest = hashlib.sha256(verifier.encode()).digest()
        assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert len(verifier) >= 43
        assert len(asked["state"]) >= 43
        assert verifier not in login.said
        states.add(asked["state"])
        challenges.add(asked["code_challenge"])
    assert (len(states), len(challenges)) == (2, 2)


def test_denied_consent_is_reported(demo, tmp_path):
    """Denying consent ends the login with its own sentence in browser and terminal."""
    login = Login(tmp_path, config(demo.url)).wait_for_address()
    page = Person().visit(Person().decide(login.address, "deny"))
    status, _, errors = login.end()
    assert status == 1
    assert "denied" in errors
    assert "denied" in page.text


def test_code_with_wrong_state_is_not_exchanged(api, tmp_path):
    settings = config(
        api.url, authorize_url=f"{api.url}/authorize", access_token_url=f"{api.url}/token"
    )
    login = Login(tmp_path, settings).wait_for_address()
    page = Person().visit(f"{login.redirect_uri}?code=stolen-code&state=forged")
    status, said, errors = login.end()
    assert status == 1
    assert "state" in errors
    assert page.status_code == 200
    assert "state" in page.text
    assert not api.requests("/token")
    assert "stolen-code" not in said + errors + page.text


@pytest.mark.parametrize("place", ["/.well-known/{}/t/one", "/t/one/.well-known/{}"])
@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_login_uses_the_endpoints_of_an_issuer_with_a_path(api, tmp_path, place, name):
    """Given by the address of its metadata; the response of the login may name the issuer."""
    issuer, path = f"{api.url}/t/one", place.format(name)
    endpoints = {"authorization_endpoint": f"{issuer}/allow", "token_endpoint": f"{issuer}/token"}
    api.serve(path, {"issuer": issuer, **endpoints})
    api.routes["/t/one/token"] = api.token
    settings = config(api.url, issuer=api.url + path, authorize_url=None, access_token_url=None)
    login = Login(tmp_path, settings).wait_for_address()
    assert login.address.startswith(f"{issuer}/allow?")
    state = re.search(r"state=([^&]+)", login.address)[1]
    Person().visit(f"{login.redirect_uri}?code=the-code&state={state}&iss={issuer}")
    status, _, errors = login.end()
    assert (status, len(api.requests("/t/one/token"))) == (0, 1), errors
    assert not api.requests("/token")


def test_code_of_another_issuer_is_not_exchanged(api, tmp_path):
    settings = config(
        api.url, authorize_url=f"{api.url}/authorize", access_token_url=f"{api.url}/token"
    )
    login = Login(tmp_path, settings).wait_for_address()
    state = re.search(r"state=([^&]+)", login.address)[1]
    Person().visit(f"{login.redirect_uri}?code=c&state={state}&iss=https://evil.example")
    status, _, errors = login.end()
    assert status == 1
    assert "another provider" in errors
    assert not api.requests("/token")


def test_used_port_is_named(demo, tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        login = Login(tmp_path, config(demo.url, redirect_uri=f"http://127.0.0.1:{port}/callback"))
        status, said, errors = login.end()
    assert status == 1
    assert "/oauth/authorize" not in said
    assert f"port {port}" in errors
    assert "is in use" in errors


def test_login_times_out(demo, tmp_path):
    """A login that nobody finishes ends after the timeout with its own sentence."""
    status, _, errors = Login(tmp_path, config(demo.url), "--timeout", "0.2").end()
    assert status == 1
    assert "no redirect within" in errors


def test_redirect_to_another_path_names_both(demo, tmp_path):
    """A redirect that does not match the redirect URI is reported with both paths."""
    login = Login(tmp_path, config(demo.url)).wait_for_address()
    state = re.search(r"state=([^&]+)", login.address)[1]
    Person().visit(login.redirect_uri.replace("/callback", "/other") + f"?code=c&state={state}")
    status, _, errors = login.end()
    assert status == 1
    assert "'/other'" in errors
    assert "'/callback'" in errors


def test_other_requests_do_not_disturb_the_login(demo, tmp_path):
    """The listener ignores other paths, other hosts and visits without parameters."""
    login = Login(tmp_path, config(demo.url)).wait_for_address()
    person = Person()
    origin = login.redirect_uri.removesuffix("/callback")
    assert person.visit(f"{origin}/favicon.ico").status_code == 404
    assert person.visit(f"{origin}/other?code=c&state=forged").status_code == 404
    assert person.visit(login.redirect_uri).status_code == 404
    forged = {"Host": "evil.example"}
    assert (
        person.http.get(f"{login.redirect_uri}?code=x&state=y", headers=forged).status_code == 404
    )
    person.visit(person.decide(login.address))
    assert login.end()[0] == 0


def test_pasted_address_logs_in(demo, tmp_path):
    """With --no-browser the redirect address is pasted, and nothing listens."""
    login = Login(tmp_path, config(demo.url), "--no-browser").wait_for_address()
    login.type(Person().decide(login.address))
    status, said, errors = login.end()
    assert status == 0, errors
    assert "is logged in" in said


def test_remote_redirect_uri_is_pasted(api, tmp_path):
    """If the redirect URI is not on loopback, the user pastes the address."""
    settings = config(
        api.url,
        authorize_url=f"{api.url}/authorize",
        access_token_url=f"{api.url}/token",
        redirect_uri="https://app.example/callback",
    )
    login = Login(tmp_path, settings).wait_for_address()
    state = re.search(r"state=([^&]+)", login.address)[1]
    login.type(f"https://app.example/callback?code=the-code&state={state}")
    status, _, errors = login.end()
    assert status == 0, errors
    assert api.requests("/token")[0].form["code"] == "the-code"
    assert api.requests("/token")[0].form["redirect_uri"] == "https://app.example/callback"


@pytest.mark.parametrize(
    "pasted", ["https://elsewhere.example/callback?code=c", "nonsense", "code"]
)
def test_wrong_pasted_address_is_refused(demo, tmp_path, pasted):
    login = Login(tmp_path, config(demo.url), "--no-browser").wait_for_address()
    login.type(pasted)
    status, _, errors = login.end()
    assert status == 1
    assert "does not begin with the redirect URI" in errors


def test_refused_code_is_one_line(demo, tmp_path):
    """A code that the token endpoint refuses is one line without a secret."""
    login = Login(tmp_path, config(demo.url, client_secret="wrong-secret-of-the-test"))
    login.wait_for_address()
    Person().visit(Person().decide(login.address))
    status, said, errors = login.end()
    assert status == 1
    assert "invalid_client" in errors
    assert len(errors.strip().splitlines()) == 1
    assert "wrong-secret-of-the-test" not in said + errors


def test_client_credentials_login_stores_a_token(demo, tmp_path):
    """Logging in with client_credentials stores a token and asks nobody."""
    status, said, errors = Login(tmp_path, config(demo.url, grant_type="client_credentials")).end()
    assert status == 0, errors
    assert "is logged in" in said


def test_device_login_waits_for_the_person(api, tmp_path):
    """A device login shows code and address, polls while pending, slows down if told."""
    api.serve(
        "/device",
        {
            "device_code": "device-code-of-the-test",
            "user_code": "ABCD-EFGH",
            "verification_uri": "https://example.com/device",
            "expires_in": 60,
            "interval": 0.01,
        },
    )
    from tests.support.server import Reply

    answers = [
        Reply({"error": "authorization_pending"}, 400),
        {"access_token": "a-token", "refresh_token": "r-token", "expires_in": 60},
    ]
    api.token = lambda _: answers.pop(0)
    settings = config(
        api.url,
        grant_type="device_code",
        device_authorization_url=f"{api.url}/device",
        access_token_url=f"{api.url}/token",
    )
    status, said, errors = Login(tmp_path, settings).end()
    assert status == 0, errors
    assert "ABCD-EFGH" in said
    assert "https://example.com/device" in said
    assert [seen.form["device_code"] for seen in api.requests("/token")] == [
        "device-code-of-the-test"
    ] * 2
    assert "device-code-of-the-test" not in said + errors


def test_control_characters_are_replaced(api, tmp_path):
    """Control characters from the provider do not reach the terminal."""
    codes = {"user_code": "AB\x1b[2J", "verification_uri": "https://x/\x9b1m"}
    api.serve("/device", {"device_code": "device-code-of-the-test", "interval": 0.01, **codes})
    claims = base64.urlsafe_b64encode(b'{"email": "ann\\u001b]0;x\\u0007"}').decode()
    api.token = lambda _: {"access_token": "token-of-the-test", "id_token": f"a.{claims}.c"}
    settings = config(
        api.url,
        grant_type="device_code",
        device_authorization_url=f"{api.url}/device",
        access_token_url=f"{api.url}/token",
    )
    status, said, errors = Login(tmp_path, settings).end()
    assert status == 0, errors
    assert "ann?]0;x?" in said
    assert not set("\x1b\x07\x9b") & set(said + errors)


@pytest.mark.parametrize(
    ("error", "said"), [("access_denied", "denied"), ("expired_token", "expired")]
)
def test_failed_device_login_is_reported(api, tmp_path, error, said):
    """Denial and expiry of a device code have their own sentences."""
    from tests.support.server import Reply

    answer = {"device_code": "d-code", "user_code": "U", "verification_uri": "x", "interval": 0.01}
    api.serve("/device", answer)
    api.token = lambda _: Reply({"error": error}, 400)
    settings = config(
        api.url,
        grant_type="device_code",
        device_authorization_url=f"{api.url}/device",
        access_token_url=f"{api.url}/token",
    )
    status, _, errors = Login(tmp_path, settings).end()
    assert status == 1
    assert said in errors


def test_port_is_free_after_a_login(demo, tmp_path):
    settings = config(demo.url)
    login = Login(tmp_path, settings, "--timeout", "0.2")
    login.end()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", urlsplit(settings["redirect_uri"]).port))
    assert free_port()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "scope=offline_access or access_type=offline or prompt=consent."),
        ({"scopes": "read offline_access"}, "for access_type=offline or prompt=consent."),
        (
            {"authorize_params": {"access_type": "offline", "prompt": "consent"}},
            "for scope=offline_access.",
        ),
        (
            {
                "scopes": "offline_access",
                "authorize_params": {"access_type": "offline", "prompt": "consent"},
            },
            "so you have to log in again then.",
        ),
    ],
)
def test_login_without_refresh_token_says_what_brings_one(api, tmp_path, settings, said):
    """It names the usual ways that were not asked for yet."""
    api.token = lambda _: {"access_token": "token-of-the-test", "expires_in": 60}
    urls = {"authorize_url": f"{api.url}/authorize", "access_token_url": f"{api.url}/token"}
    login = Login(tmp_path, config(api.url, **urls, **settings)).wait_for_address()
    state = re.search(r"state=([^&]+)", login.address)[1]
    Person().visit(f"{login.redirect_uri}?code=c&state={state}")
    status, shown, errors = login.end()
    assert status == 0, errors
    assert said in shown
