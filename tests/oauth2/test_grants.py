"""Each grant's token request, and how its token is renewed, seen from the server."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.oauth2.grants import grants
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
CLIENT = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
USER = {"username": "ann@example.com", "password": "pass wörd+&=%"}
UNSET = {"client_id": None, "client_secret": None, "access_token_url": None}


def accepting(*tokens):
    """Accept API requests with one of these tokens only."""
    accepted = {f"Bearer {token}" for token in tokens}

    def reply(seen):
        return [{"id": 1}] if seen.headers.get("Authorization") in accepted else Reply({}, 401)

    return reply


def issuing(*replies):
    """Return these token responses in order."""
    waiting = list(replies)
    return lambda _: waiting.pop(0)


def test_grants_are_found_by_name_and_alias():
    """refresh_token is an alias of authorization_code."""
    found = grants()
    assert found.keys() >= {"authorization_code", "client_credentials", "password"}
    assert found["refresh_token"] is found["authorization_code"]


def test_client_credentials_sends_the_grant_type_only(api, tap):
    """The client_credentials grant has no parameters of its own."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config(STREAM))
    (request,) = api.requests("/token")
    assert request.form == {"grant_type": "client_credentials", **CLIENT}


def test_client_credentials_never_refreshes(api, tap):
    """A refresh token is left unused: requesting a new token is as cheap."""
    first = {"access_token": "first-token", "refresh_token": "unused"}
    api.token = issuing(first, {"access_token": "second-token"})
    api.routes["/items"] = accepting("second-token")
    tap.ok(api.config(STREAM))
    forms = [request.form for request in api.requests("/token")]
    assert forms == [{"grant_type": "client_credentials", **CLIENT}] * 2


def test_password_sends_user_name_and_password_exactly(api, tap):
    """The password grant sends both, whatever characters they contain."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config(STREAM, grant_type="password", **USER))
    (request,) = api.requests("/token")
    assert request.form == {"grant_type": "password", **USER, **CLIENT}


def test_password_token_is_refreshed(api, tap):
    """A refresh token renews a password token; the password is sent once."""
    api.token = issuing(
        {"access_token": "first-token", "refresh_token": "refresh-1"},
        {"access_token": "second-token"},
    )
    api.routes["/items"] = accepting("second-token")
    tap.ok(api.config(STREAM, grant_type="password", **USER))
    assert [request.form["grant_type"] for request in api.requests("/token")] == [
        "password",
        "refresh_token",
    ]


def test_password_is_sent_again_if_the_refresh_token_is_rejected(api, tap):
    """An invalid_grant falls back to the password, which needs no person."""
    api.token = issuing(
        {"access_token": "first-token", "refresh_token": "refresh-1"},
        Reply({"error": "invalid_grant"}, 400),
        {"access_token": "second-token"},
    )
    api.routes["/items"] = accepting("second-token")
    tap.ok(api.config(STREAM, grant_type="password", **USER))
    assert [request.form["grant_type"] for request in api.requests("/token")] == [
        "password",
        "refresh_token",
        "password",
    ]


@pytest.mark.parametrize("word", ["refresh_token", "authorization_code"])
def test_configured_refresh_token_replaces_the_login(api, tap, word):
    """It is exchanged at once, under either grant_type."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config(STREAM, grant_type=word, refresh_token="seed"))
    (request,) = api.requests("/token")
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "seed", **CLIENT}


def test_refresh_uses_refresh_token_url(api, tap):
    """refresh_token_url receives refreshes instead of access_token_url."""
    api.serve("/items", [{"id": 1}])
    api.serve("/renew", {"access_token": "renewed"})
    settings = {"refresh_token": "seed", "refresh_token_url": f"{api.url}/renew"}
    tap.ok(api.config(STREAM, grant_type="refresh_token", **settings))
    assert len(api.requests("/renew")) == 1
    assert not api.requests("/token")


@pytest.mark.parametrize(
    "refusal",
    [
        Reply({"error": "invalid_grant"}, 400),
        Reply({"ok": False, "error": "invalid_refresh_token"}),
        Reply({"message": "No", "errors": [{"field": "refresh_token", "code": "invalid"}]}, 400),
        Reply({"error": "bad_refresh_token"}),
        Reply({"status": "BAD_REFRESH_TOKEN", "message": "invalid refresh token"}, 400),
    ],
    ids=["standard", "status 200", "field", "other word", "in status"],
)
def test_rejected_seed_is_one_error_with_advice(api, tap, refusal):
    """However it is worded, it ends the run with one line that names refresh_token."""
    api.token = issuing(refusal)
    run = tap(api.config(STREAM, grant_type="refresh_token", refresh_token="old-seed"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "set refresh_token" in line
    assert len(api.requests("/token")) == 1


def test_missing_token_is_one_error_before_any_request(api, tap):
    """Without seed and stored token nothing is sent."""
    run = tap(api.config(STREAM, grant_type="authorization_code"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "has no token" in line
    assert not api.seen


def lasting(api, token):
    config = api.config(STREAM, grant_type="refresh_token", access_token=token)
    return {name: value for name, value in config.items() if name not in UNSET}


def test_permanent_access_token_needs_no_token_endpoint(api, tap):
    """With access_token alone no token endpoint is needed."""
    api.routes["/items"] = accepting("lasting-token")
    tap.ok(lasting(api, "lasting-token"))
    assert not api.requests("/token")


def test_rejected_permanent_access_token_is_one_error_with_advice(api, tap):
    """The run ends with one line after one request."""
    api.routes["/items"] = accepting("another-token")
    run = tap(lasting(api, "lasting-token"))
    assert run.status == 1
    (line,) = run.error_lines
    assert "set a new access_token" in line
    assert len(api.seen) == 1


def test_decimal_in_a_json_token_request_stays_a_number(api, tap):
    """A decimal of token_params is sent as a JSON number."""
    api.serve("/items", [{"id": 1}])
    settings = {"token_request_format": "json", "token_params": {"version": 1.5}}
    tap.ok(api.config(STREAM, **settings))
    assert api.requests("/token")[0].json["version"] == 1.5
