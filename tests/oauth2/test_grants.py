"""Each grant's token request and what follows when its token ends, seen from the server's side."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.oauth2 import grants
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
CLIENT = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
USER = {"username": "ann@example.com", "password": "pass wörd+&=%"}
UNSET = {"client_id": None, "client_secret": None, "access_token_url": None}


def accepting(*tokens):
    """Answer the API only where one of these tokens comes."""
    accepted = {f"Bearer {token}" for token in tokens}

    def answer(seen):
        return [{"id": 1}] if seen.headers.get("Authorization") in accepted else Reply({}, 401)

    return answer


def issuing(*answers):
    """Give these token responses one after the other."""
    waiting = list(answers)
    return lambda _: waiting.pop(0)


def test_every_grant_in_scope_has_its_word():
    """The grants are found by their words; refresh_token is another word for a seeded one."""
    found = grants()
    assert found.keys() >= {"authorization_code", "client_credentials", "password"}
    assert found["refresh_token"] is found["authorization_code"]


def test_client_credentials_asks_with_the_grant_type_alone(api, tap):
    """The client_credentials grant has no parameters of its own."""
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM)).status == 0
    (request,) = api.requests("/token")
    assert request.form == {"grant_type": "client_credentials", **CLIENT}


def test_client_credentials_never_refreshes(api, tap):
    """A refresh token beside a client-credentials token is left unused: a new one is as cheap."""
    first = {"access_token": "first-token", "refresh_token": "unused"}
    api.token = issuing(first, {"access_token": "second-token"})
    api.routes["/items"] = accepting("second-token")
    assert tap(api.config(STREAM)).status == 0
    forms = [request.form for request in api.requests("/token")]
    assert forms == [{"grant_type": "client_credentials", **CLIENT}] * 2


def test_password_sends_the_users_name_and_password_exactly(api, tap):
    """The password grant sends both, whatever characters they hold."""
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM, grant_type="password", **USER)).status == 0
    (request,) = api.requests("/token")
    assert request.form == {"grant_type": "password", **USER, **CLIENT}


def test_password_refreshes_while_the_provider_lets_it(api, tap):
    """A password token is renewed by its refresh token, the password being sent once."""
    api.token = issuing(
        {"access_token": "first-token", "refresh_token": "refresh-1"},
        {"access_token": "second-token"},
    )
    api.routes["/items"] = accepting("second-token")
    assert tap(api.config(STREAM, grant_type="password", **USER)).status == 0
    assert [request.form["grant_type"] for request in api.requests("/token")] == [
        "password",
        "refresh_token",
    ]


def test_password_asks_anew_where_the_refresh_token_is_spent(api, tap):
    """An invalid_grant for a refresh falls back to the password, which needs no person."""
    api.token = issuing(
        {"access_token": "first-token", "refresh_token": "refresh-1"},
        Reply({"error": "invalid_grant"}, 400),
        {"access_token": "second-token"},
    )
    api.routes["/items"] = accepting("second-token")
    run = tap(api.config(STREAM, grant_type="password", **USER))
    assert run.status == 0, run.errors
    assert [request.form["grant_type"] for request in api.requests("/token")] == [
        "password",
        "refresh_token",
        "password",
    ]


@pytest.mark.parametrize("word", ["refresh_token", "authorization_code"])
def test_a_seeded_refresh_token_stands_for_the_login(api, tap, word):
    """A refresh token in the configuration is exchanged at once, under either word."""
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM, grant_type=word, refresh_token="seed")).status == 0
    (request,) = api.requests("/token")
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "seed", **CLIENT}


def test_a_refresh_goes_to_its_own_address_where_there_is_one(api, tap):
    """refresh_token_url is asked for refreshes in the place of access_token_url."""
    api.serve("/items", [{"id": 1}])
    api.serve("/renew", {"access_token": "renewed"})
    settings = {"refresh_token": "seed", "refresh_token_url": f"{api.url}/renew"}
    assert tap(api.config(STREAM, grant_type="refresh_token", **settings)).status == 0
    assert len(api.requests("/renew")) == 1
    assert not api.requests("/token")


def test_a_spent_seed_says_what_to_do(api, tap):
    """An invalid_grant for the seed ends the run with one line that asks for a new one."""
    api.token = issuing(Reply({"error": "invalid_grant"}, 400))
    run = tap(api.config(STREAM, grant_type="refresh_token", refresh_token="spent-seed"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "set refresh_token" in line
    assert len(api.requests("/token")) == 1


def test_no_token_at_all_says_what_to_do_before_any_request(api, tap):
    """Without seed and stored token nothing is sent, and one line says what is missing."""
    run = tap(api.config(STREAM, grant_type="authorization_code"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "has no token" in line
    assert not api.seen


def lasting(api, token):
    config = api.config(STREAM, grant_type="refresh_token", access_token=token)
    return {name: value for name, value in config.items() if name not in UNSET}


def test_a_lasting_access_token_needs_nothing_else(api, tap):
    """With an access_token alone the API is asked with it, and no token endpoint is needed."""
    api.routes["/items"] = accepting("lasting-token")
    run = tap(lasting(api, "lasting-token"))
    assert run.status == 0, run.errors
    assert not api.requests("/token")


def test_a_refused_lasting_access_token_says_what_to_do(api, tap):
    """A lasting token that the API refuses ends the run with one line, after one request."""
    api.routes["/items"] = accepting("another-token")
    run = tap(lasting(api, "lasting-token"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "set a new access_token" in line
    assert len(api.seen) == 1


def test_a_decimal_in_a_json_token_request_stays_a_number(api, tap):
    """With token_request_format json a decimal of token_params is sent as the number it is."""
    api.serve("/items", [{"id": 1}])
    settings = {"token_request_format": "json", "token_params": {"version": 1.5}}
    assert tap(api.config(STREAM, **settings)).status == 0
    assert api.requests("/token")[0].json["version"] == 1.5
