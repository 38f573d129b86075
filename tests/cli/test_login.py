"""Logging in: every way that works, and every way in which a person can fail."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from tap_oauth2_generic.demo import DemoServer
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


def test_a_login_in_a_browser_is_stored_and_stays(demo, clock, tmp_path, tap):
    """After one login the tap runs, day after day, with refresh tokens that rotate."""
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
        run = tap(settings)
        assert run.status == 0, run.errors
        assert len(run.records("lists")) == 10


def test_without_pkce_and_state_nothing_is_sent(demo, tmp_path):
    """The address carries an S256 challenge, a state, and extra parameters; null takes one away."""
    login = Login(tmp_path, config(demo.url, authorize_params={"prompt": "consent", "scope": None}))
    query = urlsplit(login.wait_for_address().address).query
    for part in ("code_challenge=", "code_challenge_method=S256", "state=", "prompt=consent"):
        assert part in query
    login.process.terminate()
    login.end()


def test_each_login_has_a_state_and_verifier_of_its_own(api, tmp_path):
    """The verifier that is sent with the code fits the challenge; none of them is used again."""
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


def test_a_denied_consent_is_said(demo, tmp_path):
    """Denying ends the login with a sentence of its own, in the browser and on the terminal."""
    login = Login(tmp_path, config(demo.url)).wait_for_address()
    page = Person().visit(Person().decide(login.address, "deny"))
    status, _, errors = login.end()
    assert status == 1
    assert "denied" in errors
    assert "denied" in page.text


def test_a_wrong_state_never_leads_to_an_exchange(api, tmp_path):
    """A code that comes with another state is not exchanged."""
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


def test_a_foreign_issuer_is_refused(api, tmp_path):
    """A code that comes from another provider (iss) is not exchanged."""
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


def test_a_taken_port_is_said(demo, tmp_path):
    """A port in use ends the login with a sentence that names it."""
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


def test_nobody_coming_back_is_said(demo, tmp_path):
    """A login that nobody finishes ends after the time with a sentence of its own."""
    status, _, errors = Login(tmp_path, config(demo.url), "--timeout", "0.2").end()
    assert status == 1
    assert "no redirect within" in errors


def test_a_redirect_to_another_path_is_said(demo, tmp_path):
    """A redirect URI that differs from the registered one is named with both paths."""
    login = Login(tmp_path, config(demo.url)).wait_for_address()
    state = re.search(r"state=([^&]+)", login.address)[1]
    Person().visit(login.redirect_uri.replace("/callback", "/other") + f"?code=c&state={state}")
    status, _, errors = login.end()
    assert status == 1
    assert "'/other'" in errors
    assert "'/callback'" in errors


def test_other_requests_do_not_disturb_the_login(demo, tmp_path):
    """The listener answers nothing but the redirect: not other paths, hosts or empty visits."""
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


def test_a_pasted_address_logs_in(demo, tmp_path):
    """With --no-browser the redirected address is pasted, and nothing listens."""
    login = Login(tmp_path, config(demo.url), "--no-browser").wait_for_address()
    login.type(Person().decide(login.address))
    status, said, errors = login.end()
    assert status == 0, errors
    assert "is logged in" in said


def test_a_redirect_uri_elsewhere_is_pasted(api, tmp_path):
    """A redirect URI that is not on loopback means pasting, by itself."""
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
def test_a_wrong_address_is_said(demo, tmp_path, pasted):
    """Pasting something that is not the redirected address has a sentence of its own."""
    login = Login(tmp_path, config(demo.url), "--no-browser").wait_for_address()
    login.type(pasted)
    status, _, errors = login.end()
    assert status == 1
    assert "does not begin with the redirect URI" in errors


def test_a_code_the_provider_refuses_is_one_line(demo, tmp_path):
    """A code that the token endpoint refuses ends the login in one line without a secret."""
    login = Login(tmp_path, config(demo.url, client_secret="wrong-secret-of-the-test"))
    login.wait_for_address()
    Person().visit(Person().decide(login.address))
    status, said, errors = login.end()
    assert status == 1
    assert "invalid_client" in errors
    assert len(errors.strip().splitlines()) == 1
    assert "wrong-secret-of-the-test" not in said + errors


def test_a_grant_without_a_person_says_that_it_works(demo, tmp_path):
    """Logging in with client_credentials gets and stores a token, with nobody asked."""
    status, said, errors = Login(tmp_path, config(demo.url, grant_type="client_credentials")).end()
    assert status == 0, errors
    assert "is logged in" in said


def test_a_device_login_waits_for_the_person(api, tmp_path):
    """A device login shows code and address, waits while it is pending, slows down when told."""
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


def test_a_provider_cannot_steer_the_terminal(api, tmp_path):
    """What a provider says to a person is shown without what would steer the terminal."""
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
def test_a_device_login_that_fails_is_said(api, tmp_path, error, said):
    """Denial and expiry of a device code have sentences of their own."""
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


def test_the_port_is_free_again_after_a_login(demo, tmp_path):
    """Nothing listens any more once the login has ended."""
    settings = config(demo.url)
    login = Login(tmp_path, settings, "--timeout", "0.2")
    login.end()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", urlsplit(settings["redirect_uri"]).port))
    assert free_port()
