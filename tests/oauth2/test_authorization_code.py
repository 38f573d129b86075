"""The authorization code login: what is asked, which redirects are refused, what is sent for it."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tap_oauth2_generic.errors import AuthorizationError, TokenRequestError
from tap_oauth2_generic.runtime.redaction import redact
from tests.support.login_ui import RecordingUI
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
CALLBACK = "http://127.0.0.1:8400/callback"
CLIENT = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
STANDARD = {"response_type": "code", "client_id": CLIENT["client_id"], "redirect_uri": CALLBACK}
EXCHANGE = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, **CLIENT}


@pytest.fixture
def log_in(api, clock):
    """Log in with a UI; the provider's addresses are those of ``api``."""

    def token(ui, **settings):
        login = {"grant_type": "authorization_code", "authorize_url": f"{api.url}/authorize"}
        return ui.log_in(api.config(STREAM, **{**login, **settings}), clock)

    return token


def challenge_of(verifier):
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")


def test_login_asks_with_a_challenge_and_redeems_the_code_with_its_verifier(api, log_in):
    """Nothing else is sent; state and verifier are random, and masked like the code."""
    ui = RecordingUI(code="code-1")
    token = log_in(ui, scopes="a b")
    assert (token.access_token, ui.redirect_uri) == ("token-of-the-test", CALLBACK)
    assert ui.address.startswith(f"{api.url}/authorize?")
    asked, form = ui.asked, api.requests("/token")[0].form
    state, verifier = asked.pop("state"), form.pop("code_verifier")
    challenge = {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    assert asked == {**STANDARD, "scope": "a b", **challenge}
    assert form == {**EXCHANGE, "code": "code-1"}
    assert (len(base64.urlsafe_b64decode(f"{state}=")), len(verifier)) == (32, 64)
    assert redact(f"{state} {verifier} code-1") == "*** *** ***"


def test_login_without_pkce_has_no_challenge(api, log_in):
    ui = RecordingUI(code="code-1")
    log_in(ui, pkce=False)
    asked = ui.asked
    assert len(asked.pop("state")) == 43
    assert asked == STANDARD
    assert api.requests("/token")[0].form == {**EXCHANGE, "code": "code-1"}


def test_authorize_params_add_override_or_remove(api, log_in):
    """Their placeholders are filled; the state, by which the login knows its redirect, stays."""
    ui = RecordingUI(code="code-1")
    own = {"response_type": "code id_token", "client_id": None, "code_challenge": None}
    extra = {"nonce": "{uuid}", "max_age": 60, "prompt": "login", "url": "u", "hint": ""}
    params = {**own, **extra, "code_challenge_method": None, "state": "s"}
    login = log_in(ui, authorize_url=f"{api.url}/a?prompt=none", authorize_params=params)
    asked = ui.asked
    assert (len(asked.pop("nonce")), len(asked.pop("state"))) == (36, 43)
    given = {"max_age": "60", "prompt": "login", "url": "u", "hint": ""}
    assert asked == {"response_type": "code id_token", "redirect_uri": CALLBACK, **given}
    assert login.access_token == "token-of-the-test"


@pytest.mark.parametrize(("given", "sent"), [("mine", "mine"), (None, None)])
def test_authorize_params_may_replace_the_scopes(log_in, given, sent):
    log_in(ui := RecordingUI(code="code-1"), scopes="a b", authorize_params={"scope": given})
    assert ui.asked.get("scope") == sent


@pytest.mark.parametrize("names", [{}, {"client_id": "app", "scope": "permissions"}])
def test_address_keeps_its_own_parameters(api, log_in, names):
    """They are sent with the others, whether those are renamed or not, even empty ones."""
    ui = RecordingUI(code="code-1")
    address = f"{api.url}/allow?tenant=a%26b&empty="
    log_in(ui, authorize_url=address, pkce=False, scopes="x y", authorize_param_names=names)
    expected = {**STANDARD, "scope": "x y", "tenant": "a&b", "empty": ""}
    del (asked := ui.asked)["state"]
    assert ui.address.startswith(f"{api.url}/allow?")
    assert asked == {names.get(name, name): value for name, value in expected.items()}


def test_login_page_on_https_stays_there(log_in):
    ui = RecordingUI(code="code-1")
    log_in(ui, authorize_url="https://login.example.com/authorize")
    assert ui.address.startswith("https://login.example.com/authorize?")


@pytest.mark.parametrize("name", ["code", "auth_code"])
def test_further_parameters_of_the_redirect_are_kept(api, log_in, name):
    """All but the code, the state and the issuer are fields of the token."""
    ui = RecordingUI(**{name: "code-1", "iss": api.url, "realmId": "12", "empty": ""})
    token = log_in(ui, code_param=name)
    assert token.redirect == {"realmId": "12", "empty": ""}
    assert api.requests("/token")[0].form["code"] == "code-1"


LONG = "x " * 200


@pytest.mark.parametrize(
    ("redirect", "said"),
    [
        ({"code": "c-1", "state": "another"}, "the state of another login"),
        ({"code": "c-1", "state": "XXXX"}, "the state of another login"),
        ({"code": "c-1", "iss": "https://evil.example"}, "came from another provider (iss 'https:"),
        ({"error": "access_denied", "error_description": "no"}, "the user did not consent"),
        ({"error": "server_error"}, "rejected the login (server_error)"),
        ({"error": "x", "error_description": "on fire"}, "rejected the login (x: on fire)"),
        ({"error": "x", "code": "c-1"}, "rejected the login (x)"),
        ({"error": LONG}, f"rejected the login ({LONG[:200]})"),
        ({"error": "x", "error_description": "a1b2c3d4e5f6g7h8"}, "rejected the login (x: ***)"),
        ({"error": "x", "error_description": CLIENT["client_secret"]}, "the login (x: ***)"),
        ({"error": ""}, "neither a parameter code nor an error"),
        ({"code": ""}, "neither a parameter code nor an error"),
        ({"auth_code": "c-1"}, "neither a parameter code nor an error"),
    ],
)
def test_refused_redirect_is_one_sentence(api, log_in, redirect, said):
    """Its code is not sent; what the provider says is masked, then cut."""
    with pytest.raises(AuthorizationError) as caught:
        log_in(RecordingUI(**redirect))
    assert said in str(caught.value)
    assert not api.requests("/token")


def test_redirect_without_a_state_is_refused(api, log_in):
    class Forged(RecordingUI):
        def wait_for_redirect(self, url, redirect_uri):  # noqa: ARG002
            return {"code": "c-1"}

    with pytest.raises(AuthorizationError, match="the state of another login"):
        log_in(Forged())
    assert not api.requests("/token")


def test_code_is_redeemed_once(api, log_in):
    """A temporary failure is not retried: the code may have been used up."""
    api.token = lambda _: Reply({}, 503)
    with pytest.raises(TokenRequestError, match="authorization_code request with status 503"):
        log_in(RecordingUI(code="code-1"), max_retries=3)
    assert len(api.requests("/token")) == 1


def test_login_logs_none_of_its_secrets(api, log_in, caplog):
    """Neither do the libraries that it uses, even at DEBUG."""
    caplog.set_level("DEBUG")
    log_in(ui := RecordingUI(code="code-1"))
    verifier = api.requests("/token")[0].form["code_verifier"]
    secrets = (verifier, "code-1", ui.asked["state"], CLIENT["client_secret"])
    assert not [one for one in secrets if one in caplog.text]
