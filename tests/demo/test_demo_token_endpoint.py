"""The demo's token endpoint (RFC 6749)."""

from __future__ import annotations

import base64
import json

import pytest

from tests.support.demo_client import PUBLIC, REDIRECT, SECRET, USER, Browser, refused


def test_client_credentials_return_a_working_token(client):
    """It lasts 3600 s, has no refresh token and must not be cached."""
    response = client.token("client_credentials")
    body = response.json()
    assert response.headers["Cache-Control"] == "no-store"
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read")
    assert "refresh_token" not in body
    assert client.works(body["access_token"])


def test_basic_credentials_are_url_decoded(client):
    """RFC 6749 section 2.3.1."""
    assert client.token("client_credentials", auth=("demo%2Dclient", "demo%2dsecret")).ok


@pytest.mark.parametrize(
    ("auth", "form"),
    [
        (None, {"client_id": "demo-client", "client_secret": "wrong"}),
        (None, {"client_id": "demo-client"}),
        (None, {"client_id": "nobody", "client_secret": "demo-secret"}),
        (None, {}),
        (("demo-client", "wrong"), {}),
        (("demo-client", ""), {}),
    ],
)
def test_unauthenticated_client_is_rejected(client, auth, form):
    """An unknown client or a wrong secret is invalid_client, a 401 with a challenge."""
    response = client.token("client_credentials", auth=auth, client=form)
    assert refused(response, "invalid_client", 401)
    assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Basic bm9jb2xvbg==", "Bearer x"])
def test_malformed_authorization_header_is_rejected(client, header):
    response = client.http.post(
        f"{client.url}/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": header},
        timeout=5,
    )
    assert refused(response, "invalid_client", 401)


def test_two_client_authentications_are_rejected(client):
    auth = ("demo-client", "demo-secret")
    response = client.token("client_credentials", auth=auth, client_secret="demo-secret")
    assert refused(response, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "read everything"}, "invalid_scope"),
        ({"grant_type": "password", "username": "demo"}, "invalid_request"),
        ({"grant_type": "password", "username": "demo", "password": "x"}, "invalid_grant"),
        ({"grant_type": "password", "username": "Demo", "password": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": ["password", "password"]}, "invalid_request"),
    ],
)
def test_wrong_token_request_gets_its_rfc_error(client, form, error):
    """RFC 6749 section 5.2."""
    data = {**SECRET, **form}
    assert refused(client.http.post(f"{client.url}/oauth/token", data=data, timeout=5), error)


def test_token_request_must_be_a_valid_form(client):
    url = f"{client.url}/oauth/token"
    body = {"grant_type": "client_credentials", **SECRET}
    assert refused(client.http.post(url, json=body, timeout=5), "invalid_request")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = client.http.post(url, data=b"grant_type=%ff", headers=form, timeout=5)
    assert refused(response, "invalid_request")


def test_empty_parameter_counts_as_omitted(client):
    """RFC 6749 section 3.2."""
    assert client.token("client_credentials", scope="", client_assertion="").ok


def test_password_grant_returns_access_and_refresh_token(client):
    body = client.token("password", **USER, scope="write read").json()
    assert body["scope"] == "write read"
    assert client.works(body["access_token"])
    assert body["refresh_token"]


def test_refresh_rotates_the_refresh_token(client):
    """The scope stays the same."""
    first = client.token("password", **USER).json()
    second = client.token("refresh_token", refresh_token=first["refresh_token"]).json()
    third = client.token("refresh_token", refresh_token=second["refresh_token"]).json()
    assert len({body["refresh_token"] for body in (first, second, third)}) == 3
    assert len({body["access_token"] for body in (first, second, third)}) == 3
    assert third["scope"] == first["scope"]
    assert client.works(third["access_token"])


def test_reused_refresh_token_revokes_all_tokens_of_its_consent(client):
    other = client.token("password", **USER).json()
    first = client.token("password", **USER).json()
    second = client.token("refresh_token", refresh_token=first["refresh_token"]).json()
    for spent in (first, second):
        response = client.token("refresh_token", refresh_token=spent["refresh_token"])
        assert refused(response, "invalid_grant")
    assert not client.works(first["access_token"])
    assert not client.works(second["access_token"])
    assert client.works(other["access_token"])


def test_refresh_may_narrow_but_not_widen_the_scope(client):
    """A rejected refresh does not spend the token."""
    first = client.token("password", **USER, scope="read").json()["refresh_token"]
    wider = client.token("refresh_token", refresh_token=first, scope="read write")
    assert refused(wider, "invalid_scope")
    assert client.token("refresh_token", refresh_token=first, scope="read").ok


def test_refresh_token_of_another_client_is_rejected_and_not_spent(client):
    token = client.token("password", **USER).json()["refresh_token"]
    stolen = client.token("refresh_token", client=PUBLIC, refresh_token=token)
    assert refused(stolen, "invalid_grant")
    assert client.token("refresh_token", refresh_token=token).ok


def test_tokens_and_codes_expire(own_client, clock):
    """Access tokens after their lifetime, codes after five minutes; refreshes go on."""
    browser = Browser(own_client.url)
    with browser.http:
        late, in_time = browser.code(), browser.code()
    body = own_client.token("password", **USER).json()
    assert body["expires_in"] == 100
    clock.now += 99.9
    assert own_client.works(body["access_token"])
    clock.now += 0.1
    assert not own_client.works(body["access_token"])
    renewed = own_client.token("refresh_token", refresh_token=body["refresh_token"]).json()
    assert own_client.works(renewed["access_token"])
    clock.now += 199
    assert own_client.token("authorization_code", code=in_time, redirect_uri=REDIRECT).ok
    clock.now += 1
    response = own_client.token("authorization_code", code=late, redirect_uri=REDIRECT)
    assert refused(response, "invalid_grant")


def test_error_repeats_no_input(client):
    basic = base64.b64encode(b"leak-1:leak-2").decode()
    for form in (
        {"grant_type": "leak-3", **SECRET},
        {"grant_type": "refresh_token", "refresh_token": "leak-4", **SECRET},
        {"grant_type": "password", "username": "leak-5", "password": "leak-6", **SECRET},
        {"grant_type": "client_credentials", "scope": "leak-7", **SECRET},
    ):
        for headers in ({}, {"Authorization": f"Basic {basic}"}):
            response = client.http.post(
                f"{client.url}/oauth/token", data=form, headers=headers, timeout=5
            )
            assert not response.ok
            assert "leak" not in json.dumps(response.json()) + str(response.headers)
